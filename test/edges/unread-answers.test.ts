import { beforeAll, expect, it } from 'vitest';
import { TIMEOUT_MS } from '../../src/http/wire/limits.ts';
import { createClient, devAccount } from '../e2e/client.ts';
import { shareDev } from '../e2e/process.ts';
import { createLongSecrets, LONG_NAMES, longRead } from './long-answers.ts';
import {
  ask,
  holdConnections,
  openConnections,
  otherAddresses,
  releaseAll,
  residentMib,
  settle,
} from './peers.ts';

const dev = shareDev();
/** What a process takes beside the answers: a hundred connections, what is being made, what is not yet collected. */
const OVERHEAD_MIB = 90;

const account = () => devAccount(dev.directory, dev.server.baseUrl);
const batchRead = (connection: 'close' | 'keep-alive') => longRead(account(), connection);

beforeAll(() => createLongSecrets(account()));

it('answers that nobody reads take at most 64 MiB, and their connections are gone soon', async () => {
  const { process: child, baseUrl } = dev.server;
  const client = createClient(account());
  const read = { secret_name_list: LONG_NAMES };
  const readAll = async () =>
    (await client('POST', '/v1/{project_id}/secrets/batch-get-secret-value', read)).status;
  for (let count = 0; count < 10; count += 1) expect(await readAll()).toBe(200);
  const beforeMib = residentMib(child.pid);

  // One request on most connections, and as many as fit into some kilobytes on the others.
  await holdConnections(baseUrl, { count: 100, from: otherAddresses(3), text: batchRead('close') });
  await holdConnections(baseUrl, {
    count: 6,
    from: otherAddresses(3),
    text: batchRead('keep-alive').repeat(60),
  });
  let peak = 0;
  const endMs = performance.now() + 6_000;
  while (performance.now() < endMs) {
    peak = Math.max(peak, residentMib(child.pid));
    expect(await ask(baseUrl)).toBe(200);
  }
  expect(peak - beforeMib).toBeLessThan(64 + OVERHEAD_MIB);

  const seconds = (5 * TIMEOUT_MS.unread) / 1_000;
  expect(await settle(() => openConnections(child.pid, baseUrl), 6, seconds)).toBeLessThanOrEqual(6);
  // What was sent ahead would have its owner wait for long.
  releaseAll();
  await settle(() => openConnections(child.pid, baseUrl), 0, 30);
  expect(await readAll()).toBe(200);
});

it('an answer that is not read is given up with its connection, though there is room for it', async () => {
  const { process: child, baseUrl } = dev.server;
  expect(await settle(() => openConnections(child.pid, baseUrl), 0, 30)).toBe(0);
  // More than the kernel keeps for one connection: what it has taken whole counts as read.
  await holdConnections(baseUrl, {
    count: 2,
    from: otherAddresses(1),
    text: batchRead('keep-alive').repeat(4),
  });
  expect(await settle(() => -openConnections(child.pid, baseUrl), -2, 10)).toBe(-2);
  // Well below the time for idle connections, which would end them too.
  const seconds = (2 * TIMEOUT_MS.unread) / 1_000 + 15;
  expect(await settle(() => openConnections(child.pid, baseUrl), 0, seconds)).toBe(0);
});

it('someone who reads slowly gets all of it', async () => {
  const [socket] = await holdConnections(dev.server.baseUrl, {
    count: 1,
    from: otherAddresses(1),
    text: batchRead('close'),
  });
  let bytes = 0;
  socket?.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    socket.pause();
    setTimeout(() => socket.resume(), 100);
  });
  socket?.resume();
  expect(await settle(() => -bytes, -6_553_600, 60)).toBeLessThanOrEqual(-6_553_600);
});
