import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { signRequest } from '../../src/auth/signer.ts';
import { type Client, createClient, createSecret, devAccount, readValue, SECRETS } from './client.ts';
import { createScratch, startDev } from './process.ts';

const ROUNDS = 10;
const WRITERS = 8;
/** The kill comes in the midst of the load: after this many acknowledged secrets, a few more or less. */
const ACKNOWLEDGED_BEFORE_KILL = 25;

describe('kill -9 under write load', () => {
  it(`loses no acknowledged write in ${ROUNDS} rounds`, { timeout: 60_000 }, async () => {
    const directory = createScratch();
    const acknowledged = new Map<string, string>();
    for (let round = 0; round < ROUNDS; round += 1) {
      const server = await startDev(directory);
      const client = createClient(devAccount(directory, server.baseUrl));
      await expectAll(client, acknowledged);
      const before = acknowledged.size;
      const wanted = before + ACKNOWLEDGED_BEFORE_KILL + ((round * 7) % 20);
      let isDead = false;
      const onAcknowledged = () => {
        if (isDead || acknowledged.size < wanted) return;
        isDead = true;
        server.process.kill('SIGKILL');
      };
      const writers = Array.from({ length: WRITERS }, (_, writer) =>
        write(client, { prefix: `r${round}-w${writer}`, acknowledged, onAcknowledged }),
      );
      await Promise.all(writers);
      expect(acknowledged.size).toBeGreaterThanOrEqual(wanted);
    }
    const last = await startDev(directory);
    await expectAll(createClient(devAccount(directory, last.baseUrl)), acknowledged);
  });
});

/** Creates secrets, each with a second version, until the server is gone. */
async function write(
  client: Client,
  load: {
    readonly prefix: string;
    readonly acknowledged: Map<string, string>;
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
    } catch (error) {
      // The connection broke: that is how this load ends. Anything else is a failure.
      if (error instanceof TypeError || error instanceof SyntaxError) return;
      throw error;
    }
  }
}

/** Every acknowledged value can be read. A second version may be there although nobody was told so. */
async function expectAll(client: Client, acknowledged: ReadonlyMap<string, string>): Promise<void> {
  const lost: string[] = [];
  for (const [name, value] of acknowledged) {
    const read = await readValue(client, name);
    if (read !== value && read !== 'second') lost.push(`${name}: ${read} and not ${value}`);
  }
  expect(lost).toEqual([]);
}

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  it('lets an open request end, answers it, and exits with 0', async () => {
    const directory = createScratch();
    const server = await startDev(directory);
    const { endpoint, accessKeyId, secretKey, projectId } = devAccount(directory, server.baseUrl);
    const url = `${endpoint}/v1/${projectId}/secrets`;
    const body = JSON.stringify({ name: 'in-flight', secret_string: 'x' });
    const headers = signRequest({
      method: 'POST',
      url,
      body,
      accessKeyId,
      secretKey,
      projectId,
      nowMs: Date.now(),
    });
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const { hostname, port, host } = new URL(url);
    const socket = connect(Number(port), hostname);
    let answer = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
    });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const head = `POST /v1/${projectId}/secrets HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${body.length}\r\n`;
    socket.write(`${head}${lines.join('')}\r\n${body.slice(0, 10)}`);
    // The server has read the head, and waits for the rest of the body when it is told to stop.
    await new Promise((resume) => setTimeout(resume, 300));
    const exit = server.stop(signal);
    await new Promise((resume) => setTimeout(resume, 300));
    socket.write(body.slice(10));
    await closed;
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(await exit).toBe(0);
  });

  it('ends an idle server at once, whatever connections are kept', async () => {
    const directory = createScratch();
    const server = await startDev(directory);
    await createClient(devAccount(directory, server.baseUrl))('GET', SECRETS);
    const asked = performance.now();
    expect(await server.stop(signal)).toBe(0);
    expect(performance.now() - asked).toBeLessThan(3_000);
  });
});
