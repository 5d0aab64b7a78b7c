import { createHmac, hash, type KeyObject } from 'node:crypto';
import { canonicalRequest, trimBlanks } from './canonical.ts';
import { formatSdkDate } from './sdk-date.ts';

/** A request that a client is about to send. */
export interface RequestToSign {
  readonly method: string;
  /** `http://host[:port]/path?query`. Signed in URL's normal form, dot segments resolved. */
  readonly url: string | URL;
  /** Sent and signed as well; names are case-insensitive, each once. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
  readonly accessKeyId: string;
  readonly secretKey: string | KeyObject;
  /** Sent as X-Project-Id. */
  readonly projectId?: string | undefined;
  /** Epoch milliseconds. */
  readonly nowMs: number;
}

const ALGORITHM = 'SDK-HMAC-SHA256';

/**
 * Signs a request with SDK-HMAC-SHA256, as the official SDKs do.
 * Returns all headers to send: the given ones, X-Sdk-Date, X-Project-Id and Authorization. Host is signed but not among
 * them, since every HTTP client sends it anyway.
 * @see API Gateway, AK/SK signing
 */
export function signRequest(request: RequestToSign): Record<string, string> {
  const url = new URL(request.url);
  const sent: Record<string, string> = { ...request.headers, 'X-Sdk-Date': formatSdkDate(request.nowMs) };
  if (request.projectId !== undefined) sent['X-Project-Id'] = request.projectId;
  const signed = new Map([['host', url.host]]);
  for (const [name, value] of Object.entries(sent)) signed.set(name.toLowerCase(), trimBlanks(value));
  const signedHeaders = [...signed.keys()].sort();
  const canonical = canonicalRequest(
    {
      method: request.method.toUpperCase(),
      target: `${url.pathname}${url.search}`,
      signedHeaders,
      values: signedHeaders.map((name) => Buffer.from(signed.get(name) ?? '').toString('latin1')),
      payloadHash: signed.get('x-sdk-content-sha256') ?? hash('sha256', request.body ?? '', 'hex'),
    },
    { path: 'decode', plus: 'literal' },
  );
  if (canonical === undefined) throw new TypeError('the URL has a percent sign that starts no escape');
  const canonicalHash = hash('sha256', Buffer.from(canonical, 'latin1'), 'hex');
  const signature = createHmac('sha256', request.secretKey)
    .update(`${ALGORITHM}\n${sent['X-Sdk-Date']}\n${canonicalHash}`)
    .digest('hex');
  const fields = `Access=${request.accessKeyId}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`;
  return { ...sent, Authorization: `${ALGORITHM} ${fields}` };
}
