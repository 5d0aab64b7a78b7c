import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, request as httpRequest } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { StartError } from '../../src/app/start-error.ts';
import { destinationAt, reach, signedUrlOf } from '../../src/cli/reach.ts';
import { run, shareDev } from './process.ts';

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

describe('a server that cannot be reached is distinguished from', () => {
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
  const NO_BASES = ['127.0.0.1:4280', 'localhost:4280', 'ftp://127.0.0.1', 'http://', ''];
  it.each([...NO_BASES, 'http://a/?b', 'http://a/#b', 'http://a:b@c'])('cannot be %j', (endpoint) => {
    expect(() => destinationAt(endpoint, '/v1')).toThrow(StartError);
  });

  it.each([
    ['http://127.0.0.1:4280//', '/v1/x?y=z', 'http://127.0.0.1:4280/v1/x?y=z', '/v1/x'],
    ['https://proxy.example/csms/', '/v1/x?y=z', 'https://proxy.example/csms/v1/x?y=z', '/v1/x'],
    ['https://proxy.example/a/b', 'v1/x', 'https://proxy.example/a/b/v1/x', '/v1/x'],
    ['https://proxy.example/csms', '/../../v1/x', 'https://proxy.example/csms/v1/x', '/v1/x'],
  ])('may have a path, which is sent and not signed: %s %s', (endpoint, path, href, signed) => {
    const { url, signedUrl } = destinationAt(endpoint, path);
    expect([url.href, signedUrl.pathname, signedUrl.host]).toEqual([href, signed, url.host]);
    expect(signedUrlOf(endpoint, href).href).toBe(signedUrl.href);
  });

  it('changes nothing about an address elsewhere', () => {
    for (const address of ['https://other.example/csms/v1', 'https://proxy.example/csmsx/v1']) {
      expect(signedUrlOf('https://proxy.example/csms', address).href).toBe(address);
    }
  });
});

describe('a server behind a proxy that takes a path away', () => {
  const dev = shareDev();

  it('is reached below that path, by every client command', async () => {
    const proxy = createHttpServer((request, answer) => {
      const { headers, method } = request;
      const path = (request.url ?? '').replace(/^\/csms(?=\/)/, '');
      const passed = httpRequest(`${dev.server.baseUrl}${path}`, { headers, method }, (response) => {
        answer.writeHead(path === request.url ? 404 : (response.statusCode ?? 500), response.headers);
        response.pipe(answer);
      });
      request.pipe(passed);
    });
    const endpoint = `http://127.0.0.1:${await portOf(proxy)}/csms/`;
    const variables = { CSMS_DATA: dev.directory, CSMS_ENDPOINT: endpoint };
    const call = await run(['call', 'GET', '/v1/{project_id}/secrets?limit=1'], variables);
    expect([call.code, call.stderr]).toEqual([0, expect.stringMatching(/^200 /)]);
    expect((await run(['token'], variables)).code).toBe(0);
    const url = `${endpoint}v1/{project_id}/secrets`;
    const { stdout } = await run(['sign', 'GET', url, '--json'], variables);
    const headers = JSON.parse(stdout) as Record<string, string>;
    const filled = url.replace('{project_id}', headers['X-Project-Id'] ?? '');
    expect((await fetch(filled, { headers })).status).toBe(200);
  });
});
