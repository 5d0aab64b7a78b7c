import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { signRequest } from '../../src/auth/signatures/signer.ts';
import { fillTags } from './full-project.ts';
import { residentMib } from './peers.ts';
import { ACCOUNT, PROJECT, shareProbed, writeOneUser } from './probed-server.ts';

/** Their tags make a list that is longer than all unread answers together may be. */
const SECRETS = 3_000;
const LIST_BYTES_MIN = 41_943_040;
/** What the process takes beside: a heap that has grown by what is collected late. */
const OVERHEAD_MIB = 90;

let tags: number;
const server = shareProbed((directory) => {
  tags = fillTags(directory, PROJECT, SECRETS);
  writeOneUser(directory);
  return { CSMS_LOG_LEVEL: 'error' };
});

/** The beginning of an answer, of which no more is read yet than the kernel takes by itself. */
async function begin(path: string): Promise<IncomingMessage> {
  const url = `${server.baseUrl}/v1/${PROJECT}${path}`;
  const headers = signRequest({ method: 'GET', url, headers: {}, ...ACCOUNT, nowMs: Date.now() });
  const request = get(url, { headers, agent: false });
  request.on('error', () => undefined);
  const [message] = (await once(request, 'response')) as [IncomingMessage];
  message.on('error', () => undefined);
  return message;
}

/** Its length and the text at both ends, with every value counted. */
async function readTags(message: IncomingMessage) {
  let text = '';
  for await (const chunk of message.setEncoding('utf8')) text += chunk;
  const lists: { key: string; values: string[] }[] = JSON.parse(text).tags;
  const values = lists.flatMap(({ values: all }) => all);
  return { bytes: Buffer.byteLength(text), keys: lists.length, values: new Set(values).size };
}

it('a list of tags that is longer than all unread answers may be is read whole, and kept in parts', async () => {
  await readTags(await begin('/csms/tags'));
  const before = residentMib(server.child.pid);
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, residentMib(server.child.pid));
  }, 50);
  const message = await begin('/csms/tags');
  expect([message.statusCode, message.headers['transfer-encoding']]).toEqual([200, 'chunked']);
  const { bytes, keys, values } = await readTags(message);
  clearInterval(watch);
  expect(bytes).toBeGreaterThan(LIST_BYTES_MIN);
  expect([keys, values]).toEqual([20, tags]);
  expect(peak - before).toBeLessThan(OVERHEAD_MIB);
}, 120_000);

it('lists that nobody reads take their part of memory, and keep nobody waiting but more of their kind', async () => {
  const before = residentMib(server.child.pid);
  const unread: IncomingMessage[] = [];
  for (let count = 0; count < 3; count += 1) {
    const message = await begin('/csms/tags');
    expect(message.statusCode).toBe(200);
    message.pause();
    unread.push(message);
  }
  const [refused, page] = await Promise.all([begin('/csms/tags'), begin('/secrets?limit=1')]);
  expect([refused.statusCode, page.statusCode]).toEqual([503, 200]);
  expect(residentMib(server.child.pid) - before).toBeLessThan(64 + OVERHEAD_MIB);
  for (const message of unread) message.destroy();
  await sleep(1_500);
  expect((await readTags(await begin('/csms/tags'))).values).toBe(tags);
}, 120_000);

it('a search whose answer is that long is read whole', async () => {
  const url = `${server.baseUrl}/v1/${PROJECT}/csms/resource_instances/action`;
  for (const limit of [1_000, 10]) {
    const body = JSON.stringify({ action: 'filter', limit });
    const headers = { 'content-type': 'application/json' };
    const signed = signRequest({ method: 'POST', url, headers, body, ...ACCOUNT, nowMs: Date.now() });
    const answer = await fetch(url, { method: 'POST', headers: signed, body });
    const { resources, total_count } = (await answer.json()) as { resources: object[]; total_count: number };
    expect([resources.length, total_count]).toEqual([limit, SECRETS]);
    expect(answer.headers.has('content-length')).toBe(limit === 10);
  }
});
