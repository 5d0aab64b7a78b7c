import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signRequest } from '../../../src/auth/signatures/signer.ts';
import { AK, asRequest, authenticatorOf, NOW_MS, PROJECT_ID, refusal, SK, vector } from '../fixtures.ts';

const authenticator = authenticatorOf();

interface Outgoing {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Signs, and lays the request out as an HTTP client would: Host added, values as bytes. */
function sent(outgoing: Outgoing) {
  const { pathname, search, host } = new URL(outgoing.url);
  const headers = signRequest({
    ...outgoing,
    accessKeyId: AK,
    secretKey: SK,
    projectId: PROJECT_ID,
    nowMs: NOW_MS,
  });
  const all = [['Host', host] as const, ...Object.entries(headers)].map(
    ([name, value]) => [name, Buffer.from(value).toString('latin1')] as const,
  );
  const body = Buffer.from(outgoing.body ?? '');
  return asRequest({ method: outgoing.method, target: `${pathname}${search}`, headers: all, body });
}

const outcome = (request: ReturnType<typeof sent>) => refusal(request, authenticator).code;

const methods = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE');
const segment = fc.string({ unit: 'grapheme', maxLength: 40 }).map(encodeURIComponent);
const paths = fc.array(segment, { maxLength: 8 }).map((segments) => `/${segments.join('/')}`);
const queries = fc.array(fc.tuple(segment, segment), { maxLength: 20 });
const bodies = fc.uint8Array({ maxLength: 5_000 });
const words = fc.string({ unit: 'grapheme', maxLength: 60 }).filter((text) => !/\p{Cc}/u.test(text));

describe('signRequest', () => {
  it('writes the same header as the Node SDK for the same request', () => {
    const { method, target, body, authorization } = vector('N2');
    const headers = signRequest({
      method,
      url: `https://kms.cn-north-4.myhuaweicloud.com${target}`,
      headers: { 'content-type': 'application/json' },
      body,
      accessKeyId: AK,
      secretKey: SK,
      projectId: PROJECT_ID,
      nowMs: NOW_MS,
    });
    expect(headers).toEqual({
      'content-type': 'application/json',
      'X-Sdk-Date': '20260102T030405Z',
      'X-Project-Id': PROJECT_ID,
      Authorization: authorization,
    });
  });

  it('is accepted for any path, query, header value and body', () => {
    fc.assert(
      fc.property(methods, paths, queries, bodies, words, (method, path, pairs, body, word) => {
        const query = pairs.map(([name, value]) => `${name}=${value}`).join('&');
        const url = `http://127.0.0.1:4280${path}?${query}`;
        expect(outcome(sent({ method, url, body, headers: { 'User-Agent': word } }))).toBe('accepted');
      }),
      { numRuns: 500 },
    );
  });

  it.each([' ', '\t a b \t', '\u00a0', 'a\u3000', '\ufeff'])('trims %j as the server does', (word) => {
    expect(outcome(sent({ method: 'GET', url: 'http://h/', headers: { 'User-Agent': word } }))).toBe(
      'accepted',
    );
  });

  it('is refused once a byte of the body, the path or the query has changed', () => {
    fc.assert(
      fc.property(paths, bodies, fc.nat(), (path, bytes, place) => {
        const request = sent({ method: 'POST', url: `http://h${path}?a=b`, body: bytes });
        const body = Buffer.concat([bytes, Buffer.from('x')]);
        body.writeUInt8(body.readUInt8(place % body.length) ^ 0x20, place % body.length);
        expect(outcome({ ...request, body })).toBe('unauthenticated');
        expect(outcome({ ...request, target: `/x${request.target}` })).toBe('unauthenticated');
        expect(outcome({ ...request, target: `${request.target}c` })).toBe('unauthenticated');
      }),
      { numRuns: 200 },
    );
  });

  it('signs UNSIGNED-PAYLOAD as it stands', () => {
    const headers = { 'X-Sdk-Content-Sha256': 'UNSIGNED-PAYLOAD' };
    const request = sent({ method: 'POST', url: 'http://h/', headers, body: 'a' });
    expect(outcome({ ...request, body: Buffer.from('b') })).toBe('accepted');
  });

  it('refuses a URL with a broken escape', () => {
    expect(() => sent({ method: 'GET', url: 'http://h/%zz' })).toThrow(TypeError);
  });
});
