import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { endCallers, FOR_EVER, gone, refusedStart, serversIn, startCaller } from '../e2e/callers.ts';
import { createScratch, takePort } from '../e2e/process.ts';

afterEach(endCallers);

describe('a server that a program has started', () => {
  it.each([
    ['has nothing left to do', '', 0],
    ['throws', "throw new Error('as it happens');", 1],
    ['exits', 'process.exit(3);', 3],
    ['stops it, twice', 'await csms.stop(); await csms.stop();', 0],
    ['disposes of it', 'await csms[Symbol.asyncDispose]();', 0],
  ])('is gone without a trace when the program %s', async (_, lines, code) => {
    const scratch = createScratch();
    const caller = startCaller(scratch, lines);
    await caller.printed('started');
    expect(await caller.ended).toBe(code);
    await gone(scratch);
  });

  it.each(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const)('and when it gets %s', async (signal) => {
    const scratch = createScratch();
    const caller = startCaller(scratch, FOR_EVER);
    await caller.printed('started');
    expect(serversIn(scratch)).toHaveLength(1);
    caller.child.kill(signal);
    await gone(scratch);
  });

  it('and when it is killed at any moment of the start', async () => {
    const scratch = createScratch();
    for (let delayMs = 60; delayMs <= 600; delayMs += 60) {
      const { child, ended } = startCaller(scratch, FOR_EVER);
      await new Promise((resume) => setTimeout(resume, delayMs));
      child.kill('SIGKILL');
      await ended;
    }
    await gone(scratch);
  });

  it('outlives a Ctrl-C that the program survives', async () => {
    const scratch = createScratch();
    const { child, printed } = startCaller(
      scratch,
      `process.on('SIGINT', async () => console.log('still', (await csms.clock.now())));
      process.kill(-process.pid, 'SIGINT');
      ${FOR_EVER}`,
    );
    await printed('still 2');
    child.kill('SIGKILL');
    await gone(scratch);
  });

  it('leaves no file when it is killed itself', async () => {
    const scratch = createScratch();
    const caller = startCaller(scratch, FOR_EVER);
    await caller.printed('started');
    const [server = 0] = serversIn(scratch);
    process.kill(server, 'SIGKILL');
    await gone(scratch);
    caller.child.kill('SIGKILL');
  });

  it('waits for no program that does not read what it writes', async () => {
    const scratch = createScratch();
    // Ten requests, each of them with a line of the log, from another process, while this one only waits.
    const inner = `for (let n = 0; n < 10; n++) await fetch(process.argv[1] + '/healthz');`;
    const caller = startCaller(
      scratch,
      `const { execFileSync } = await import('node:child_process');
      execFileSync(process.execPath, ['--input-type=module', '-e', "${inner}", csms.endpoint]);
      await csms.stop();`,
      "{ env: { CSMS_LOG_LEVEL: 'trace' } }",
    );
    expect([await caller.ended, caller.output()]).toEqual([0, 'started\n']);
    await gone(scratch);
  });
});

describe('a start that the server refuses', () => {
  it('rejects with the line that the server prints: of a wrong setting', async () => {
    const { message, exitCode } = await refusedStart(createScratch(), { env: { CSMS_LIMITS: 'nonsense' } });
    expect(exitCode).toBe(78);
    expect(message).toMatch(/^csms-server: [^\n]*CSMS_LIMITS[^\n]*$/);
  });

  it('of a port that is in use', async () => {
    const { port, release } = await takePort();
    const { message, exitCode } = await refusedStart(createScratch(), { port });
    release();
    expect(exitCode).toBe(69);
    expect(message).toContain(`port ${port} of 127.0.0.1 is in use`);
  });

  it('of a wrong seed, with the place in its file', async () => {
    const seed = join(createScratch(), 'seed.yaml');
    writeFileSync(seed, 'csms: 1\nsecrets:\n  - { name: one }\n');
    const { message, exitCode } = await refusedStart(createScratch(), { seed });
    expect(exitCode).toBe(78);
    expect(message).toMatch(/^csms-server: [^\n]*seed\.yaml:3: secrets\[0\][^\n]*$/);
  });

  it('of a wrong seed that is an object', async () => {
    const { message, exitCode } = await refusedStart(createScratch(), { seed: { csms: 1, secretz: [] } });
    expect(exitCode).toBe(78);
    expect(message).toMatch(/seed\.yaml:3: secretz/);
  });
});
