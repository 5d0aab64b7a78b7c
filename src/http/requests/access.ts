import type { FastifyRequest } from 'fastify';
import { authorize } from '../../app/access/authorize.ts';
import type { Deps } from '../../app/ports/deps.ts';
import type { OperationId } from '../../core/operations.ts';
import { CSMS_NAMED } from '../csms/named.ts';
import { KMS_NAMED } from '../kms/named.ts';
import { membersOf, namesNothing, type ReadNamed } from './named.ts';

/** What the requests of every operation name. */
const NAMED: Readonly<Record<OperationId, ReadNamed>> = {
  ...CSMS_NAMED,
  ...KMS_NAMED,
  KeystoneShowVersion: namesNothing,
};

/**
 * Decides whether the caller of a request may do what it asks for, and narrows the request’s dependencies to that.
 * Undefined: done at once. Throws action-forbidden.
 */
export function requireAccess(request: FastifyRequest): Promise<void> | undefined {
  const { labels } = request;
  if (labels === undefined || labels.operation === 'none') return undefined;
  const deps = accessTo(request, labels.operation, request.body);
  if (!(deps instanceof Promise)) {
    request.deps = deps;
    return undefined;
  }
  return deps.then((narrowed) => {
    request.deps = narrowed;
  });
}

/**
 * The dependencies with which the caller may carry out one operation, of the request or of one item in its body.
 * Throws action-forbidden.
 */
export function accessTo(request: FastifyRequest, operation: OperationId, body: unknown): Deps | Promise<Deps> {
  const { caller, deps, headers } = request;
  const params = request.params as Record<string, unknown>;
  const query = request.query as Record<string, unknown>;
  const { project_id: projectId } = params;
  return authorize(deps, {
    ...NAMED[operation]({ params, query, body: membersOf(body) }),
    operation,
    projectId: typeof projectId === 'string' ? projectId : undefined,
    caller,
    userAgent: headers['user-agent'],
    isSecure: 'encrypted' in request.raw.socket,
  });
}
