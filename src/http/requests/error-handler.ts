import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, SecretError } from '../../core/errors.ts';
import { nodeHttp } from '../../std/node-http.ts';
import { logReasonOf } from '../observability/log.ts';
import { ERROR_TABLE, HINTS, NOT_FOUND_CODES, type WireRow } from '../wire/error-table.ts';
import { kmsRow } from '../wire/kms-errors.ts';
import type { ErrorFamily } from './context.ts';

/** An error as it is sent. */
export interface WireError {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const MESSAGE_CHARACTERS_MAX = 512;
/** Failures with a known cause: the request's own line says everything. */
const EXPECTED: ReadonlySet<ErrorCode> = new Set(['unavailable', 'storage-full']);

/** Fastify's refusals, as ours. Anything else that Fastify refuses with a 4xx is a malformed request. */
const FRAMEWORK_CODES: Readonly<Record<string, ErrorCode>> = Object.freeze({
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media-type',
  FST_ERR_BAD_URL: 'request-malformed',
  FST_ERR_MAX_PARAM_LENGTH: 'uri-too-large',
  FST_ERR_ASYNC_CONSTRAINT: 'request-malformed',
});

/**
 * Turns an error into status and body. `notFoundStatus` replaces the 404 of missing secrets, versions and stages. The
 * body only holds the code's fixed sentence and the detail that our own code wrote.
 */
export function toWireError(
  error: SecretError,
  options: { readonly family: ErrorFamily; readonly requestId: string; readonly notFoundStatus: number },
): WireError {
  const row = options.family === 'kms' ? kmsRow(error) : ERROR_TABLE[error.code];
  const status = NOT_FOUND_CODES.has(error.code) ? options.notFoundStatus : row.status;
  const { code, origin } = row;
  return toErrorResponse({ status, code, origin, message: wireMessage(error, row) }, options);
}

/** The response that says so in the family's shape. */
export function toErrorResponse(
  { code, message, origin, status }: Omit<WireRow, 'sentence'> & { readonly message: string },
  { family, requestId }: { readonly family: ErrorFamily; readonly requestId: string },
): WireError {
  if (family === 'iam') {
    return {
      status,
      body: { error: { code: status, message, title: nodeHttp.STATUS_CODES[status] ?? 'Error' } },
    };
  }
  const flat =
    origin === 'gateway'
      ? { error_msg: message, error_code: code, request_id: requestId }
      : { error_code: code, error_msg: message };
  if (family === 'flat') return { status, body: flat };
  // The Node SDK reads `code` and `message`; the documents have error_code and error_msg.
  return { status, body: { error: { ...flat, code, message }, ...flat } };
}

/** Handles every failure: logs what is not the caller's fault, responds in the family's shape. */
export function createErrorHandler(options: { readonly notFoundStatus: number }) {
  return (thrown: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): void => {
    const error = toSecretError(thrown);
    const family = request.routeOptions.config.errorFamily ?? 'flat';
    const { status, body } = toWireError(error, { family, requestId: request.id, ...options });
    const { error_code: code = error.code } = body as { error_code?: string };
    request.refusal = { code, reason: logReasonOf(error) };
    if (status >= 500 && !EXPECTED.has(error.code))
      logFailure(request, error, { thrown, message: 'request failed' });
    if (error.code === 'unavailable' || error.code === 'throttled') {
      reply.header('Retry-After', String(error.retryAfterSeconds ?? 1));
    }
    reply.code(status).type('application/json').serializer(JSON.stringify).send(body);
  };
}

/** The text of an error, wherever it is sent: the code's fixed sentence and the detail that our own code wrote. */
export function wireMessage(error: SecretError, row: WireRow = ERROR_TABLE[error.code]): string {
  const message = [row.sentence, error.message, HINTS[error.code]].filter(Boolean).join(' ');
  return message.slice(0, row.origin === 'service' ? MESSAGE_CHARACTERS_MAX : undefined);
}

/** Any error as one of ours. The text of foreign errors is dropped: it may quote the request. */
function toSecretError(thrown: FastifyError | Error): SecretError {
  if (thrown instanceof SecretError) return thrown;
  if ('validation' in thrown && thrown.validation) {
    return validationError(thrown.validation, thrown.validationContext === 'body');
  }
  const code = 'code' in thrown ? String(thrown.code) : '';
  const known = FRAMEWORK_CODES[code];
  if (known !== undefined) return new SecretError(known);
  const status = 'statusCode' in thrown ? thrown.statusCode : undefined;
  if (code.startsWith('FST_ERR_') && status !== undefined && status < 500)
    return new SecretError('request-malformed');
  return new SecretError('internal');
}

/** A schema's refusal as one of our errors: names the field and the rule, never the value. */
export function validationError(
  problems: NonNullable<FastifyError['validation']>,
  isBody: boolean,
): SecretError {
  const [first] = problems;
  if (first === undefined) return new SecretError('invalid-parameter');
  const path = first.instancePath.slice(1).replaceAll('/', '.');
  if (isBody && path === '' && first.keyword === 'type') {
    return new SecretError('invalid-body', 'The body must be a JSON object.');
  }
  const name = path.slice(0, 64) || (isBody ? 'The body' : 'The request');
  return new SecretError(
    first.keyword === 'required' ? 'parameter-missing' : 'invalid-parameter',
    `${name} ${(first.message ?? 'is invalid').replace(',null', ' or null')}.`,
    { parameter: path },
  );
}

/** Logs why a response was cut off after its beginning, and keeps that for the line of its request. */
export function logCutOff(request: FastifyRequest, thrown: Error): void {
  const error = toSecretError(thrown);
  request.refusal = { code: error.code, reason: logReasonOf(error) };
  logFailure(request, error, { thrown, message: 'an answer was cut off' });
}

function logFailure(
  request: FastifyRequest,
  error: SecretError,
  { thrown, message }: { readonly thrown: Error; readonly message: string },
): void {
  const cause = error.cause instanceof Error ? error.cause : thrown;
  const stack = framesOf(cause);
  request.log.error({ requestId: request.id, code: error.code, type: cause.name, stack }, message);
}

/** Where an error was thrown, for the log: without its message, which may quote a parameter. */
export function framesOf({ message, stack }: Error): string | undefined {
  return stack
    ?.replace(message, '')
    .split('\n')
    .filter((line) => line.trimStart().startsWith('at '))
    .join('\n');
}
