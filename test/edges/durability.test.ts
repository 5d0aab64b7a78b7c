import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { signRequest } from '../../src/auth/signatures/signer.ts';
import { TIMEOUT_MS } from '../../src/http/wire/limits.ts';
import { type Client, createClient, createSecret, devAccount, readValue, SECRETS } from '../e2e/client.ts';
import { createScratch, run, startDev } from '../e2e/process.ts';

const ROUNDS = 15;
const WRITERS = 8;
/** The kill comes in the midst of the load: after this many acknowledged writes, a few more or less. */
const ACKNOWLEDGED_BEFORE_KILL = 25;
/** Long enough for the server to have read what was written. */
const PAUSE_MS = 300;
/** Below the time that requests in progress would get. */
const PROMPT_MS = TIMEOUT_MS.drain - 1_000;

describe('kill -9 under write load', () => {
  it(`loses no acknowledged write in ${ROUNDS} rounds`, { timeout: 300_000 }, async () => {
    const directory = createScratch();
    const all = new Map<string, string>();
    // Of the round before: each start looks for these, and the last one for all.
    const acknowledged = new Map<string, string>();
    const deleted = new Set<string>();
    for (let round = 0; round < ROUNDS; round += 1) {
      const server = await startDev(directory);
      const client = createClient(devAccount(directory, server.baseUrl));
      await expectAll(client, acknowledged, deleted);
      for (const entry of acknowledged) all.set(...entry);
      acknowledged.clear();
      const wanted = ACKNOWLEDGED_BEFORE_KILL + ((round * 7) % 20);
      let count = 0;
      const onAcknowledged = () => {
        count += 1;
        if (count === wanted) server.process.kill('SIGKILL');
      };
      const writers = Array.from({ length: WRITERS }, (_, writer) =>
        write(client, { prefix: `r${round}-w${writer}`, acknowledged, deleted, onAcknowledged }),
      );
      await Promise.all(writers);
      expect(count).toBeGreaterThanOrEqual(wanted);
      expect(await run(['verify'], { CSMS_DATA: directory })).toMatchObject({ code: 0, stderr: '' });
    }
    const last = await startDev(directory);
    const client = createClient(devAccount(directory, last.baseUrl));
    await expectAll(client, new Map([...all, ...acknowledged]), deleted);
    expect(deleted.size).toBeGreaterThan(0);
  });
});

/** Creates secrets, each with a second version, and deletes some of them, until the server is gone. */
async function write(
  client: Client,
  load: {
    readonly prefix: string;
    readonly acknowledged: Map<string, string>;
    readonly deleted: Set<string>;
    readonly onAcknowledged: () => void;
  },
): Promise<void> {
  for (let number = 0; ; number += 1) {
    const name = `${load.prefix}-${number}`;
    try {
      await createSecret(client, name, 'first');
      load.acknowledged.set(name, 'first');
      const second = await client('POST', `${SECRETS}/${name}/versions`, { secret_string: 'second' });
      if (second.status !== 200) throw new Error(JSON.stringify(second.body));
      load.acknowledged.set(name, 'second');
      load.onAcknowledged();
      if (number % 2 === 0) continue;
      // Whether a deletion that nobody heard of was carried out is not known.
      load.acknowledged.delete(name);
      if ((await client('DELETE', `${SECRETS}/${name}`)).status !== 200) throw new Error('not deleted');
      load.deleted.add(name);
      load.onAcknowledged();
    } catch (error) {
      // The connection broke: that is how this load ends. Anything else is a failure.
      if (error instanceof TypeError || error instanceof SyntaxError) return;
      throw error;
    }
  }
}

/** Every acknowledged value can be read, and no secret whose deletion was acknowledged is there. A second version may be there although nobody was told so. */
async function expectAll(
  client: Client,
  acknowledged: ReadonlyMap<string, string>,
  deleted: ReadonlySet<string>,
): Promise<void> {
  const lost: string[] = [];
  for (const [name, value] of acknowledged) {
    const read = await readValue(client, name);
    if (read !== value && read !== 'second') lost.push(`${name}: ${read} and not ${value}`);
  }
  for (const name of deleted)
    if ((await client('GET', `${SECRETS}/${name}`)).status !== 404) lost.push(`deletion of ${name}`);
  expect(lost).toEqual([]);
}

/** A request whose head the server has read, and whose body it waits for. */
async function openRequest(directory: string, baseUrl: string) {
  const { accessKeyId, secretKey, projectId } = devAccount(directory, baseUrl);
  const url = new URL(`${baseUrl}/v1/${projectId}/secrets`);
  const body = JSON.stringify({ name: 'in-flight', secret_string: 'x' });
  const signed = signRequest({ method: 'POST', url, body, accessKeyId, secretKey, nowMs: Date.now() });
  const headers = { Host: url.host, 'Content-Length': String(body.length), ...signed };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const socket = connect(Number(url.port), url.hostname);
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
  });
  socket.write(`POST ${url.pathname} HTTP/1.1\r\n${head.join('')}\r\n${body.slice(0, 10)}`);
  await setTimeout(PAUSE_MS);
  return { answer: () => answer, finish: () => socket.write(body.slice(10)) };
}

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  it('lets an open request end with its response', async () => {
    const directory = createScratch();
    const server = await startDev(directory);
    const request = await openRequest(directory, server.baseUrl);
    const exit = server.stop(signal);
    await setTimeout(PAUSE_MS);
    request.finish();
    expect(await exit).toBe(0);
    expect(request.answer()).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('ends an idle server at once, whatever connections are kept', async () => {
    const directory = createScratch();
    const server = await startDev(directory);
    await createClient(devAccount(directory, server.baseUrl))('GET', SECRETS);
    const asked = performance.now();
    expect(await server.stop(signal)).toBe(0);
    expect(performance.now() - asked).toBeLessThan(PROMPT_MS);
  });
});

describe('a server that is stopped', () => {
  it('ends soon after its last answer, although the client keeps the connection', async () => {
    const directory = createScratch();
    const server = await startDev(directory);
    const request = await openRequest(directory, server.baseUrl);
    const exit = server.stop();
    await setTimeout(PAUSE_MS);
    request.finish();
    const finished = performance.now();
    expect(await exit).toBe(0);
    expect(performance.now() - finished).toBeLessThan(PROMPT_MS);
  });

  it('ends with 0 from the moment at which it says that it listens', async () => {
    const server = await startDev(createScratch());
    expect(await server.stop()).toBe(0);
  });

  it('is not stopped by a reload at that moment', async () => {
    const server = await startDev(createScratch());
    server.process.kill('SIGHUP');
    await server.logged('read identities, hooks and certificates again');
    expect(await server.stop()).toBe(0);
  });
});
