import { DAY_MS } from '../../std/durations.ts';
import { invalidParameter, SecretError } from '../errors.ts';
import { GRANTS_PER_SECRET_MAX, TIME_MS_MAX } from '../limits.ts';
import { requireChangeable } from '../secrets/lifecycle.ts';
import type { Secret, SecretIdRef } from '../secrets/secrets.ts';

/** Who gets the permission. */
export interface Grantee {
  readonly type: 'user' | 'group';
  /** 1 to 64 characters. */
  readonly id: string;
}

/** A permission on one secret. Times are epoch milliseconds, UTC. @see CSMS API, object GrantData */
export interface Grant extends SecretIdRef {
  /** UUID. */
  readonly id: string;
  readonly grantee: Grantee;
  readonly createTimeMs: number;
  readonly updateTimeMs: number;
  /** The first moment at which it is no longer in force; absent: in force until revoked. */
  readonly expireTimeMs: number | undefined;
  /** Rises by one with every change of the grant. */
  readonly revision: number;
}

/** What the rules for grants see: the secret, and every grant on it, expired ones included. */
export interface GrantScope {
  readonly secret: Secret | undefined;
  readonly grants: readonly Grant[];
  /** Those that fail their check: they give nobody a permission and can only be replaced or removed. */
  readonly damaged?: readonly DamagedGrant[];
}

/** What a grant that fails its check says of itself. */
export type DamagedGrant = Pick<Grant, 'id' | 'grantee'>;

/** Every change of a secret's grants, as plain data. */
export type GrantCommand = {
  readonly aggregate: 'grant';
  readonly ref: SecretIdRef;
  /** The time of the request, epoch milliseconds. */
  readonly nowMs: number;
} & (
  | {
      readonly kind: 'create-grant';
      /** Of the grant, unless the grantee has one. */
      readonly id: string;
      readonly grantee: Grantee;
      readonly expireTimeMs: number | undefined;
    }
  | { readonly kind: 'update-grant'; readonly grantee: Grantee; readonly expireTimeMs: number | undefined }
  | {
      readonly kind: 'remove-grants';
      /** Absent: everyone. */
      readonly granteeId: string | undefined;
    }
);

/** The grants after the change. */
export interface GrantDecision {
  readonly next: readonly Grant[];
  /** Ids of damaged ones to remove. */
  readonly dropped?: readonly string[];
  readonly result: GrantResult;
}

/** What a change of grants returns: the grant that was put. */
export interface GrantResult {
  readonly grant?: Grant;
}

const DATE_TIME = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}:\d{2})Z?)?$/;

/** True while the grant is in force. */
export function isInForce(grant: Grant, nowMs: number): boolean {
  return grant.expireTimeMs === undefined || nowMs < grant.expireTimeMs;
}

/**
 * Parses when a grant ends, into epoch milliseconds: `2030-01-31` (at the end of that day), `2030-01-31 12:00:00` or the
 * same in ISO 8601, in UTC. Throws invalid-parameter. @see CSMS API, GrantSecretReqBody, validity_time
 */
export function parseValidity(text: string): number {
  const [, day = '', time] = DATE_TIME.exec(text) ?? [];
  const startMs = Date.parse(`${day}T${time ?? '00:00:00'}Z`);
  // Some parsers carry days and hours that do not exist over into the next month or day.
  const written = Number.isNaN(startMs) ? '' : new Date(startMs).toISOString();
  const endMs = time === undefined ? startMs + DAY_MS : startMs;
  if (written === `${day}T${time ?? '00:00:00'}.000Z` && endMs <= TIME_MS_MAX) return endMs;
  throw invalidParameter('validity_time', 'must be a date such as 2030-01-31 or 2030-01-31 12:00:00, in UTC');
}

/**
 * Decides one command about a secret's grants. Runs in the write transaction. Whatever is decided, expired grants are
 * removed. Throws resource-not-found, secret-pending-deletion, secret-not-enabled (frozen), invalid-parameter,
 * grant-limit. @see CSMS API, CreateGrants, UpdateGrant, DeleteGrant
 */
