import { StartError } from '../app/start-error.ts';
import { UsageError } from './flags.ts';

const TIMEOUT_MS = 30_000;

const EXAMPLE = 'such as http://127.0.0.1:4280';
/** The certificate is not one that this machine trusts. @see Node's documentation of X509 certificate error codes */
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
 * Where a client command goes. Throws StartError (configuration) for an endpoint that is missing or no address, and
 * UsageError for a path that leads to another server.
 */
export function urlAt(endpoint: string | undefined, path: string): URL {
  if (endpoint === undefined) throw new StartError('configuration', 'CSMS_ENDPOINT is not set');
  const base = `${endpoint.replace(/\/+$/, '')}/`;
  if (!/^https?:\/\//i.test(base) || !URL.canParse(path, base)) {
    throw new StartError('configuration', `CSMS_ENDPOINT must be an address ${EXAMPLE}`);
  }
  const url = new URL(path, base);
  // What is signed and sent is for nobody else.
  if (url.origin !== new URL(base).origin) {
    throw new UsageError('PATH must be a path on the server, such as /v1/{project_id}/secrets');
  }
  return url;
}

/**
 * Sends a request and reads the answer. Throws StartError that says why there is none: `taken` when the server cannot be
 * reached, `configuration` when the endpoint or the trust in its certificate is wrong.
 */
export async function reach(
  url: URL,
  request: { readonly method: string; readonly headers: Record<string, string>; readonly body?: string },
): Promise<{ readonly status: number; readonly headers: Headers; readonly text: string }> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(url, { ...request, redirect: 'error', signal });
    return { status: response.status, headers: response.headers, text: await response.text() };
  } catch (error) {
    throw explain(error, url);
  }
}

function explain(error: unknown, { origin, hostname, protocol }: URL): StartError {
  const cause = error instanceof TypeError && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const options = { cause: error };
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return new StartError('taken', `${origin} did not answer within ${TIMEOUT_MS / 1_000} s`, options);
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
