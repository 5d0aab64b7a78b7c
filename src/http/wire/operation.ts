import type { FastifyContextConfig } from 'fastify';
import { OPERATIONS, type OperationId } from '../../core/operations.ts';
import type { ErrorFamily } from '../requests/context.ts';

/** The part of a route's schema that names and describes its operation in the OpenAPI document. */
export function operation(operationId: OperationId, summary: string) {
  return { operationId, tags: [OPERATIONS[operationId].tag], summary };
}

/** The route of an operation whose errors have the shape of a family. */
export function routeOf<M extends 'GET' | 'POST' | 'PUT' | 'DELETE'>(
  errorFamily: ErrorFamily,
  method: M,
  url: string,
  config: FastifyContextConfig = {},
) {
  return { method, url, config: { errorFamily, ...config } };
}
