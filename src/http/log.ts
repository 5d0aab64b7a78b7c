import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorCode, SecretError } from '../core/errors.ts';
import { isSecretName } from '../core/names.ts';
import type { RouteLabels } from './context.ts';

/** Where lines go that are made here. */
export interface RequestLog {
  /** Lines of a lower level are not wanted. */
  readonly levelMin: number;
  /** Takes one line, its line feed included. */
  write(line: string): void;
}

const LEVEL = { info: 30, warn: 40 } as const;
/** Their messages repeat what an unknown caller sent, and that may be a key in the wrong place. */
const UNTRUSTED: ReadonlySet<ErrorCode> = new Set(['unauthenticated', 'credentials-unsupported']);
const REASON_CHARACTERS_MAX = 300;

/**
 * Writes one line for a finished request, from an allow-list: the route's pattern and never the path, no query, no
 * header, no body. The line is made by a template, since a general logger takes ten times as long; every text that is
 * not the program's own is escaped.
 */
export function logRequest(
  log: RequestLog,
  request: FastifyRequest,
  { reply, labels }: { readonly reply: FastifyReply; readonly labels: RouteLabels },
): void {
  const { caller, refusal } = request;
  const status = reply.statusCode;
  const level = status >= 500 ? LEVEL.warn : LEVEL.info;
  if (level < log.levelMin) return;
  // What the caller named counts only once the project is one of its own.
  const isTrusted = request.deps !== undefined;
  const projectId = isTrusted ? (request.params as { project_id?: string }).project_id : undefined;
  const secretName = isTrusted ? secretNameOf(request, labels.operation) : undefined;
  log.write(
    `{"level":${level},"time":${Date.now()},"requestId":"${request.id}",` +
      `"method":${JSON.stringify(request.method)}${text('route', labels.url)}${text('projectId', projectId)}` +
      `${text('secretName', secretName)}${text('user', caller?.userName)}${text('userId', caller?.userId)}` +
      `${text('accessKeyId', caller?.accessKeyId)}${text('address', request.ip)},"status":${status}` +
      `${text('errorCode', refusal?.code)}${text('reason', refusal?.reason)}` +
      `,"durationMs":${Math.round(reply.elapsedTime * 100) / 100},"msg":"request"}\n`,
  );
}

/** What the log says of an error beside its code: the operator's reason, else what the caller was told. */
export function logReasonOf(error: SecretError): string | undefined {
  const shown = UNTRUSTED.has(error.code) ? undefined : error.message;
  return (error.logReason ?? shown)?.slice(0, REASON_CHARACTERS_MAX) || undefined;
}

/** Only what has the form of a name: anything else could be a value in the wrong place. */
function secretNameOf(request: FastifyRequest, operation: string): string | undefined {
  const { secret_name: inPath } = request.params as { secret_name?: string };
  const body = request.body as { name?: unknown } | null | undefined;
  const name = operation === 'CreateSecret' ? body?.name : inPath;
  return typeof name === 'string' && isSecretName(name) ? name : undefined;
}

function text(name: string, value: string | undefined): string {
  return value === undefined ? '' : `,"${name}":${JSON.stringify(value)}`;
}
