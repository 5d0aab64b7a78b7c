import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { parse as parseJson } from 'secure-json-parse';
import type { Caller, RawRequest } from '../../app/ports/deps.ts';
import { invalidParameter, SecretError, unavailable } from '../../core/errors.ts';
import { clientCertificateOf } from '../connections/client-certificate.ts';
import { connectionOf } from '../connections/connection.ts';
import { readQuery } from '../connections/target.ts';
import type { ServerOptions } from '../server-options.ts';
import { HEADERS_MAX } from '../wire/limits.ts';

/** Headers of every response: nothing is cached, sniffed, framed or referred to. */
const RESPONSE_HEADERS = Object.freeze({
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
});
const TLS_HEADER = 'max-age=31536000';

/** Headers that decide who is calling or how to read the body: repeating one is an attack or a mistake. */
const SINGLE_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'content-length',
  'content-type',
  'host',
  'x-auth-token',
  'x-project-id',
  'x-sdk-content-sha256',
  'x-sdk-content-sm3',
  'x-sdk-date',
  'x-security-token',
]);

const PROJECT_ID = /^[0-9a-z]{32}$/;
const JSON_MEDIA_TYPE = /^application\/json[ \t]*(?:;|$)/i;

/** Sets the headers of every response. */
export function setResponseHeaders(request: FastifyRequest, reply: FastifyReply, tls: boolean): void {
  reply.header('x-request-id', request.id).headers(RESPONSE_HEADERS);
  if (tls) reply.header('strict-transport-security', TLS_HEADER);
}

/**
 * Refuses requests with too many or ambiguous headers, or without a host. Throws headers-too-large, request-malformed.
 */
export function checkHeaders({ rawHeaders, headers, httpVersion }: IncomingMessage): void {
  if (httpVersion === '1.1' && headers.host === undefined) throw new SecretError('request-malformed');
  if (rawHeaders.length > HEADERS_MAX * 2) throw new SecretError('headers-too-large');
  // Node keeps one entry for each name, so as many entries as lines means that no name is repeated.
  if (Object.keys(headers).length * 2 === rawHeaders.length) return;
  const seen = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    if (!SINGLE_HEADERS.has(name)) continue;
    if (seen.has(name)) throw new SecretError('request-malformed', `The header ${name} is given twice.`);
    seen.add(name);
  }
}

/** Refuses a body of another media type before it is read. A missing type counts as JSON. Throws media-type. */
export function checkMediaType(request: FastifyRequest): void {
  const mediaType = request.headers['content-type'];
  if (mediaType === undefined || !hasBody(request) || JSON_MEDIA_TYPE.test(mediaType)) return;
  throw new SecretError('media-type', 'Send the body with Content-Type: application/json.');
}

/**
 * Refuses a body without a media type and without credentials: pages of other sites can send such a body, and no client
 * does. Throws media-type.
 */
export function requireMediaType(request: FastifyRequest): void {
  if (request.headers['content-type'] !== undefined || !hasBody(request)) return;
  throw new SecretError('media-type', 'Send the body with Content-Type: application/json.');
}

/**
 * The JSON in a request's body; undefined without one. The bytes stay as they are for the signature.
 * Throws invalid-body with one fixed text: a parser's own message quotes what it read.
 */
export function parseBody(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  try {
    if (!isUtf8(bytes)) throw new TypeError();
    return parseJson(bytes.toString(), undefined, { protoAction: 'error', constructorAction: 'ignore' });
  } catch {
    throw new SecretError('invalid-body', 'The body must be JSON in UTF-8.');
  }
}

/**
 * Refuses null where a body is expected: a client with nothing to say sends no body, which counts as `{}` where it is
 * optional.
 * Throws invalid-body.
 */
export function requireBody(request: FastifyRequest): void {
  if (request.body === undefined && request.labels?.isBodyOptional === true) request.body = {};
  if (request.body !== null || request.routeOptions.schema?.body === undefined) return;
  throw new SecretError('invalid-body', 'The body must be a JSON object.');
}

/**
 * Authenticates a request, counts it against the caller's rate, checks its project, and sets its caller and dependencies.
 * Throws unauthenticated, credentials-unsupported, token-expired, throttled, project-forbidden, invalid-parameter,
 * unavailable.
 */
export function authenticate(
  request: FastifyRequest,
  reply: FastifyReply,
  options: Pick<ServerOptions, 'authenticator' | 'depsFor' | 'takeRequest'>,
): void {
  const caller = options.authenticator.authenticate(rawRequestOf(request));
  // The credentials became valid while the body was discarded: a retry will succeed.
  if (request.isBodyDropped) {
    throw unavailable('its credentials became good too late for its body');
  }
  // A browser shows its certificate for the pages of any site.
  if (caller.method === 'certificate') requireMediaType(request);
  request.caller = caller;
  if (caller.plus === 'literal') readQueryAgain(request);
  const connection = connectionOf(request.raw.socket);
  if (connection !== undefined) connection.isKnown = true;
  options.takeRequest(caller);
  requireProject(request, caller);
  const { operation = 'none' } = request.labels ?? {};
  if (operation === 'none') throw new SecretError('internal');
  request.deps = options.depsFor(caller, {
    operation,
    requestId: request.id,
    address: request.ip,
    elapsedMs: reply.elapsedTime,
    connection: request.raw.socket,
  });
}

/** A request as it was received, for authentication. */
export function rawRequestOf(request: FastifyRequest): RawRequest {
  const { method, url: target, rawHeaders } = request.raw;
  return {
    method: method ?? '',
    target: target ?? '',
    rawHeaders,
    headers: request.headers,
    body: request.rawBody,
    certificate: clientCertificateOf(request.raw.socket),
  };
}

/** The router reads every `+` as a space; this one was signed as itself. */
function readQueryAgain(request: FastifyRequest): void {
  const mark = request.url.indexOf('?');
  const query = mark < 0 ? '' : request.url.slice(mark + 1);
  if (query.includes('+')) request.query = readQuery(query, 'literal');
}

function requireProject(request: FastifyRequest, caller: Caller): void {
  // Routes outside a project have no such parameter.
  const { project_id: projectId } = request.params as { project_id?: string };
  if (projectId === undefined) return;
  if (projectId.startsWith('{')) {
    throw invalidParameter('project_id', 'is missing: the client was built without a project id');
  }
  const named = request.headers['x-project-id'];
  const consistent = named === undefined || named === '' || named === projectId;
  if (consistent && caller.projectIds.has(projectId)) return;
  // What has not the form of an id may be anything, such as a misplaced secret.
  const shown = PROJECT_ID.test(projectId) ? `project ${projectId}` : 'what the path names as project';
  const logReason = consistent
    ? `${shown} is none of the caller's; ${describeProjects(caller)}`
    : 'X-Project-Id names another project than the path';
  throw new SecretError('project-forbidden', '', { logReason });
}

function describeProjects({ method, projectIds }: Caller): string {
  const [own, whose] = method === 'token' ? ['the token has', "the token's"] : ['the user has', "the user's"];
  const ids = [...projectIds].slice(0, 3).join(', ');
  return ids === '' ? `${own} none` : `${whose}: ${ids}`;
}

function hasBody({ headers }: FastifyRequest): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}
