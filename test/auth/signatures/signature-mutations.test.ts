import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { formatSdkDate } from '../../../src/auth/signatures/sdk-date.ts';
import { AK, asRequest, authenticatorOf, NOW_MS, PROJECT_ID, refusal } from '../fixtures.ts';
import {
  at,
  BASE,
  BODY,
  bodyOf,
  DATE,
  type Header,
  MINUTES_15,
  NAMES,
  names,
  PATH,
  plus,
  QUERY,
  reAuthorized,
  type Sent,
  SIGNATURE,
  SIGNED,
  signature,
  signed,
  target,
  withHeader,
  without,
} from './mutations.ts';

/** Name, request. Everything here must be refused as unauthenticated. */
const UNAUTHENTICATED: readonly (readonly [string, Sent])[] = [
  ...SIGNED.filter(([name]) => name !== 'x-sdk-date').flatMap(([name, value]) => [
    [`${name} changed`, withHeader(name, `${value}x`)] as const,
    [
      `${name} in other case`,
      withHeader(name, value === value.toUpperCase() ? `${value}A` : value.toUpperCase()),
    ] as const,
    [`${name} empty`, withHeader(name, '')] as const,
    [`${name} removed`, without(name)] as const,
    [`${name} doubled with the same value`, plus([name, value])] as const,
    [`${name} doubled with another value, in another case`, plus([name.toUpperCase(), 'x'])] as const,
  ]),
  [
    'x-project-id exchanged with host',
    withHeader('host', PROJECT_ID, withHeader('x-project-id', 'csms.example:4280')),
  ],
  ['inner blank of a header doubled', withHeader('user-agent', 'mutation  1.0')],
  ['x-sdk-date a second later', withHeader('x-sdk-date', formatSdkDate(NOW_MS + 1000))],
  ['x-sdk-date removed', without('x-sdk-date')],
  ['x-sdk-date doubled', plus(['X-Sdk-Date', DATE])],
  ['x-sdk-date 15 minutes and a second old', at(-MINUTES_15 - 1000)],
  ['x-sdk-date 15 minutes and a second ahead', at(MINUTES_15 + 1000)],
  ['x-sdk-date a year old', at(-365 * 86_400_000)],
  ['x-sdk-date in ISO form, well signed', signed({ date: '2026-01-02T03:04:05Z' })],
  ['x-sdk-date with a thirteenth month, well signed', signed({ date: '20261302T030405Z' })],
  ['x-sdk-date empty, well signed', signed({ date: '' })],
  ['Authorization doubled', plus(['Authorization', BASE.authorization])],
  ['Authorization doubled in another case, another scheme', plus(['AUTHORIZATION', 'Bearer x'])],
  ['method changed', { ...BASE, method: 'PUT' }],
  ['method in lower case', { ...BASE, method: 'post' }],
  ['query value changed', target(`${PATH}?a=2&b=x%20y&b=z`)],
  ['query name changed', target(`${PATH}?A=1&b=x%20y&b=z`)],
  ['query value in other case', target(`${PATH}?a=1&b=X%20y&b=z`)],
  ['query parameter doubled', target(`${PATH}?a=1&a=1&b=x%20y&b=z`)],
  ['query parameter removed', target(`${PATH}?a=1&b=x%20y`)],
  ['query parameter added', target(`${PATH}${QUERY}&c=`)],
  ['query removed', target(PATH)],
  ['query with another blank', target(`${PATH}?a=1&b=x%09y&b=z`)],
  ['query escaped twice', target(`${PATH}?a=1&b=x%2520y&b=z`)],
  ['query separated by semicolons', target(`${PATH}?a=1;b=x%20y;b=z`)],
  ['query with a second question mark', target(`${PATH}??a=1&b=x%20y&b=z`)],
  ['query with a broken escape', target(`${PATH}?a=1&b=x%2&b=z`)],
  ['path with a doubled slash', target(`/${PATH}${QUERY}`)],
  ['path with a dot segment', target(`/v1/./${PROJECT_ID}/secrets/a~b${QUERY}`)],
  ['path with a double-dot segment', target(`/v1/x/../${PROJECT_ID}/secrets/a~b${QUERY}`)],
  ['path with an escaped slash', target(`/v1/${PROJECT_ID}/secrets%2Fa~b${QUERY}`)],
  ['path with two slashes at its end', target(`${PATH}//${QUERY}`)],
  ['path in other case', target(`/V1/${PROJECT_ID}/secrets/a~b${QUERY}`)],
  ['path of another project', target(`/v1/${'f'.repeat(32)}/secrets/a~b${QUERY}`)],
  ['path with a broken escape', target(`/v1/${PROJECT_ID}/secrets/a~b%${QUERY}`)],
  ['path with half an escape', target(`/v1/${PROJECT_ID}/secrets/a%7${QUERY}`)],
  ['path escaped twice', target(`/v1/${PROJECT_ID}/secrets/a%257Eb${QUERY}`)],
  ['path with a NUL', target(`/v1/${PROJECT_ID}/secrets/a~b%00${QUERY}`)],
  ['target in absolute form', target(`http://csms.example:4280${PATH}${QUERY}`)],
  ['target of an asterisk', target('*')],
  ['target empty', target('')],
  ['target above its bound', target(`${PATH}?${'a'.repeat(40_000)}`)],
  ['body changed', bodyOf('{"name":"db-pass","secret_string":"naive"}')],
  ['body empty', bodyOf('')],
  ['body with a newline more', { ...BASE, body: Buffer.concat([BODY, Buffer.from('\n')]) }],
  ['body in latin1', { ...BASE, body: Buffer.from(BODY.toString('utf8'), 'latin1') }],
  ['body in UTF-16', { ...BASE, body: Buffer.from(BODY.toString('utf8'), 'utf16le') }],
  ['UNSIGNED-PAYLOAD added', plus(['X-Sdk-Content-Sha256', 'UNSIGNED-PAYLOAD'])],
  ['a lying hash of the body added', plus(['X-Sdk-Content-Sha256', hash('sha256', 'x', 'hex')])],
  [
    'the true hash stated, another body',
    { ...plus(['X-Sdk-Content-Sha256', hash('sha256', BODY, 'hex')]), body: Buffer.from('x') },
  ],
  [
    'the stated hash doubled',
    plus(['X-Sdk-Content-Sha256', hash('sha256', BODY, 'hex')], ['x-sdk-content-sha256', 'UNSIGNED-PAYLOAD']),
  ],
  ['SignedHeaders in another order', names('host;content-type;user-agent;x-project-id;x-sdk-date')],
  ['SignedHeaders with a name less', names('content-type;host;user-agent;x-sdk-date')],
  [
    'SignedHeaders with one more, present',
    { ...plus(['accept', '*/*']), authorization: names(`accept;${NAMES}`).authorization },
  ],
  ['SignedHeaders naming an absent header', names(`accept;${NAMES}`)],
  ['an absent header signed as empty', signed({ names: ['accept', ...SIGNED.map(([name]) => name)] })],
  ['SignedHeaders naming __proto__', names(`__proto__;${NAMES}`)],
  ['algorithm SDK-HMAC-SM3', reAuthorized((header) => header.replace('SHA256', 'SM3'))],
  ['algorithm SDK-ECDSA-P256-SHA256', reAuthorized((header) => header.replace('HMAC', 'ECDSA-P256'))],
  [
    'algorithm V11-HMAC-SHA256',
    reAuthorized((header) =>
      header.replace('SDK-', 'V11-').replace(`Access=${AK}`, `Credential=${AK}/20260102/r/s`),
    ),
  ],
  ['signature in upper case', signature(SIGNATURE.toUpperCase())],
  ['signature short by a digit', signature(SIGNATURE.slice(1))],
  ['signature short by a byte', signature(SIGNATURE.slice(2))],
  ['signature long by a byte', signature(`${SIGNATURE}00`)],
  ['signature with a letter that is no digit', signature(`g${SIGNATURE.slice(1)}`)],
  ['signature cut by a letter that is no digit', signature(`${SIGNATURE.slice(0, 62)}zz`)],
  ['signature of zeros', signature('0'.repeat(64))],
  ['signature in base64', signature(Buffer.from(SIGNATURE, 'hex').toString('base64url'))],
  ['access key unknown', reAuthorized((header) => header.replace(AK, 'CSMSTESTAK0000000002'))],
  ['access key in other case', reAuthorized((header) => header.replace(AK, AK.toLowerCase()))],
  ['access key of another user', reAuthorized((header) => header.replace(AK, 'AccessKey'))],
  ['access key named __proto__', reAuthorized((header) => header.replace(AK, '__proto__'))],
  ['secret key with a blank more', signed({ secretKey: 'csmsTestSecretKey00000000000000000000001 ' })],
  ['secret key empty', signed({ secretKey: '' })],
];

