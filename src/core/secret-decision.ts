import type { Notice, Notification } from './notification.ts';
import type { SealedValue, SecretAggregate, SecretResult } from './secret.ts';

/** A sealed value with the number of the version that it belongs to. */
export interface AddedValue {
  readonly versionNumber: number;
  readonly sealed: SealedValue;
}

/** What the rules decided: the aggregate after the change (absent: removed), and the values of its new versions. */
export interface SecretDecision {
  readonly next: SecretAggregate | undefined;
  readonly added?: readonly AddedValue[];
  /** What happened, for whoever subscribed to it; the outbox takes `notifications`. */
  readonly notices?: readonly Notice[];
  /** Made of the notices by `decideSecret`; written in the same transaction. */
  readonly notifications?: readonly Notification[];
  readonly result: SecretResult;
}
