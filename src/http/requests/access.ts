import type { FastifyRequest } from 'fastify';
import { authorize, isAlwaysAllowed } from '../../app/access/authorize.ts';
import type { Deps } from '../../app/ports/deps.ts';
import type { OperationId } from '../../core/operations.ts';
import { readLongBody } from '../connections/long-bodies.ts';
import { CSMS_NAMED } from '../csms/named.ts';
import { KMS_NAMED } from '../kms/named.ts';
import { SHORT_BODY_BYTES_MAX } from '../wire/limits.ts';
import { parseBody, requireBody } from './hooks.ts';
import { membersOf, namesNothing, type ReadNamed } from './named.ts';
import { requireLastParameter } from './not-found.ts';

/** What the requests of every operation with an action name. */
export const NAMED: Readonly<Partial<Record<OperationId, ReadNamed>>> = { ...CSMS_NAMED, ...KMS_NAMED };

/**
 * Reads the body of a request and decides whether its caller may do what it asks for, which comes before what is wrong with
 * the body: one that is no JSON counts as empty. Narrows the request’s dependencies to what the caller may do.
 * Undefined: done at once. Throws action-forbidden, invalid-body, invalid-parameter.
 */
export function requireAccess(request: FastifyRequest): Promise<void> | undefined {
  if (request.rawBody.length > SHORT_BODY_BYTES_MAX) return requireLong(request);
  const fault = faultOf(() => {
    request.body = parseBody(request.rawBody);
  });
  const later = narrow(request);
  if (later !== undefined) return later.then(() => requireSound(request, fault));
  requireSound(request, fault);
  return undefined;
}

async function requireLong(request: FastifyRequest): Promise<void> {
  const fault = await readLongBody(request).then(
    () => undefined,
    (error: Error) => error,
  );
  await narrow(request);
  requireSound(request, fault);
}

function narrow(request: FastifyRequest): Promise<void> | undefined {
  const { operation = 'none' } = request.labels ?? {};
  if (operation === 'none') return undefined;
  const deps = accessTo(request, operation, request.body);
  if (deps instanceof Promise) {
    return deps.then((narrowed) => {
      request.deps = narrowed;
    });
  }
  request.deps = deps;
  return undefined;
}

function requireSound(request: FastifyRequest, fault: Error | undefined): void {
  requireLastParameter(request);
  if (fault !== undefined) throw fault;
  requireBody(request);
}

function faultOf(work: () => void): Error | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

/**
 * The dependencies with which the caller may carry out one operation, of the request or of one item in its body.
 * Throws action-forbidden.
 */
export function accessTo(
  request: FastifyRequest,
  operation: OperationId,
  body: unknown,
): Deps | Promise<Deps> {
  const { caller, deps, headers } = request;
  if (isAlwaysAllowed(deps, caller, operation)) return deps;
  const params = request.params as Record<string, unknown>;
  const query = request.query as Record<string, unknown>;
  const { project_id: projectId } = params;
  const { socket } = request.raw;
  return authorize(deps, {
    ...(NAMED[operation] ?? namesNothing)({ params, query, body: membersOf(body) }),
    operation,
    projectId: typeof projectId === 'string' ? projectId : undefined,
    caller,
    address: socket.remoteAddress,
    userAgent: headers['user-agent'],
    isSecure: 'encrypted' in socket,
  });
}