/** Refused for the shape of the credential alone. */
const UNSUPPORTED: readonly (readonly [string, Sent])[] = [
  ['SignedHeaders empty', names('')],
  ['SignedHeaders missing', reAuthorized((header) => header.replace(`SignedHeaders=${NAMES}, `, ''))],
  ['SignedHeaders with a duplicate', names(`host;${NAMES}`)],
  ['SignedHeaders in upper case', names(NAMES.toUpperCase())],
  ['SignedHeaders with blanks', names(NAMES.replaceAll(';', '; '))],
  ['SignedHeaders with an empty name', names(`;${NAMES}`)],
  ['SignedHeaders separated by commas', names(NAMES.replaceAll(';', ','))],
  ['SignedHeaders without x-sdk-date, well signed', signed({ names: ['content-type', 'host'] })],
  [
    'SignedHeaders with 65 names',
    names(`${Array.from({ length: 60 }, (_, index) => `x-${index}`).join(';')};${NAMES}`),
  ],
  ['Access missing', reAuthorized((header) => header.replace(`Access=${AK}, `, ''))],
  ['Access empty', reAuthorized((header) => header.replace(AK, ''))],
  ['Access of 129 characters', reAuthorized((header) => header.replace(AK, 'A'.repeat(129)))],
  ['Access with a slash', reAuthorized((header) => header.replace(AK, `${AK}/20260102/r/s`))],
  ['Access not printable', reAuthorized((header) => header.replace(AK, `A\u0080`))],
  ['Access doubled', reAuthorized((header) => `${header}, Access=${AK}`)],
  ['Credential in place of Access', reAuthorized((header) => header.replace('Access', 'Credential'))],
  ['an unknown field', reAuthorized((header) => `${header}, Realm=x`)],
  ['fields in lower case', reAuthorized((header) => header.replace('Access', 'access'))],
  ['fields separated by semicolons', reAuthorized((header) => header.replaceAll(', ', '; '))],
  ['Signature missing', reAuthorized((header) => header.replace(/, Signature=.*/, ''))],
  ['Signature empty', signature('')],
  ['Signature of 257 characters', signature('a'.repeat(257))],
  ['a comma at the end', reAuthorized((header) => `${header},`)],
  ['nothing but the algorithm', reAuthorized(() => 'SDK-HMAC-SHA256')],
  ['algorithm in lower case', reAuthorized((header) => header.replace('SDK-HMAC-SHA256', 'sdk-hmac-sha256'))],
  ['algorithm unknown', reAuthorized((header) => header.replace('SHA256', 'SHA1'))],
  ['algorithm SDK-SM2-SM3', reAuthorized((header) => header.replace('HMAC-SHA256', 'SM2-SM3'))],
  [
    'V11 without a scope',
    reAuthorized((header) => header.replace('SDK-', 'V11-').replace('Access', 'Credential')),
  ],
  ['a header of 9,000 characters', reAuthorized((header) => `${header}${'0'.repeat(9_000)}`)],
];

