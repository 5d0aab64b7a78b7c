import type { FastifyRequest } from 'fastify';
import type { ErrorCode, SecretError } from '../../core/errors.ts';
import { isSecretName } from '../../core/names.ts';
import type { Refusal, RouteLabels } from '../requests/context.ts';

/** Where the lines formatted here go. */
export interface RequestLog {
  /** The lowest level that is logged. */
  readonly levelMin: number;
  /** Takes one line, its line feed included. */
  write(line: string): void;
}

const LEVEL = { info: 30, warn: 40 } as const;
/** Their messages repeat what an unknown caller sent, which may be a misplaced key. */
const UNTRUSTED: ReadonlySet<ErrorCode> = new Set(['unauthenticated', 'credentials-unsupported']);
const REASON_CHARACTERS_MAX = 300;

/** How a request ended. */
export interface RequestEnd {
  readonly status: number;
  readonly durationMs: number;
  readonly labels: RouteLabels;
  readonly refusal: Refusal | undefined;
}

/**
 * Writes one line for a request that has ended, from an allow-list: the route's pattern and never the path, no query, no
 * header, no body. The line is made by a template, since a general logger takes ten times as long; every text from
 * outside is escaped.
 */
export function logRequest(
  log: RequestLog,
  request: FastifyRequest,
  { status, durationMs, labels, refusal }: RequestEnd,
): void {
  const { caller } = request;
  const level = status >= 500 ? LEVEL.warn : LEVEL.info;
  if (level < log.levelMin) return;
  // The caller's names are logged only if the project is one of its own.
  const isTrusted = request.deps !== undefined;
  const projectId = isTrusted ? (request.params as { project_id?: string }).project_id : undefined;
  const secretName = isTrusted ? secretNameOf(request, labels.operation) : undefined;
  log.write(
    `{"level":${level},"time":${Date.now()},"requestId":"${request.id}",` +
      `"method":${JSON.stringify(request.method)}${text('route', labels.url)}${text('projectId', projectId)}` +
      `${text('secretName', secretName)}${text('user', caller?.userName)}${text('userId', caller?.userId)}` +
      `${text('accessKeyId', caller?.accessKeyId)}${text('address', request.ip)},"status":${status}` +
      `${text('errorCode', refusal?.code)}${text('reason', refusal?.reason)}` +
      `,"durationMs":${Math.round(durationMs * 100) / 100},"msg":"request"}\n`,
  );
}

/** Writes one line for bytes that were not a request. The parser's code is the reason; the bytes are not logged. */
export function logRefusedBytes(
  log: RequestLog,
  refused: Refusal & {
    readonly requestId: string;
    readonly status: number;
    readonly address: string | undefined;
  },
): void {
  if (LEVEL.info < log.levelMin) return;
  log.write(
    `{"level":${LEVEL.info},"time":${Date.now()},"requestId":"${refused.requestId}"` +
      `${text('address', refused.address)},"status":${refused.status}${text('errorCode', refused.code)}` +
      `${text('reason', refused.reason)},"msg":"request"}\n`,
  );
}

/** What the log says of an error beside its code: the operator's reason, else the caller's message. */
export function logReasonOf(error: SecretError): string | undefined {
  const shown = UNTRUSTED.has(error.code) ? undefined : error.message;
  return (error.logReason ?? shown)?.slice(0, REASON_CHARACTERS_MAX) || undefined;
}

/** Only what has the form of a name: anything else could be a misplaced value. */
function secretNameOf(request: FastifyRequest, operation: string): string | undefined {
  const { secret_name: inPath } = request.params as { secret_name?: string };
  const body = request.body as { name?: unknown } | null | undefined;
  const name = operation === 'CreateSecret' ? body?.name : inPath;
  return typeof name === 'string' && isSecretName(name) ? name : undefined;
}

function text(name: string, value: string | undefined): string {
  return value === undefined ? '' : `,"${name}":${JSON.stringify(value)}`;
}
