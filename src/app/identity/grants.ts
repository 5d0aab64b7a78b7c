import { invalidParameter } from '../../core/errors.ts';
import { type Grant, type Grantee, isInForce } from '../../core/identity/grants.ts';
import type { Secret, SecretIdRef } from '../../core/secrets/secrets.ts';
import { change } from '../change.ts';
import type { Caller, Deps } from '../ports/deps.ts';
import { required } from '../required.ts';
import { loadById } from '../secrets/secrets.ts';

/** A permission to give, or whose end to change. */
export interface PutGrant {
  readonly ref: SecretIdRef;
  readonly grantee: Grantee;
  /** Epoch milliseconds; absent: no end. */
  readonly expireTimeMs: number | undefined;
}

/** A grant with its grantee's name: the id where no name is known. */
export interface NamedGrant {
  readonly grant: Grant;
  readonly granteeName: string;
}

/**
 * Gives a user or a group a permission on a secret; an existing one gets the new end.
 * Throws resource-not-found, secret-pending-deletion, invalid-parameter (no such user or group; an end in the past), grant-limit.
 * @see CSMS API, CreateGrants
 */
export async function createGrant(deps: Deps, caller: Caller, input: PutGrant): Promise<Grant> {
  requireGrantee(deps, caller, input.grantee);
  const id = deps.ids.uuid();
  return required((await change(deps, { aggregate: 'grant', kind: 'create-grant', ...input, id })).grant);
}

/**
 * Changes when a permission ends. Throws resource-not-found (also for a grantee without one that is in force),
 * secret-pending-deletion, invalid-parameter. @see CSMS API, UpdateGrant
 */
export async function updateGrant(deps: Deps, input: PutGrant): Promise<Grant> {
  return required((await change(deps, { aggregate: 'grant', kind: 'update-grant', ...input })).grant);
}

/** The grants on a secret that are in force, oldest first. Throws resource-not-found. @see CSMS API, ListGrants */
export async function listGrants(
  deps: Deps,
  caller: Caller,
  ref: SecretIdRef,
): Promise<{ readonly secret: Secret; readonly grants: readonly NamedGrant[] }> {
  const { secret } = await loadById(deps, ref);
  const nowMs = deps.clock.nowMs();
  const grants = (await deps.store.listGrants(ref)).filter((grant) => isInForce(grant, nowMs));
  return { secret, grants: grants.map((grant) => ({ grant, granteeName: nameOf(deps, caller, grant) })) };
}

/**
 * Revokes permissions: one grantee's, or everyone's. Throws resource-not-found (also for a grantee without any).
 * @see CSMS API, DeleteGrant
 */
export async function removeGrants(
  deps: Deps,
  ref: SecretIdRef,
  granteeId: string | undefined,
): Promise<void> {
  await change(deps, { aggregate: 'grant', kind: 'remove-grants', ref, granteeId });
}

function requireGrantee(deps: Deps, { domainId }: Caller, grantee: Grantee): void {
  if (deps.grantees.nameOf(domainId, grantee) === undefined) {
    throw invalidParameter('grantee_target_id', `must be the id of a ${grantee.type}`);
  }
}

function nameOf(deps: Deps, { domainId }: Caller, { grantee }: Grant): string {
  return deps.grantees.nameOf(domainId, grantee) ?? grantee.id;
}