/** Canonically equal, or outside the signature: accepted. */
const ACCEPTED: readonly (readonly [string, Sent])[] = [
  ['as signed', BASE],
  ['query reordered', target(`${PATH}?b=z&b=x%20y&a=1`)],
  ['query with empty parts', target(`${PATH}?&a=1&&b=x%20y&b=z&`)],
  ['query with + for a blank', target(`${PATH}?a=1&b=x+y&b=z`)],
  ['query with a needless escape', target(`${PATH}?%61=1&b=x%20y&b=z`)],
  ['path with %7E for ~', target(`/v1/${PROJECT_ID}/secrets/a%7eb${QUERY}`)],
  ['path with a slash at its end', target(`${PATH}/${QUERY}`)],
  [
    'header names in other case',
    { ...BASE, headers: BASE.headers.map(([name, value]) => [name.toUpperCase(), value]) },
  ],
  ['headers reordered', { ...BASE, headers: BASE.headers.toReversed() }],
  ['an unsigned header added', plus(['x-request-id', '1'])],
  ['an unsigned header doubled', plus(['accept', 'a'], ['accept', 'b'])],
  ['the true hash stated', plus(['X-Sdk-Content-Sha256', hash('sha256', BODY, 'hex')])],
  ['the other hash header, which this algorithm does not know', plus(['X-Sdk-Content-Sm3', 'x'])],
  ['x-sdk-date 15 minutes old', at(-MINUTES_15)],
  ['x-sdk-date 15 minutes ahead', at(MINUTES_15)],
  ['only x-sdk-date signed', signed({ names: ['x-sdk-date'] })],
  ['signed headers in no order', signed({ names: ['x-sdk-date', 'host'] })],
  ['no blanks between the fields', reAuthorized((header) => header.replaceAll(', ', ','))],
  [
    'fields in another order',
    reAuthorized((header) => header.replace(/^(\S+) (Access=\S+), (.*)$/, '$1 $3, $2')),
  ],
];

const authenticator = authenticatorOf();

function outcome(sent: Sent): { readonly code: string; readonly message: string } {
  const headers: Header[] = [['Authorization', sent.authorization], ...sent.headers];
  return refusal(asRequest({ ...sent, headers }), authenticator);
}

describe('mutations of a valid request', () => {
  it('are at least 60 in number', () => {
    expect(UNAUTHENTICATED.length + UNSUPPORTED.length).toBeGreaterThanOrEqual(60);
  });

  it.each(UNAUTHENTICATED)('refuses as unauthenticated: %s', (_name, sent) => {
    const { code, message } = outcome(sent);
    expect(code).toBe('unauthenticated');
    expect(message).toMatch(
      /^(?:verify aksk signature fail, |calc aksk signature fail:|Get secretKey failed,ak:)/,
    );
  });

  it.each(UNSUPPORTED)('refuses as unsupported credentials: %s', (_name, sent) => {
    const { code, message } = outcome(sent);
    expect(code).toBe('credentials-unsupported');
    expect(message).not.toBe('');
    expect(message.length).toBeLessThan(300);
  });

  it.each(ACCEPTED)('accepts: %s', (_name, sent) => {
    expect(outcome(sent).code).toBe('accepted');
  });
});
