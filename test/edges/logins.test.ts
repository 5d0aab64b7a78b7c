import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { hashPassword } from '../../src/auth/logins/password.ts';
import { ADMIN, ALPHA, GUEST, OUTSIDER, shareServer } from '../support/server.ts';

const GUESSERS = 64;
const LOGINS = 6;
/** Generous: alone it takes less than a tenth of a second. */
const LOGIN_MS_MAX = 3_000;

const server = shareServer({ listen: true });
beforeAll(async () => {
  // Hashes that cost what real ones do; those of the test server are cheap.
  const file = join(server.directory, 'identities.yaml');
  let text = readFileSync(file, 'utf8');
  for (const { password } of [ADMIN, GUEST, OUTSIDER]) {
    text = text.replace(/\$scrypt\$ln=10,\S+/, await hashPassword(password, { ln: 14, r: 8, p: 1 }));
  }
  expect(text).not.toContain('ln=10');
  writeFileSync(file, text);
  await server.composed.reload();
});

interface Guess {
  readonly name: string;
  readonly domainName: string;
  readonly password: string;
}

/** One login over a connection of the agent; returns the status. */
function login(agent: Agent, { name, domainName, password }: Guess): Promise<number> {
  const user = { name, password, domain: { name: domainName } };
  const auth = { identity: { methods: ['password'], password: { user } } };
  return new Promise((resolve, reject) => {
    const sent = request(`${server.baseUrl}/v3/auth/tokens?nocatalog`, {
      agent,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    sent.on('error', reject).on('response', (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.end(JSON.stringify({ auth }));
  });
}

/** Guesses over many connections at once, each one again as soon as it is answered, until stopped. */
function startGuessing(localAddress: string, nameOf: (index: number) => Pick<Guess, 'name' | 'domainName'>) {
  const agent = new Agent({ keepAlive: true, maxSockets: GUESSERS, localAddress });
  let isOn = true;
  let count = 0;
  const guess = async (): Promise<void> => {
    while (isOn) {
      count += 1;
      await login(agent, { ...nameOf(count), password: 'a wrong one' });
    }
  };
  const guessers = Array.from({ length: GUESSERS }, guess);
  return async (): Promise<number> => {
    isOn = false;
    await Promise.all(guessers);
    agent.destroy();
    return count;
  };
}

describe('a rightful login beside 64 connections that guess', () => {
  it.each([
    [
      'names that nobody has, from the same address',
      '127.0.0.1',
      (index: number) => ({ ...ADMIN, name: `n${index}` }),
    ],
    [
      'names that nobody has, from another one',
      '127.0.0.2',
      (index: number) => ({ ...ADMIN, name: `n${index}` }),
    ],
    ['others, from the same address', '127.0.0.1', (index: number) => (index % 2 === 0 ? GUEST : OUTSIDER)],
    ['the same user, from another address', '127.0.0.2', () => ADMIN],
  ])('succeeds each time: %s', async (_, localAddress, nameOf) => {
    const agent = new Agent({ localAddress: '127.0.0.1' });
    const stop = startGuessing(localAddress, nameOf);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const outcomes: [number, boolean][] = [];
    for (let count = 0; count < LOGINS; count += 1) {
      const begunMs = performance.now();
      const status = await login(agent, ADMIN);
      outcomes.push([status, performance.now() - begunMs < LOGIN_MS_MAX]);
    }
    expect(await stop()).toBeGreaterThan(GUESSERS);
    agent.destroy();
    expect(outcomes).toEqual(Array.from({ length: LOGINS }, () => [201, true]));
  });

  it('leaves signed requests alone', async () => {
    const stop = startGuessing('127.0.0.2', (index) => ({ ...ADMIN, name: `n${index}` }));
    expect((await server.send({ method: 'GET', path: `/v1/${ALPHA}/secrets` })).status).toBe(200);
    await stop();
  });
});
