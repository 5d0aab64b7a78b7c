// Preloaded into a server under test: measures how much processor time its main thread spends in one turn of the event
// loop. Told over IPC to begin, and asked for the longest turn since then. Processor time and not the clock, since the
// machine has other work.
let measuring = false;
let longest = 0;
let turns = 0;
let last = 0;

function spent() {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

function look() {
  if (!measuring) return;
  const now = spent();
  longest = Math.max(longest, now - last);
  turns += 1;
  last = now;
  setImmediate(look);
}

process.on('message', (message) => {
  if (message === 'begin') {
    measuring = true;
    [longest, turns, last] = [0, 0, spent()];
    setImmediate(look);
  } else if (message === 'end') {
    measuring = false;
    process.send({ longestMs: longest / 1_000, turns });
  }
});
// The channel must not keep the server from ending.
process.channel?.unref();
