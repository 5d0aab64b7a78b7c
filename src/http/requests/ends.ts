import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyContextConfig, FastifyReply, FastifyRequest, FastifySchema } from 'fastify';
import { isOperationId } from '../../core/operations.ts';
import { connectionOf } from '../connections/connection.ts';
import { logRefusedBytes, logRequest, type RequestLog } from '../observability/log.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { Refusal, RouteLabels } from './context.ts';

/** What the parser has refused, and what was answered. */
export interface RefusedBytes extends Refusal {
  readonly requestId: string;
  readonly status: number;
}

/** Notes how each request ends, once: in a line of the log and in the count. */
export interface RequestEnds {
  /** To be called when a request begins. */
  watch(request: FastifyRequest, reply: FastifyReply): void;
  /** To be called for bytes that are no request, or not the rest of the one that is being received. */
  refuse(socket: Socket, refused: RefusedBytes): void;
}

/** The other end, or this one, closed the connection before the answer was out. No such status is ever sent. */
const CLOSED = 499;

/**
 * Makes the one place where requests end. The end is the last byte of the answer, or the end of its connection, whichever
 * comes first: a handler may continue for whoever has gone.
 */
export function createRequestEnds(
  log: RequestLog | undefined,
  metrics: Pick<Metrics, 'count'> | undefined,
): RequestEnds {
  const refusedRests = new WeakMap<IncomingMessage, RefusedBytes>();

  return {
    watch(request, reply) {
      const startMs = performance.now();
      const { raw } = reply;
      let isOver = false;
      const end = (isAnswered: boolean) => {
        if (isOver) return;
        isOver = true;
        const refused = refusedRests.get(request.raw);
        const status = refused?.status ?? (isAnswered ? reply.statusCode : CLOSED);
        const labels = request.labels ?? labelsOf(request.routeOptions);
        const durationMs = performance.now() - startMs;
        const refusal = refused ?? request.refusal;
        if (log !== undefined) logRequest(log, request, { status, durationMs, labels, refusal });
        metrics?.count(labels.operation, status, durationMs);
      };
      raw.once('finish', () => end(true)).once('close', () => end(false));
    },
    refuse(socket, refused) {
      const current = connectionOf(socket)?.current?.req;
      if (current?.complete === false) {
        refusedRests.set(current, refused);
        return;
      }
      if (log !== undefined) logRefusedBytes(log, { ...refused, address: socket.remoteAddress });
      metrics?.count('none', refused.status, 0);
    },
  };
}

/** What logs and metrics call a route. Pure. */
export function labelsOf(route: {
  readonly url?: string | undefined;
  readonly schema?: FastifySchema;
  readonly bodyLimit?: number | undefined;
  readonly config?: FastifyContextConfig | undefined;
}): RouteLabels {
  const { url, schema, bodyLimit, config } = route;
  return {
    url,
    operation: requireOperation(schema?.operationId),
    bodyBytesMax: bodyLimit,
    isOpen: schema?.security?.length === 0,
    isBodyOptional: config?.isBodyOptional === true,
    answerBytes: config?.answerBytes,
    changeAnswerBytes: config?.changeAnswerBytes,
  };
}

/** A route that names no operation is there for the machine or for its operator, and not for callers of the API. */
function requireOperation(id: string | undefined): RouteLabels['operation'] {
  if (id === undefined) return 'none';
  if (!isOperationId(id)) throw new Error(`core/operations.ts has no ${id}`);
  return id;
}
