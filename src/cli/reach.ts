import { StartError } from '../app/start-error.ts';
import { systemCode } from '../std/system-code.ts';
import { UsageError } from './flags.ts';

const TIMEOUT_MS = 30_000;

const EXAMPLE = 'such as http://127.0.0.1:4280';
/** This machine does not trust the certificate. @see Node's documentation of X509 certificate error codes */
const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);
/** One side speaks TLS and the other does not. */
const OTHER_PROTOCOL = new Set(['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']);

/**
 * Where a client command goes: the path below the endpoint. `signedUrl` is without the path of the endpoint itself: a
 * proxy removes that. Throws StartError (configuration) unless the endpoint is a
 * base address, and UsageError for a path that leads to another server.
 */
export function destinationAt(endpoint: string | undefined, path: string) {
  if (endpoint === undefined) throw new StartError('configuration', 'CSMS_ENDPOINT is not set');
  const { origin, prefix } = readEndpoint(endpoint);
  const signedUrl = URL.parse(path, origin);
  // The signed request is for this server alone.
  if (signedUrl === null || signedUrl.origin !== origin || URL.canParse(path)) {
    throw new UsageError('PATH must be a path on the server, such as /v1/{project_id}/secrets');
  }
  return { url: new URL(`${prefix}${signedUrl.pathname}${signedUrl.search}`, origin), signedUrl };
}

/** What is signed of an address: below the endpoint without the endpoint's own path. Throws StartError (configuration). */
export function signedUrlOf(endpoint: string | undefined, address: string): URL {
  const url = new URL(address);
  if (endpoint === undefined) return url;
  const { origin, prefix } = readEndpoint(endpoint);
  if (url.origin === origin && url.pathname.startsWith(`${prefix}/`)) {
    url.pathname = url.pathname.slice(prefix.length);
  }
  return url;
}

/** The path has no slash at its end. */
function readEndpoint(endpoint: string): { readonly origin: string; readonly prefix: string } {
  const url = /^https?:\/\//i.test(endpoint) ? URL.parse(endpoint) : null;
  if (url === null || /[?#@]/.test(endpoint)) {
    throw new StartError('configuration', `CSMS_ENDPOINT must be an address ${EXAMPLE}`);
  }
  return { origin: url.origin, prefix: url.pathname.replace(/\/+$/, '') };
}

/**
 * Sends a request and reads the response. Throws StartError that says why there is none: `taken` when the server cannot
 * be reached, `configuration` when the endpoint or the trust in its certificate is wrong.
 */
export async function reach(
  url: URL,
  request: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly body?: string | undefined;
    /** How long the response may take; half a minute without it. */
    readonly timeoutMs?: number;
  },
): Promise<{ readonly status: number; readonly headers: Headers; readonly text: string }> {
  const { body = null, headers, method, timeoutMs = TIMEOUT_MS } = request;
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, { method, headers, body, redirect: 'error', signal });
    return { status: response.status, headers: response.headers, text: await response.text() };
  } catch (error) {
    throw explain(error, url, timeoutMs);
  }
}

function explain(error: unknown, { origin, hostname, protocol }: URL, timeoutMs: number): StartError {
  const cause = error instanceof TypeError && error.cause instanceof Error ? error.cause : error;
  const code = systemCode(cause);
  const options = { cause: error };
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return new StartError('taken', `${origin} did not answer within ${timeoutMs / 1_000} s`, options);
  }
  if (UNTRUSTED.has(code)) {
    const remedy = 'set NODE_EXTRA_CA_CERTS to the file of the certificate or of its authority';
    return new StartError(
      'configuration',
      `the certificate of ${origin} is not trusted (${code}): ${remedy}`,
      options,
    );
  }
  if (code.startsWith('CERT_') || code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return new StartError('configuration', `the certificate of ${origin} is not accepted (${code})`, options);
  }
  const isOtherProtocol = OTHER_PROTOCOL.has(code) || code.startsWith('ERR_SSL') || code.startsWith('HPE_');
  if (isOtherProtocol) {
    const spoken = protocol === 'https:' ? 'does not speak HTTPS' : 'does not speak plain HTTP';
    return new StartError('configuration', `${origin} ${spoken} (${code}): see CSMS_ENDPOINT`, options);
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new StartError('taken', `${hostname} is not known (${code}): see CSMS_ENDPOINT`, options);
  }
  if (code === 'ECONNREFUSED') {
    return new StartError('taken', `nothing listens at ${origin} (${code}): is the server running?`, options);
  }
  const reason = code || (cause instanceof Error ? cause.message : 'unknown');
  return new StartError('taken', `${origin} cannot be reached (${reason})`, options);
}
