import { expect, it, vi } from 'vitest';
import { TIMEOUT_MS } from '../../src/http/wire/limits.ts';
import { devAccount } from '../e2e/client.ts';
import { createScratch, MAIN, startServer } from '../e2e/process.ts';
import { createLongSecrets, longRead } from './long-answers.ts';
import { ask, holdConnections, otherAddresses } from './peers.ts';

/** Two more than the server keeps for all else. */
const DESCRIPTORS = 130;
const PROGRAM = ['sh', '-c', `ulimit -n ${DESCRIPTORS} && exec "$0" "$@"`, process.execPath, MAIN];

it('where every place is in use, health alone is asked, until one of them is given up', async () => {
  const directory = createScratch();
  const earlier = await startServer(['dev'], { CSMS_DATA: directory });
  await createLongSecrets(devAccount(directory, earlier.baseUrl));
  await earlier.stop();
  const { baseUrl } = await startServer(['dev'], { CSMS_DATA: directory }, PROGRAM);
  const text = longRead(devAccount(directory, baseUrl), 'keep-alive').repeat(40);
  const sockets = await holdConnections(baseUrl, { count: 2, from: otherAddresses(2), text, reads: true });
  await vi.waitFor(() => expect(sockets.filter(({ bytesRead }) => bytesRead > 0)).toHaveLength(2), 10_000);
  // From now on nobody reads: all have a whole request, and none can make room.
  for (const socket of sockets) socket.pause();
  expect(await ask(baseUrl, '/v3/projects')).toBe(503);
  expect(await ask(baseUrl)).toBe(200);
  expect(await ask(baseUrl, '/readyz')).toBe(200);
  expect(await answersOf(baseUrl, '/v3/projects', 401)).toBe(401);
});

/** Asks until the answer has this status, for well below the time of idle connections; the last one seen. */
async function answersOf(baseUrl: string, path: string, status: number): Promise<number> {
  const endMs = performance.now() + 2 * TIMEOUT_MS.unread + 15_000;
  let seen = 0;
  while (seen !== status && performance.now() < endMs) seen = await ask(baseUrl, path);
  return seen;
}
