import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../../src/core/errors.ts';
import { createSite, type SiteSettings } from '../../../src/http/connections/site.ts';
import { ADMIN, ALPHA, shareServer } from '../../support/server.ts';
import { loginBody } from '../calls.ts';
import { exchangeOne, requestText } from '../raw-socket.ts';

const LOOPBACK = { publicUrl: undefined, allowedHosts: '', listenAddress: () => '127.0.0.1', tls: false };

/** What becomes of a request with these headers: `ok`, or the code of the refusal. */
function outcome(headers: IncomingHttpHeaders, settings: Partial<SiteSettings> = {}): string {
  try {
    createSite({ ...LOOPBACK, ...settings }).check({ headers } as IncomingMessage);
    return 'ok';
  } catch (error) {
    return codeOf(error);
  }
}

describe('plain HTTP on loopback', () => {
  it.each([
    '127.0.0.1',
    '127.0.0.1:4280',
    '127.0.0.1:',
    '127.9.9.9:1',
    '127.1:4280',
    'localhost',
    'LocalHost:4280',
    'localhost.:4280',
    'csms.localhost',
    '[::1]',
    '[::1]:4280',
    '[0:0:0:0:0:0:0:1]:4280',
    '[::ffff:127.0.0.1]',
    '',
  ])('answers to the host "%s"', (host) => expect(outcome({ host })).toBe('ok'));

  it('answers where there is no host, as in HTTP/1.0', () => expect(outcome({})).toBe('ok'));

  it.each([
    'evil.example',
    'evil.example:4280',
    'localhost.evil.example',
    'evillocalhost',
    '127.0.0.1.evil.example',
    '10.0.0.1:4280',
    '[::2]',
    '[::ffff:10.0.0.1]',
    '0.0.0.0:4280',
    'x',
  ])('does not answer to the host %s', (host) => expect(outcome({ host })).toBe('host-foreign'));

  it.each([
    'localhost@evil.example',
    'localhost/',
    'localhost?x',
    'localhost#x',
    'local host',
    'localhost:80:80',
    'localhost:x',
    '[::1',
    '[::1]x',
    '[::1%eth0]',
    '127.0.0.1,evil.example',
    '%6c',
    'ö',
    'x'.repeat(254),
  ])('takes "%s" for no host at all', (host) => {
    expect(outcome({ host })).toBe('request-malformed');
    expect(outcome({ host }, { tls: true })).toBe('request-malformed');
  });

  it('never fails in another way, whatever the host', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (host) => {
        expect(['ok', 'host-foreign', 'request-malformed']).toContain(outcome({ host }));
      }),
    );
  });

  it.each([
    ['csms.example', 'csms.example', 'ok'],
    ['csms.example', 'CSMS.example.:8080', 'ok'],
    ['other.example, csms.example:8080', 'csms.example:8080', 'ok'],
    ['csms.example:8080', 'csms.example', 'host-foreign'],
    ['csms.example:8080', 'csms.example:8081', 'host-foreign'],
    ['csms.example', 'www.csms.example', 'host-foreign'],
    ['[2001:db8::1]', '[2001:DB8:0::1]:80', 'ok'],
    ['', 'csms.example', 'host-foreign'],
  ])('with CSMS_ALLOWED_HOSTS=%s, asked for %s: %s', (allowedHosts, host, expected) => {
    expect(outcome({ host }, { allowedHosts })).toBe(expected);
  });

  it('answers to the host of its public URL, on any port', () => {
    const settings = { publicUrl: 'https://csms.example:8443/base' };
    expect(outcome({ host: 'csms.example' }, settings)).toBe('ok');
    expect(outcome({ host: 'evil.example' }, settings)).toBe('host-foreign');
  });

  it.each(['https://csms.example', 'a b', '*.example', 'csms.example/', ':80'])(
    'cannot be told to answer to %s',
    (allowedHosts) => expect(() => createSite({ ...LOOPBACK, allowedHosts })).toThrow('CSMS_ALLOWED_HOSTS'),
  );

  it('refuses a foreign host after any number of good ones', () => {
    const site = createSite(LOOPBACK);
    const check = (host: string) => site.check({ headers: { host } } as IncomingMessage);
    for (let n = 0; n < 1_000; n += 1) check(`h${n}.localhost`);
    expect(() => check('evil.example')).toThrow();
  });
});

it.each(['127.0.0.1', '127.0.0.5', '::1', '::ffff:127.0.0.1'])(
  'plain HTTP at the address %s is on loopback',
  (address) => {
    const settings = { listenAddress: () => address };
    expect(outcome({ host: 'evil.example' }, settings)).toBe('host-foreign');
    expect(outcome({ host: 'localhost' }, settings)).toBe('ok');
  },
);

describe('TLS, and plain HTTP beyond loopback', () => {
  it.each<Partial<SiteSettings>>([
    { tls: true },
    { listenAddress: () => '0.0.0.0' },
    { listenAddress: () => '::' },
    { listenAddress: () => '10.0.0.1' },
  ])('answer to any host: %o', (settings) => {
    expect(outcome({ host: 'whatever.example:1' }, settings)).toBe('ok');
  });
});

