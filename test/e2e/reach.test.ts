import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { StartError } from '../../src/app/start-error.ts';
import { reach, urlAt } from '../../src/cli/reach.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');
const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

async function portOf(server: Server): Promise<number> {
  open.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return (server.address() as AddressInfo).port;
}

/** One that nobody listens at. */
async function freePort(): Promise<number> {
  const server = createServer();
  const port = await portOf(server);
  await new Promise((closed) => server.close(closed));
  return port;
}

function tlsServer(): Server {
  const read = (name: string) => readFileSync(join(FIXTURES, name));
  return createTlsServer({ cert: read('tls-one.crt'), key: read('tls-one.key') }, (_, answer) =>
    answer.end(),
  );
}

/** Why a server cannot be reached. */
async function failure(url: string): Promise<StartError> {
  const outcome = await reach(new URL(url), { method: 'GET', headers: {} }).catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(StartError);
  return outcome as StartError;
}

describe('a server that cannot be reached is told from', () => {
  it.each<[string, () => Promise<string>, string, RegExp]>([
    [
      'one that is not there',
      async () => `http://127.0.0.1:${await freePort()}`,
      'taken',
      /nothing listens.*ECONNREFUSED/,
    ],
    ['a name that nobody knows', async () => 'http://none.invalid', 'taken', /none\.invalid is not known/],
    [
      'one that hangs up',
      async () => `http://127.0.0.1:${await portOf(createServer((socket) => socket.destroy()))}`,
      'taken',
      /cannot be reached/,
    ],
    [
      'one with a certificate of its own',
      async () => `https://127.0.0.1:${await portOf(tlsServer())}`,
      'configuration',
      /not trusted.*NODE_EXTRA_CA_CERTS/,
    ],
    [
      'one that speaks plain HTTP',
      async () => `https://127.0.0.1:${await portOf(createHttpServer((_, answer) => answer.end()))}`,
      'configuration',
      /does not speak HTTPS/,
    ],
  ])('%s', async (_, address, kind, message) => {
    const error = await failure(await address());
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('\n');
    expect(error.kind).toBe(kind);
  });
});

describe('an endpoint', () => {
  it.each(['127.0.0.1:4280', 'localhost:4280', 'ftp://127.0.0.1', 'http://', ''])(
    'cannot be %j',
    (endpoint) => {
      expect(() => urlAt(endpoint, '/v1')).toThrow(StartError);
    },
  );

  it('may have a path and slashes behind it', () => {
    expect(urlAt('http://127.0.0.1:4280//', '/v1/x?y=z').href).toBe('http://127.0.0.1:4280/v1/x?y=z');
  });
});
