import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { createTrialCertificate } from '../../../src/cli/trial-certificate.ts';
import { readConfig } from '../../../src/config/config.ts';
import { readAlternativeNames } from '../../../src/http/connections/client-certificate.ts';
import { type Authority, createAuthority, type Issued } from '../../support/authority.ts';
import { ADMIN, ALPHA, GUEST, OUTSIDER, shareServer, signedHeaders } from '../../support/server.ts';
import { loginBody } from '../calls.ts';

const folder = mkdtempSync(join(tmpdir(), 'csms-client-ca-'));
const caFile = join(folder, 'clients.pem');
const authority: Authority = createAuthority(join(folder, 'own'));
const stranger: Authority = createAuthority(join(folder, 'other'));
writeFileSync(caFile, authority.certificate);
const { certificate, key } = createTrialCertificate(Date.now());
writeFileSync(join(folder, 'tls.crt'), certificate);
writeFileSync(join(folder, 'tls.key'), key, { mode: 0o600 });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const server = shareServer({
  listen: true,
  env: {
    CSMS_TLS_CERT: join(folder, 'tls.crt'),
    CSMS_TLS_KEY: join(folder, 'tls.key'),
    CSMS_TLS_CLIENT_CA: caFile,
  },
});
const portOf = () => (server.app.server.address() as AddressInfo).port;
const WHO = '/v5/caller-identity';
const API = 'URI:spiffe://shop/api';
const api = authority.issue({ san: API });
const pinned = authority.issue();
const ops = authority.issue({ san: 'DNS:ops.shop.example,email:ops@shop.example' });

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly agent?: Agent;
}

/** One request over TLS, on a connection of its own unless an agent has one. */
function call(issued: Partial<Issued> | undefined, sent: Sent = {}) {
  const { method = 'GET', path = WHO, headers = {}, body, agent = new Agent({ keepAlive: false }) } = sent;
  return new Promise<{ status: number; headers: IncomingHttpHeaders; json: Record<string, string> }>(
    (resolve, reject) => {
      const where = { host: '127.0.0.1', port: portOf(), rejectUnauthorized: false, agent };
      const request = httpsRequest({ ...where, ...issued, method, path, headers }, async (response) => {
        let text = '';
        for await (const chunk of response) text += String(chunk);
        const json = text === '' ? {} : JSON.parse(text);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, json });
      });
      request.on('error', reject).end(body);
    },
  );
}
const nameOf = async (issued: Partial<Issued> | undefined, sent?: Sent) => {
  const { json, status } = await call(issued, sent);
  return status === 200 ? json.principal_urn?.split(':').at(-1) : status;
};
const signed = (user = ADMIN, path = WHO) =>
  signedHeaders(`https://127.0.0.1:${portOf()}`, { method: 'GET', path }, user);

/** The certificates of each user. */
const CERTIFICATES: Readonly<Record<string, object>> = {
  guest: {
    certificates: [
      { san: API },
      { sha256: new X509Certificate(pinned.cert).fingerprint256 },
      { san: 'DNS:host.shop.example' },
      { san: 'DNS:ops.shop.example' },
      { san: 'email:mail@shop.example' },
      { san: 'URI:spiffe://shop/lost' },
    ],
  },
  admin: { certificates: [{ san: 'email:ops@shop.example' }] },
  outsider: { certificates: [{ san: 'URI:spiffe://shop/out' }], require_certificate: true },
};

beforeAll(async () => {
  const file = join(server.directory, 'identities.yaml');
  const identities = parse(readFileSync(file, 'utf8'));
  for (const { users } of identities.domains)
    for (const user of users) Object.assign(user, CERTIFICATES[user.name as string]);
  writeFileSync(file, stringify(identities));
  await server.composed.reload();
});

/** Puts another file of authorities in force. */
async function trust(text: string): Promise<void> {
  writeFileSync(caFile, text);
  await server.composed.reload();
}

