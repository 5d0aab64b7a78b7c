import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { signRequest } from '../../src/auth/signatures/signer.ts';
import { fillTags } from './full-project.ts';
import { residentMib } from './peers.ts';

const PROJECT = 'a1'.repeat(16);
const ACCOUNT = { accessKeyId: 'AKLISTS00000000001', secretKey: 'CanarySecretKeyOfLists5a1c3e7d9b2f4a6c8e0' };
/** Their tags make a list that is longer than all unread answers together may be. */
const SECRETS = 3_000;
const LIST_BYTES_MIN = 41_943_040;
/** What the process takes beside: a heap that has grown by what is collected late. */
const OVERHEAD_MIB = 90;

const directory = mkdtempSync(join(tmpdir(), 'csms-lists-'));
let child: ChildProcess;
let baseUrl: string;
let tags: number;
beforeAll(async () => {
  tags = fillTags(directory, PROJECT, SECRETS);
  const user = {
    id: '2'.repeat(32),
    name: 'u',
    access_keys: [{ ak: ACCOUNT.accessKeyId, sk: ACCOUNT.secretKey }],
  };
  const domain = { id: '1'.repeat(32), name: 'd', projects: [{ id: PROJECT, name: 'p' }], users: [user] };
  writeFileSync(join(directory, 'identities.yaml'), stringify({ domains: [domain] }), { mode: 0o600 });
  child = spawn(process.execPath, ['--max-semi-space-size=16', 'src/main.ts', 'serve'], {
    env: {
      PATH: process.env.PATH ?? '',
      CSMS_PORT: '0',
      CSMS_DATA: join(directory, 'data'),
      CSMS_ROOT_KEY: `file:${join(directory, 'root.key')}`,
      CSMS_IDENTITIES: join(directory, 'identities.yaml'),
      CSMS_LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.once('exit', () => child.stdout!.destroy(new Error('the server has ended')));
  for (let text = ''; baseUrl === undefined; ) {
    const [chunk] = (await once(child.stdout!, 'data')) as [Buffer];
    text += chunk.toString();
    const listening = /listening on (\S+)\n/.exec(text)?.[1];
    if (listening !== undefined) baseUrl = listening;
  }
}, 300_000);
afterAll(async () => {
  if (child?.kill('SIGKILL')) await once(child, 'exit');
  rmSync(directory, { recursive: true, force: true });
});

/** The beginning of an answer, of which no more is read yet than the kernel takes by itself. */
async function begin(path: string): Promise<IncomingMessage> {
  const url = `${baseUrl}/v1/${PROJECT}${path}`;
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
  const before = residentMib(child.pid);
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, residentMib(child.pid));
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
  const before = residentMib(child.pid);
  const unread: IncomingMessage[] = [];
  for (let count = 0; count < 3; count += 1) {
    const message = await begin('/csms/tags');
    expect(message.statusCode).toBe(200);
    message.pause();
    unread.push(message);
  }
  const [refused, page] = await Promise.all([begin('/csms/tags'), begin('/secrets?limit=1')]);
  expect([refused.statusCode, page.statusCode]).toEqual([503, 200]);
  expect(residentMib(child.pid) - before).toBeLessThan(64 + OVERHEAD_MIB);
  for (const message of unread) message.destroy();
  await sleep(1_500);
  expect((await readTags(await begin('/csms/tags'))).values).toBe(tags);
}, 120_000);

it('a search whose answer is that long is read whole', async () => {
  const url = `${baseUrl}/v1/${PROJECT}/csms/resource_instances/action`;
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
