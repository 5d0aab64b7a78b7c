import { isOperationId, OPERATIONS, type Operation, type OperationId } from '../../core/operations.ts';
import { type Action, type ActionId, actionOf } from '../../core/policy/actions.ts';
import type { Rights } from '../../core/rights.ts';
import { restrict } from '../look-ups.ts';
import type { Caller, Deps } from '../ports/deps.ts';
import { type Check, createCheck } from './check.ts';
import { rightToBegin, rightToEach } from './many.ts';
import { rightsToKey } from './needs.ts';
import { rightToOne, targetOf } from './one.ts';
import type { AccessRequest } from './subject.ts';

const LIST: ActionId = 'csms:secret:list';

/** All that each operation asks for: its own action, what it needs, and the same of what it does to each item. */
const ASKED: ReadonlyMap<string, readonly Action[]> = new Map(
  Object.keys(OPERATIONS).map((id) => [id, askedBy(id).map(actionOf)]),
);

function askedBy(id: string): readonly ActionId[] {
  const { action, each, needs } = operationOf(id);
  return [...(action === undefined ? [] : [action]), ...needs, ...(each === undefined ? [] : askedBy(each))];
}

/**
 * Decides whether the caller may do what it asks for, before anything else of the request is checked. What depends on the
 * resource is decided on what is found now, and accompanies the actor, to be settled again on what is read or changed.
 * Returns the dependencies for the rest of the request, at once where nothing depends on the resource.
 * Throws action-forbidden. @see docs/adr/0072-two-moments.md
 */
export function authorize(deps: Deps, request: AccessRequest): Deps | Promise<Deps> {
  const { action } = OPERATIONS[request.operation];
  if (action === undefined) return deps;
  const check = createCheck(deps, request);
  return isAllowedAtOnce(check, action) ? deps : decideOpen(check, action);
}

/**
 * True when nothing of the request has any part in the decision: its action, what it needs and what it does to each item
 * are always allowed to the caller, which is so for most.
 */
export function isAlwaysAllowed(
  { learn }: Pick<Deps, 'learn'>,
  { permissions }: Pick<Caller, 'permissions'>,
  operation: OperationId,
): boolean {
  const { narrowing, policies } = permissions ?? {};
  if (narrowing !== undefined || learn !== undefined) return false;
  return (
    policies === undefined ||
    (ASKED.get(operation) ?? []).every((action) => policies.about(action).isAlwaysAllowed)
  );
}

/** True when nothing depends on any resource, which is so for most callers. */
function isAllowedAtOnce(check: Check, action: ActionId): boolean {
  const { deps, request } = check;
  const { each, needs } = operationOf(request.operation);
  const isMany = request.subject.kind === 'many';
  if (deps.learn !== undefined || isMany || each !== undefined) return false;
  if (check.judge(action, targetOf(check)).kind !== 'allowed') return false;
  return needs.length === 0 || rightsToKey(check, action, needs) === undefined;
}

async function decideOpen(check: Check, action: ActionId): Promise<Deps> {
  const { deps, request } = check;
  const { each, needs } = operationOf(request.operation);
  if (request.subject.kind === 'many') return decideMany(check, action);
  const own = await rightToOne(check, action);
  if (each === undefined) return narrowed(check, { own, needs: await rightsToKey(check, action, needs) });
  const item = operationOf(each);
  if (item.action === undefined) return deps;
  const right = await rightToEach(check, item.action);
  return narrowed(check, { own: right, needs: await rightsToKey(check, item.action, item.needs) });
}

async function decideMany(check: Check, action: ActionId): Promise<Deps> {
  const { deps, request } = check;
  const own = await rightToBegin(check, action);
  if (operationOf(request.operation).each === undefined) check.learn(action, '*');
  // Each item is decided by itself, as the operation that creates one.
  if (request.operation === 'BatchImportSecrets') return deps;
  const isDeletion = request.operation === 'BatchDeleteSecrets';
  return narrowed(check, { own, shows: isDeletion ? await rightToEach(check, LIST) : undefined });
}

function narrowed({ deps, learn }: Check, rights: Rights): Deps {
  if (Object.values(rights).every((right) => right === undefined)) return deps;
  return restrict(deps, rights, deps.learn && learn);
}

function operationOf(id: string): Operation & { readonly needs: readonly ActionId[] } {
  if (!isOperationId(id)) throw new Error(`no operation ${id}`);
  return { needs: [], ...OPERATIONS[id] };
}
