import { isMainThread } from 'node:worker_threads';

// Preloaded into a server: its writer stands still for a moment whenever it counts, as it does now and then when the
// processors are busy. Between COMMIT and the count is where a read could go back.
const PAUSE_MS = 3;

if (!isMainThread) {
  const { add } = Atomics;
  const never = new Int32Array(new SharedArrayBuffer(4));
  Atomics.add = (counts, index, value) => {
    Atomics.wait(never, 0, 0, PAUSE_MS);
    return add(counts, index, value);
  };
}