export function decideGrant(scope: GrantScope, command: GrantCommand): GrantDecision {
  const { secret } = scope;
  if (secret === undefined) throw new SecretError('resource-not-found');
  const present = scope.grants.filter((grant) => isInForce(grant, command.nowMs));
  const { damaged = [] } = scope;
  switch (command.kind) {
    case 'create-grant':
      requireChangeable({ secret });
      // It replaces a damaged one of the same grantee.
      return { ...createGrant(present, command), dropped: idsOf(damaged, command.grantee.id) };
    case 'update-grant':
      requireChangeable({ secret });
      return updateGrant(present, command);
    case 'remove-grants':
      return removeGrants(present, damaged, command.granteeId);
    default:
      throw new Error(`unknown command ${(command satisfies never as GrantCommand).kind}`);
  }
}

type GrantCommandOf<K extends GrantCommand['kind']> = Extract<GrantCommand, { kind: K }>;

/** A grantee who has the permission keeps it, with the new end. */
function createGrant(present: readonly Grant[], command: GrantCommandOf<'create-grant'>): GrantDecision {
  const { expireTimeMs, grantee, id, nowMs, ref } = command;
  requireFuture(expireTimeMs, nowMs);
  const held = findGrant(present, grantee);
  if (held !== undefined) return replaceGrant(present, held, command);
  if (present.length >= GRANTS_PER_SECRET_MAX) {
    throw new SecretError('grant-limit', `A secret has at most ${GRANTS_PER_SECRET_MAX} grants.`);
  }
  const grant = {
    ...ref,
    id,
    grantee,
    createTimeMs: nowMs,
    updateTimeMs: nowMs,
    expireTimeMs,
    revision: 1,
  };
  return { next: [...present, grant], result: { grant } };
}

function updateGrant(present: readonly Grant[], command: GrantCommandOf<'update-grant'>): GrantDecision {
  requireFuture(command.expireTimeMs, command.nowMs);
  const held = findGrant(present, command.grantee);
  if (held === undefined) throw new SecretError('resource-not-found');
  return replaceGrant(present, held, command);
}

/** Permissions can be revoked in every state of the secret. */
function removeGrants(
  present: readonly Grant[],
  damaged: readonly DamagedGrant[],
  granteeId: string | undefined,
): GrantDecision {
  const dropped = idsOf(damaged, granteeId);
  if (granteeId === undefined) return { next: [], dropped, result: {} };
  const next = present.filter(({ grantee }) => grantee.id !== granteeId);
  if (next.length === present.length && dropped.length === 0) throw new SecretError('resource-not-found');
  return { next, dropped, result: {} };
}

/** Ids of those that name the grantee; of all without a grantee. */
function idsOf(damaged: readonly DamagedGrant[], granteeId: string | undefined): string[] {
  return damaged
    .filter(({ grantee }) => granteeId === undefined || grantee.id === granteeId)
    .map(({ id }) => id);
}

function replaceGrant(
  present: readonly Grant[],
  held: Grant,
  change: { readonly expireTimeMs: number | undefined; readonly nowMs: number },
): GrantDecision {
  const updateTimeMs = Math.max(change.nowMs, held.updateTimeMs);
  const grant = { ...held, expireTimeMs: change.expireTimeMs, updateTimeMs, revision: held.revision + 1 };
  return { next: present.map((other) => (other === held ? grant : other)), result: { grant } };
}

function findGrant(grants: readonly Grant[], { type, id }: Grantee): Grant | undefined {
  return grants.find(({ grantee }) => grantee.type === type && grantee.id === id);
}

function requireFuture(expireTimeMs: number | undefined, nowMs: number): void {
  if (expireTimeMs !== undefined && expireTimeMs <= nowMs) {
    throw invalidParameter('validity_time', 'must be in the future');
  }
}
