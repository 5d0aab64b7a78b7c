import type { FastifyRequest } from 'fastify';
import { isOperationId, OPERATIONS } from '../../core/operations.ts';
import { parseBody } from '../../http/requests/hooks.ts';
import type { FaultSubject } from './faults.ts';

/** What rules compare with an authenticated request. */
export function requestSubject(request: FastifyRequest): FaultSubject {
  return {
    isCall: false,
    operation: request.labels?.operation ?? '',
    method: request.method,
    path: request.url.split('?', 1)[0] ?? '',
    user: request.caller.userName,
    name: () => secretNameOf(request),
  };
}

/**
 * The name of the secret that a request is about: that of the path, or `name` in the body of an operation on secrets.
 * Undefined when there is none, and while the body cannot be read.
 */
export function secretNameOf(request: FastifyRequest): string | undefined {
  const { secret_name: name } = request.params as { readonly secret_name?: string };
  if (name !== undefined) return name;
  const { operation = 'none' } = request.labels ?? {};
  if (!isOperationId(operation) || OPERATIONS[operation].tag !== 'Secrets') return undefined;
  const body = bodyOf(request);
  const given = typeof body === 'object' && body !== null && 'name' in body ? body.name : undefined;
  return typeof given === 'string' ? given : undefined;
}

/** The bytes, until the body has been read. */
function bodyOf({ body, rawBody }: FastifyRequest): unknown {
  if (body !== undefined && !Buffer.isBuffer(body)) return body;
  try {
    return parseBody(rawBody);
  } catch {
    return undefined;
  }
}
