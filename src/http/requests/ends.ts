import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyContextConfig, FastifyReply, FastifyRequest, FastifySchema } from 'fastify';
import { isOperationId } from '../../core/operations.ts';
import { connectionOf } from '../connections/connection.ts';
import { logRefusedBytes, logRequest, type RequestLog } from '../observability/log.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { Refusal, RouteLabels } from './context.ts';

/** What the parser has refused, and the response. */
export interface RefusedBytes extends Refusal {
  readonly requestId: string;
  readonly status: number;
}

/** Records how each request ends, once: in a log line and in the count. */
export interface RequestEnds {
  /** To be called when a request begins. */
  watch(request: FastifyRequest, reply: FastifyReply): void;
  /** To be called for bytes that are not a request, or not the rest of the one being received. */
  refuse(socket: Socket, refused: RefusedBytes): void;
}

/** Either end closed the connection before the response was sent. This status is never sent. */
const CLOSED = 499;

/**
 * Creates the one place where requests end: with the last byte of the response, or with its connection, whichever comes
 * first. A handler may continue after its peer has gone.
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
      raw.on('finish', () => end(true)).on('close', () => end(false));
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

/** A route's names in logs and metrics. */
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
    responseBytes: config?.responseBytes,
    changeResponseBytes: config?.changeResponseBytes,
  };
}

/** A route without an operation is for the machine or its operator, and not for callers of the API. */
function requireOperation(id: string | undefined): RouteLabels['operation'] {
  if (id === undefined) return 'none';
  if (!isOperationId(id)) throw new Error(`core/operations.ts has no ${id}`);
  return id;
}