describe('a client certificate alone', () => {
  it('is enough for the user who has it, by name or by fingerprint', async () => {
    expect(await nameOf(api)).toBe('guest');
    expect(await nameOf(pinned)).toBe('guest');
    const body = JSON.stringify({ name: 'by-certificate', secret_string: 'x'.repeat(20_000) });
    const headers = { 'content-type': 'application/json' };
    const created = await call(api, { method: 'POST', path: `/v1/${ALPHA}/secrets`, headers, body });
    expect(created.status).toBe(200);
  });

  it('is enough by host name and address too', async () => {
    expect(await nameOf(authority.issue({ san: 'DNS:Host.shop.example' }))).toBe('guest');
    expect(await nameOf(authority.issue({ san: 'email:mail@shop.example' }))).toBe('guest');
    expect(await nameOf(authority.issue({ san: 'DNS:one.host.shop.example,DNS:*.shop.example' }))).toBe(401);
  });

  it.each<readonly [string, () => Partial<Issued> | undefined]>([
    ['no certificate', () => undefined],
    ['one of another authority with the same name', () => stranger.issue({ san: API })],
    ['an expired one', () => authority.issue({ san: API, from: '20200101000000Z', to: '20200102000000Z' })],
    [
      'one that is not valid yet',
      () => authority.issue({ san: API, from: '20480101000000Z', to: '20490101000000Z' }),
    ],
    ['one for servers', () => authority.issue({ san: API, usage: 'serverAuth' })],
    ['one of nobody', () => authority.issue({ san: 'URI:spiffe://shop/other' })],
    ['one whose name only begins so', () => authority.issue({ san: `${API}/admin` })],
    ['a name hidden in another', () => authority.issue({ san: `@alt\n[alt]\nURI.1 = http://x/, ${API}` })],
    [
      'the authority’s own',
      () => ({ cert: authority.certificate, key: readFileSync(join(folder, 'own/ca.key'), 'utf8') }),
    ],
  ])('is not: %s. The answer is one, and others are served', async (_, issued) => {
    const shown = issued();
    const answer = await call(shown);
    expect(answer.status).toBe(401);
    expect(answer.json).toMatchObject({
      error_code: 'APIGW.0301',
      error_msg: 'Incorrect IAM authentication information: x-auth-token not found',
    });
    expect((await call(shown, { path: '/healthz' })).status).toBe(200);
    expect((await call(shown, { headers: signed() })).json).toMatchObject({ principal_id: ADMIN.id });
  });

  it('is one of nobody when it has the names of two users', async () => {
    expect(await nameOf(ops)).toBe(401);
  });

  it('does not count beside other credentials, right or wrong', async () => {
    expect(await nameOf(api, { headers: signed(ADMIN) })).toBe('admin');
    expect(await nameOf(api, { headers: { 'x-auth-token': 'wrong' } })).toBe(401);
    expect(await nameOf(api, { headers: { authorization: 'Bearer x' } })).toBe(401);
  });

  it('is never read from a header', async () => {
    const text = encodeURIComponent(api.cert);
    for (const name of ['x-forwarded-client-cert', 'ssl-client-cert', 'x-ssl-client-cert', 'x-client-cert'])
      expect(await nameOf(undefined, { headers: { [name]: text, 'ssl-client-verify': 'SUCCESS' } })).toBe(
        401,
      );
  });

  it('asks for the type of a body: pages of other sites can make a browser show it', async () => {
    const answer = await call(api, { method: 'POST', path: `/v1/${ALPHA}/secrets`, body: '{"name":"a"}' });
    expect(answer.status).toBe(415);
    const foreign = await call(api, { headers: { origin: 'https://elsewhere.example' } });
    expect(foreign.status).toBe(403);
  });
});

describe('a certificate as second factor', () => {
  it('has to come with a signature or a token, and is nothing alone', async () => {
    const own = authority.issue({ san: 'URI:spiffe://shop/out' });
    const body = loginBody(OUTSIDER);
    const login = await server.sendUnsigned({ method: 'POST', path: '/v3/auth/tokens', body });
    const token = { 'x-auth-token': login.headers['x-subject-token'] ?? '' };
    for (const headers of [signed(OUTSIDER), token]) {
      expect(await nameOf(own, { headers })).toBe('outsider');
      expect(await nameOf(undefined, { headers })).toBe(401);
      expect(await nameOf(api, { headers })).toBe(401);
      expect(await nameOf(stranger.issue({ san: 'URI:spiffe://shop/out' }), { headers })).toBe(401);
    }
    expect(await nameOf(own)).toBe(401);
    expect(await nameOf(undefined, { headers: signed(GUEST) })).toBe('guest');
    expect(server.logText()).toContain('the user’s client certificate is missing');
  });
});

