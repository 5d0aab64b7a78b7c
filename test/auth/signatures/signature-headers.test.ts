import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createRequestKey } from '../../../src/auth/signatures/algorithms.ts';
import { parseAuthorization, SIGNATURE_LIMITS } from '../../../src/auth/signatures/authorization.ts';
import { formatSdkDate, parseSdkDate } from '../../../src/auth/signatures/sdk-date.ts';
import { verifySignature } from '../../../src/auth/signatures/signature.ts';
import { AK, asRequest, authorizationOf, SECRET_KEYS, vector, verify, withHeader } from '../fixtures.ts';

const SIGNED_DATE = '20260102T030405Z';
const EMPTY_HASH = hash('sha256', '', 'hex');

describe('header values', () => {
  function signedWith(value: string, payload = EMPTY_HASH) {
    const signed = [
      ['user-agent', value],
      ['x-sdk-date', SIGNED_DATE],
    ] as const;
    const authorization = authorizationOf({
      method: 'GET',
      canonicalUri: '/v1/',
      canonicalQuery: '',
      signed,
      payloadHash: payload,
    });
    return { signed, authorization };
  }

  function check(headers: readonly (readonly [string, string])[], authorization: string, body = ''): boolean {
    const parsed = parseAuthorization(authorization);
    if (parsed === undefined) throw new Error('not ours');
    const all = [...headers, ['Authorization', authorization]] as const;
    const request = asRequest({ method: 'GET', target: '/v1', headers: all, body: Buffer.from(body) });
    const key = createRequestKey({ accessKeyId: AK, secretKey: SECRET_KEYS[AK] ?? '' });
    return verifySignature({ request, authorization: parsed, key, unsignedPayload: 'allow' }).isAuthentic;
  }

  it('are trimmed of blanks and tabs, and keep inner ones', () => {
    const { authorization } = signedWith('a  b');
    const padded = [
      ['User-Agent', '\t a  b \t'],
      ['X-Sdk-Date', SIGNED_DATE],
    ] as const;
    expect(check(padded, authorization)).toBe(true);
  });

  it('are bytes: text in UTF-8 verifies as Node hands it over, last byte 0xA0 included', () => {
    const asBytes = Buffer.from('naïve à').toString('latin1');
    const { signed, authorization } = signedWith(asBytes);
    expect(asBytes.endsWith('\u00a0')).toBe(true);
    expect(check(signed, authorization)).toBe(true);
    expect(
      check(
        [
          ['user-agent', asBytes.slice(0, -1)],
          ['x-sdk-date', SIGNED_DATE],
        ],
        authorization,
      ),
    ).toBe(false);
  });

  it('may be empty', () => {
    const { signed, authorization } = signedWith('');
    expect(check(signed, authorization)).toBe(true);
  });

  it('state the hash of the body truthfully, or the request is refused', () => {
    const bodyHash = hash('sha256', 'body', 'hex');
    const { signed, authorization } = signedWith('a', bodyHash);
    const stated = [...signed, ['X-Sdk-Content-Sha256', bodyHash]] as const;
    expect(check(stated, authorization, 'body')).toBe(true);
    expect(check(stated, authorization, 'b0dy')).toBe(false);
  });

  it.each([
    'anything',
    'unsigned-payload',
    '',
    'STREAMING-PAYLOAD',
    hash('sha256', 'body', 'hex').toUpperCase(),
  ])('never stand in for the hash of the body as %j', (stated) => {
    const { signed, authorization } = signedWith('a', stated);
    expect(check([...signed, ['X-Sdk-Content-Sha256', stated]], authorization, 'body')).toBe(false);
  });
});

describe('the refusal', () => {
  it('holds the canonical request on one line, with the security token redacted', () => {
    const verdict = verify(vector('N4'), { body: 'x' });
    expect(verdict).toMatchObject({ isAuthentic: false });
    const reason = verdict.isAuthentic ? '' : verdict.reason;
    expect(reason).toContain('verify aksk signature fail, canonicalRequest:GET|/v1/0123456789abcdef');
    expect(reason).toContain(`|x-security-token:***||content-type;host`);
    expect(reason).not.toContain('tok/EN');
    expect(reason).toMatch(/^[\x20-\x7e]+$/);
  });

  it('is bounded and printable, whatever was sent', () => {
    const sent = vector('N1');
    const verdict = verify(sent, { headers: withHeader(sent, 'host', `\u0001\u00ff${'h'.repeat(20_000)}`) });
    const reason = verdict.isAuthentic ? '' : verdict.reason;
    expect(reason.length).toBeLessThan(SIGNATURE_LIMITS.echo + 100);
    expect(reason).toMatch(/^[\x20-\x7e]+$/);
  });
});

describe('dates', () => {
  it('are read and written in one form', () => {
    expect(parseSdkDate(SIGNED_DATE)).toBe(Date.UTC(2026, 0, 2, 3, 4, 5));
    expect(formatSdkDate(Date.UTC(2026, 0, 2, 3, 4, 5, 999))).toBe(SIGNED_DATE);
  });

  it.each([
    '',
    '20260102T030405',
    '2026-01-02T03:04:05Z',
    '20261302T030405Z',
    '20260631T000000Z',
    '20260102T240000Z',
    '20260102T030405z',
    ' 20260102T030405Z',
    '20260102T030405Z\n',
  ])('are refused in any other: %j', (text) => {
    expect(parseSdkDate(text)).toBeUndefined();
  });
});