describe('a page in a browser', () => {
  const host = '127.0.0.1:4280';
  const anywhere: Partial<SiteSettings>[] = [{}, { tls: true }, { listenAddress: () => '0.0.0.0' }];

  it.each([
    'http://evil.example',
    'http://evil.example:4280',
    'http://127.0.0.1',
    'http://127.0.0.1:1',
    'null',
    '',
    'x',
  ])('of "%s" cannot use the server, wherever that is', (origin) => {
    for (const settings of anywhere) expect(outcome({ host, origin }, settings)).toBe('origin-foreign');
  });

  it.each(['cross-site', 'same-site', 'Cross-Site', 'same-origin, cross-site'])(
    'that the browser calls %s cannot use the server, wherever that is',
    (site) => {
      const headers = { host, 'sec-fetch-site': site };
      for (const settings of anywhere) expect(outcome(headers, settings)).toBe('origin-foreign');
    },
  );

  it.each<[string, IncomingHttpHeaders, Partial<SiteSettings>]>([
    ['of the server itself', { host, origin: 'http://127.0.0.1:4280', 'sec-fetch-site': 'same-origin' }, {}],
    ['that somebody opened by hand', { host, 'sec-fetch-site': 'none' }, {}],
    ['on the default port', { host: 'localhost:80', origin: 'http://LOCALHOST' }, {}],
    [
      'behind a proxy that speaks TLS',
      { host: 'a.example', origin: 'https://a.example' },
      { listenAddress: () => '0.0.0.0' },
    ],
    [
      'of the public URL, behind a proxy with a host of its own',
      { host, origin: 'https://a.example' },
      { publicUrl: 'https://a.example' },
    ],
  ])('%s may use it', (_claim, headers, settings) => expect(outcome(headers, settings)).toBe('ok'));

  it('that came over plain HTTP cannot use a server that speaks TLS', () => {
    expect(outcome({ host: 'a.example', origin: 'http://a.example' }, { tls: true })).toBe('origin-foreign');
  });
});

describe('the address in answers', () => {
  const baseUrl = (headers: IncomingHttpHeaders, settings: Partial<SiteSettings> = {}, socket: object = {}) =>
    createSite({ ...LOOPBACK, ...settings }).baseUrlOf({ headers, socket } as IncomingMessage);

  it('is how the caller has called', () => {
    expect(baseUrl({ host: 'localhost:4280' })).toBe('http://localhost:4280');
    expect(baseUrl({ host: 'csms:8443' }, { tls: true })).toBe('https://csms:8443');
  });

  it('is the public URL where there is one', () => {
    const settings = { publicUrl: 'https://a.example/csms' };
    expect(baseUrl({ host: 'localhost:4280' }, settings)).toBe('https://a.example/csms');
  });

  it('is what was connected to when the caller named no host', () => {
    const to = (localAddress: string) => baseUrl({}, {}, { localAddress, localPort: 4280 });
    expect(to('::ffff:10.0.0.7')).toBe('http://10.0.0.7:4280');
    expect(to('2001:db8::7')).toBe('http://[2001:db8::7]:4280');
  });
});

describe('a server on loopback', () => {
  const server = shareServer({ listen: true, env: { CSMS_ALLOWED_HOSTS: '', CSMS_METRICS: 'on' } });

  const paths = ['/healthz', '/metrics', `/v1/${ALPHA}/secrets`, '/v3/projects', '/nowhere'];
  const send = (path: string, headers: readonly string[]) =>
    exchangeOne(server.baseUrl, requestText(`GET ${path} HTTP/1.1`, headers));

  it.each(paths)('refuses a foreign host on %s, and says what to set', async (path) => {
    const answer = await send(path, ['Host: evil.example']);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({
      error_code: 'APIGW.0201',
      error_msg: expect.stringContaining('CSMS_ALLOWED_HOSTS'),
    });
  });

  it.each(paths)('refuses pages of other sites on %s, and allows no origin', async (path) => {
    const answer = await send(path, ['Host: localhost', 'Origin: http://evil.example']);
    expect(answer.status).toBe(403);
    expect([...answer.headers.keys()].filter((name) => /access-control/i.test(name))).toEqual([]);
  });

  it('counts no failed login of a page of another site', async () => {
    const login = (headers: Record<string, string>, password: string) =>
      server.app.inject({
        method: 'POST',
        url: '/v3/auth/tokens',
        headers: { host: 'localhost', ...headers },
        payload: JSON.stringify(loginBody(ADMIN, undefined, password)),
      });
    for (let attempt = 0; attempt < 11; attempt += 1) {
      const answer = await login({ 'sec-fetch-site': 'cross-site', 'content-type': '' }, 'wrong');
      expect(answer.statusCode).toBe(403);
    }
    const answer = await login({ 'content-type': 'application/json' }, ADMIN.password);
    expect(answer.statusCode).toBe(201);
    const urls = answer
      .json()
      .token.catalog.flatMap((entry: { endpoints: { url: string }[] }) =>
        entry.endpoints.map(({ url }) => url),
      );
    for (const url of urls) expect(url).toMatch(/^http:\/\/localhost\//);
  });
});
