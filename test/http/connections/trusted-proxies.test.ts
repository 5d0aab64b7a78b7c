import type { IncomingMessage } from 'node:http';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTrustedProxies, peerAddress } from '../../../src/http/connections/trusted-proxies.ts';
import { GUEST, shareServer } from '../../support/server.ts';
import { loginBody, stopClock } from '../calls.ts';

const PROXY = '10.0.0.5';
const isTrusted = parseTrustedProxies('10.0.0.5, 192.168.0.0/16,2001:db8::/32');

function peerOf(connection: string | undefined, forwardedFor?: string): string | undefined {
  const headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor };
  return peerAddress({ headers, socket: { remoteAddress: connection } } as IncomingMessage, isTrusted);
}

describe('a trusted proxy', () => {
  it.each(['10.0.0.5', '192.168.255.255', '::ffff:10.0.0.5', '2001:db8::1', '2001:DB8:0:0::1'])(
    'is one at %s',
    (address) => expect(isTrusted(address)).toBe(true),
  );

  it.each([
    '10.0.0.6',
    '192.169.0.0',
    '::ffff:10.0.0.6',
    '2001:db9::1',
    '::1',
    '127.0.0.1',
    '',
    'x',
    '10.0.0.5:80',
  ])('is none at "%s"', (address) => expect(isTrusted(address)).toBe(false));

  it('is nobody when the list is empty', () => {
    expect(parseTrustedProxies('')('127.0.0.1')).toBe(false);
    expect(parseTrustedProxies(' , ')('127.0.0.1')).toBe(false);
  });

  it.each([
    'proxy.example',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '::/129',
    '10.0.0.0/-1',
    'fe80::1%eth0',
    'fe80::1%eth0/64',
    '10.1',
  ])('cannot be named %s', (text) => expect(() => parseTrustedProxies(text)).toThrow('CSMS_TRUSTED_PROXIES'));
});

describe('the peer', () => {
  it.each<[string, string | undefined, string | undefined, string | undefined]>([
    ['is the connection’s address without a header', PROXY, undefined, PROXY],
    [
      'is the connection’s address when that is no proxy, whatever it says',
      '203.0.113.9',
      '198.51.100.1',
      '203.0.113.9',
    ],
    ['is whom the proxy names', PROXY, '203.0.113.9', '203.0.113.9'],
    ['is named by a proxy on an IPv6 socket', '::ffff:10.0.0.5', '203.0.113.9', '203.0.113.9'],
    [
      'is never what stands to the left of an address that is no proxy',
      PROXY,
      '1.1.1.1, 203.0.113.9',
      '203.0.113.9',
    ],
    [
      'is found behind further proxies',
      PROXY,
      '1.1.1.1,203.0.113.9 , 192.168.3.4,\t2001:db8::2',
      '203.0.113.9',
    ],
    ['is the left-most where all are proxies', PROXY, '192.168.1.1, 192.168.1.2', '192.168.1.1'],
    ['may be named with a port', PROXY, '1.1.1.1, 203.0.113.9:61234', '203.0.113.9'],
    ['may be named in brackets', PROXY, '[2001:db9::7]', '2001:db9::7'],
    ['may be named in brackets with a port', PROXY, '[2001:db9::7]:443', '2001:db9::7'],
    ['is the proxy where its entry is no address', PROXY, '203.0.113.9, unknown', PROXY],
    [
      'is the last proxy where an entry behind it is no address',
      PROXY,
      '1.1.1.1, <script>, 192.168.3.4',
      '192.168.3.4',
    ],
    ['is the proxy where it names nobody', PROXY, '', PROXY],
    ['is found beside empty entries', PROXY, ', ,203.0.113.9, ,', '203.0.113.9'],
    ['is the proxy where only commas came', PROXY, ',,,,', PROXY],
    ['is unknown when the connection is gone', undefined, '203.0.113.9', undefined],
  ])('%s', (_claim, connection, header, expected) => {
    expect(peerOf(connection, header)).toBe(expected);
  });

  it('is an address of the chain, whatever the header holds', () => {
    const entry = fc.oneof(
      fc.constantFrom('192.168.1.1', '203.0.113.9', '[::1]', '1.2.3.4:5', ' ', '', '::1%zone'),
      fc.string({ maxLength: 12 }),
    );
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 60 }), (entries) => {
        const peer = peerOf(PROXY, entries.join(','));
        expect(peer === PROXY || entries.join(',').includes(peer ?? '?')).toBe(true);
        expect(peer?.length).toBeLessThanOrEqual(64);
      }),
    );
  });

  it('reads a bounded part of a header that is full of proxies', () => {
    expect(peerOf(PROXY, `203.0.113.9${',192.168.0.1'.repeat(2_000)}`)).toBe('192.168.0.1');
  });
});

describe('a server behind a proxy', () => {
  const server = shareServer({ env: { CSMS_TRUSTED_PROXIES: '127.0.0.1' } });

  const addressLogged = async (remoteAddress: string, headers: Record<string, string>) => {
    const answer = await server.app.inject({ method: 'GET', url: '/nowhere', remoteAddress, headers });
    const requestId = answer.headers['x-request-id'];
    return server.logged().find((line) => line.requestId === requestId)?.address;
  };

  it('logs who is behind the proxy', async () => {
    expect(await addressLogged('127.0.0.1', { 'x-forwarded-for': '203.0.113.9' })).toBe('203.0.113.9');
  });

  it('logs the connection’s address of everybody else', async () => {
    expect(await addressLogged('127.0.0.2', { 'x-forwarded-for': '203.0.113.9' })).toBe('127.0.0.2');
  });

  it('counts failed logins for each address behind the proxy', async () => {
    stopClock();
    const login = (from: string, password: string) =>
      server.app.inject({
        method: 'POST',
        url: '/v3/auth/tokens',
        headers: { 'x-forwarded-for': from, 'content-type': 'application/json' },
        payload: loginBody(GUEST, undefined, password),
      });
    for (let attempt = 0; attempt < 10; attempt += 1) {
      expect((await login(`1.1.1.${attempt}, 203.0.113.7`, 'wrong')).statusCode).toBe(401);
    }
    expect((await login('1.1.1.99, 203.0.113.7', 'wrong')).statusCode).toBe(429);
    expect((await login('203.0.113.8', GUEST.password)).statusCode).toBe(201);
  });
});
