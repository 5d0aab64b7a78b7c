import type { Notification } from '../events/notifications.ts';
import type { Fact } from '../facts.ts';
import type { SealedValue, SecretAggregate, SecretResult } from './secrets.ts';

/** A sealed value with the number of the version that it belongs to. */
export interface AddedValue {
  readonly versionNumber: number;
  readonly sealed: SealedValue;
}

/** What the rules decided: the aggregate after the change (absent: removed), and the values of its new versions. */
export interface SecretDecision {
  readonly next: SecretAggregate | undefined;
  readonly added?: readonly AddedValue[];
  /** What happened. */
  readonly facts: readonly Fact[];
  /** What the facts lead to for the outbox; made by `decideSecret` and written in the same transaction. */
  readonly notifications?: readonly Notification[];
  readonly result: SecretResult;
}

/** A decision for the secret as it is given, under a new revision, from which its notifications get their ids. */
export function revised(
  current: SecretAggregate,
  facts: readonly Fact[],
  result?: SecretResult,
): SecretDecision {
  const secret = { ...current.secret, revision: current.secret.revision + 1 };
  return { next: { ...current, secret }, facts, result: result ?? { secret } };
}

/** Leaves the secret as it is. */
export function keepSecret(
  current: SecretAggregate,
  result: SecretResult = { secret: current.secret },
): SecretDecision {
  return { next: current, facts: [], result };
}
