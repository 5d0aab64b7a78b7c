import { hash } from 'node:crypto';
import { formatSdkDate } from '../../../src/auth/signatures/sdk-date.ts';
import { authorizationOf, NOW_MS, PROJECT_ID } from '../fixtures.ts';

/** A header field: name and value. */
export type Header = readonly [string, string];

/** A request on its way. */
export interface Sent {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly Header[];
  readonly authorization: string;
  readonly body: Buffer;
}

/** Holds a character of two bytes. */
export const BODY = Buffer.from('{"name":"db-pass","secret_string":"naïve"}');
/** Holds a character that may be written in two ways. */
export const PATH = `/v1/${PROJECT_ID}/secrets/a~b`;
/** X-Sdk-Date of the base request. */
export const DATE = formatSdkDate(NOW_MS);
/** All headers of the base request; all are signed. */
export const SIGNED: readonly Header[] = [
  ['content-type', 'application/json'],
  ['host', 'csms.example:4280'],
  ['user-agent', 'mutation 1.0'],
  ['x-project-id', PROJECT_ID],
  ['x-sdk-date', DATE],
];
/** The valid request that is changed. */
export const BASE = signed({});
/** Its SignedHeaders. */
export const NAMES = SIGNED.map(([name]) => name).join(';');
/** Its signature. */
export const SIGNATURE = BASE.authorization.split('Signature=')[1] ?? '';

/** A well-signed request, with some of its parts replaced before it is signed. */
export function signed(parts: {
  readonly headers?: readonly Header[];
  readonly date?: string;
  readonly names?: readonly string[];
  readonly accessKeyId?: string;
  readonly secretKey?: string;
  readonly payloadHash?: string;
  readonly query?: string;
}): Sent {
  const all = (parts.headers ?? SIGNED).map(
    (header): Header =>
      header[0] === 'x-sdk-date' && parts.date !== undefined ? [header[0], parts.date] : header,
  );
  const names = parts.names ?? SIGNED.map(([name]) => name);
  const authorization = authorizationOf({
    method: 'POST',
    canonicalUri: `${PATH}/`,
    canonicalQuery: parts.query ?? 'a=1&b=x%20y&b=z',
    signed: names.map((name) => all.find((header) => header[0] === name) ?? [name, '']),
    payloadHash: parts.payloadHash ?? hash('sha256', BODY, 'hex'),
    ...(parts.accessKeyId === undefined ? {} : { accessKeyId: parts.accessKeyId }),
    ...(parts.secretKey === undefined ? {} : { secretKey: parts.secretKey }),
  });
  return { method: 'POST', target: `${PATH}?a=1&b=x%20y&b=z`, headers: all, authorization, body: BODY };
}

/** The request with another value of one header. */
export function withHeader(name: string, value: string, sent: Sent = BASE): Sent {
  return { ...sent, headers: sent.headers.map((header) => (header[0] === name ? [name, value] : header)) };
}

/** The base request without one header. */
export function without(name: string): Sent {
  return { ...BASE, headers: BASE.headers.filter((header) => header[0] !== name) };
}

/** The base request with more headers. */
export function plus(...extra: readonly Header[]): Sent {
  return { ...BASE, headers: [...BASE.headers, ...extra] };
}

/** The base request with another target. */
export function target(text: string): Sent {
  return { ...BASE, target: text };
}

/** The base request with a changed Authorization header. */
export function reAuthorized(change: (header: string) => string): Sent {
  return { ...BASE, authorization: change(BASE.authorization) };
}

/** The base request with other SignedHeaders. */
export function names(list: string): Sent {
  return reAuthorized((header) => header.replace(NAMES, list));
}

/** The base request with another signature. */
export function signature(text: string): Sent {
  return reAuthorized((header) => header.replace(SIGNATURE, text));
}

/** The query of the base request. */
export const QUERY = '?a=1&b=x%20y&b=z';
/** The base request with another body. */
export const bodyOf = (text: string): Sent => ({ ...BASE, body: Buffer.from(text) });
/** A well-signed request whose date is that far from now. */
export const at = (offsetMs: number): Sent => signed({ date: formatSdkDate(NOW_MS + offsetMs) });
/** The window of the clock, in milliseconds. */
export const MINUTES_15 = 15 * 60_000;