describe('a resumed session', () => {
  /** Connects, and returns what the server said; `session`: the last ticket of an earlier connection. */
  async function talk(
    options: object,
  ): Promise<{ text: string; session: Buffer | undefined; isResumed: boolean }> {
    const socket: TLSSocket = connect({
      host: '127.0.0.1',
      port: portOf(),
      rejectUnauthorized: false,
      ...options,
    });
    let session: Buffer | undefined;
    socket.on('session', (ticket) => {
      session = ticket;
    });
    let isResumed = false;
    socket.once('secureConnect', () => {
      isResumed = socket.isSessionReused();
    });
    socket.write(`GET ${WHO} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`);
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    return { text, session, isResumed };
  }

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'has the certificate of its first handshake, or none (%s)',
    async (version) => {
      const only = { minVersion: version, maxVersion: version };
      const first = await talk({ ...only, ...api });
      expect(first.text).toContain(':user:guest');
      const again = await talk({ ...only, ...api, session: first.session });
      expect(again).toMatchObject({ isResumed: true, text: expect.stringContaining(':user:guest') });
      const without = await talk(only);
      expect(without.text).toContain('401 Unauthorized');
      const resumed = await talk({ ...only, session: without.session });
      expect(resumed).toMatchObject({ isResumed: true, text: expect.stringContaining('401 Unauthorized') });
      const smuggled = await talk({ ...only, ...api, session: without.session });
      expect(smuggled.text).toContain(smuggled.isResumed ? '401 Unauthorized' : ':user:guest');
      const wrong = await talk({ ...only, ...stranger.issue({ san: API }) });
      const wrongAgain = await talk({ ...only, session: wrong.session });
      expect(wrongAgain).toMatchObject({
        isResumed: true,
        text: expect.stringContaining('401 Unauthorized'),
      });
    },
  );

  it('counts no more once the authorities have changed', async () => {
    const { session } = await talk(api);
    await trust(stranger.certificate);
    expect((await talk({ ...api, session })).text).toContain('401 Unauthorized');
    await trust(authority.certificate);
    expect(await nameOf(api)).toBe('guest');
  });
});

describe('a second handshake on a connection', () => {
  it('is refused: it could bring a certificate that the first verdict was not about', async () => {
    const only = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
    const socket = connect({ host: '127.0.0.1', port: portOf(), rejectUnauthorized: false, ...only, ...ops });
    await once(socket, 'secureConnect');
    const outcome = Promise.withResolvers<string>();
    socket.on('error', (error) => outcome.resolve(error.message));
    socket.renegotiate({ rejectUnauthorized: false }, (error) => outcome.resolve(error?.message ?? 'done'));
    expect(await outcome.promise).toMatch(/no renegotiation/i);
    socket.destroy();
  });
});

describe('CSMS_TLS_CLIENT_CA', () => {
  it('needs a server that ends TLS itself', () => {
    const env = { CSMS_DATA: 'd', CSMS_ROOT_KEY: 'file:k', CSMS_IDENTITIES: 'i', CSMS_TLS_CLIENT_CA: caFile };
    expect(() => readConfig('serve', env)).toThrow('CSMS_TLS_CLIENT_CA needs CSMS_TLS_CERT and CSMS_TLS_KEY');
  });

  it('is read again: a connection from before does not keep what its certificate was worth', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    expect(await nameOf(api, { agent })).toBe('guest');
    await trust(stranger.certificate);
    const statuses = new Set();
    for (let attempt = 0; attempt < 3; attempt += 1)
      statuses.add(await nameOf(api, { agent }).catch((error: { code: string }) => error.code));
    expect([...statuses].filter((status) => status !== 'ECONNRESET')).toEqual([401]);
    await trust(authority.certificate);
    expect(await nameOf(api)).toBe('guest');
    agent.destroy();
  });

  it('may hold a list of revoked certificates', async () => {
    const lost = authority.issue({ san: 'URI:spiffe://shop/lost' });
    expect(await nameOf(lost)).toBe('guest');
    authority.revoke(lost);
    await trust(authority.certificate + authority.revocations());
    expect(await nameOf(lost)).toBe(401);
    expect(await nameOf(api)).toBe('guest');
    await trust(authority.certificate);
  });

  it.each([
    ['no certificate', 'nothing', /CSMS_TLS_CLIENT_CA: \S+ holds no certificate in PEM form/],
    [
      'a certificate of no authority',
      api.cert,
      /CSMS_TLS_CLIENT_CA: \S+ holds what is no authority's certificate/,
    ],
    [
      'half a list',
      `${authority.certificate}-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n`,
      /holds a list of revoked certificates that cannot be read/,
    ],
  ])('keeps what it has when the file holds %s', async (_, text, message) => {
    await expect(trust(text)).rejects.toThrow(message);
    expect(await nameOf(api)).toBe('guest');
    await trust(authority.certificate);
  });
});

describe('alternative names in Node’s text', () => {
  it.each([
    ['', []],
    [
      'DNS:Ops.Example, URI:spiffe://a/b, email:A@b.example, IP Address:10.0.0.1',
      ['DNS:ops.example', 'URI:spiffe://a/b', 'email:A@b.example'],
    ],
    ['URI:"http://x/, URI:spiffe://a/b"', ['URI:http://x/, URI:spiffe://a/b']],
    ['URI:"say \\"x\\""', ['URI:say "x"']],
    ['DirName:"CN = a, DNS:b", DNS:c', ['DNS:c']],
    ['DNS:a, ', undefined],
    ['DNS:a,URI:b', undefined],
    ['DNS:a"b', undefined],
    ['nothing', undefined],
  ])('%j', (text, names) => {
    expect(readAlternativeNames(text)).toEqual(names);
  });
});
