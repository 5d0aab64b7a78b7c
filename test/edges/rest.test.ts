import { expect, it } from 'vitest';
import { createScratch, LAUNCHER, startServer } from '../e2e/process.ts';
import { ask, residentMib, settle } from './peers.ts';

/** As `npm start` runs it: settings of the memory are part of that. */
const AS_INSTALLED = [process.execPath, '--max-semi-space-size=16', LAUNCHER];
/** What an idle server may take. */
const IDLE_MIB = 120;
/** Well below what a start leaves behind in the two threads, some 13 MiB. */
const GIVEN_BACK_MIB = 6;

it('a server at rest gives back what its start has left behind, and takes less than 120 MiB', async () => {
  const variables = { CSMS_DATA: createScratch() };
  // The first start compiles the program, and keeps what it has compiled.
  const first = await startServer(['dev'], variables, AS_INSTALLED);
  await first.stop();
  const { process: child, baseUrl } = await startServer(['dev'], variables, AS_INSTALLED);
  for (let count = 0; count < 10; count += 1) expect(await ask(baseUrl)).toBe(200);
  const before = residentMib(child.pid);
  const atRest = await settle(() => residentMib(child.pid), before - GIVEN_BACK_MIB, 60);
  expect(atRest).toBeLessThanOrEqual(before - GIVEN_BACK_MIB);
  expect(atRest).toBeLessThan(IDLE_MIB);
});
