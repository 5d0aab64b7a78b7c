import type { ActionId } from './policy/actions.ts';
import type { OpenQuestion } from './policy/open-question.ts';

/**
 * What a caller’s policies leave open about one action until its resource is known. Plain data: it goes with the actor to
 * the thread that writes.
 */
export interface Right {
  readonly action: ActionId;
  /** The URN of its resources without the last part. */
  readonly urn: string;
  /** The last part as the caller named it; absent: that of each item. */
  readonly named?: string;
  /** One of them must be met; none: the action is refused whatever the resource is. */
  readonly ways: readonly Way[];
  /** True when a Deny refuses it whatever the resource is. */
  readonly isExplicit?: boolean;
  /** True when an id of a secret or an alias names it: a refusal must not tell what a Deny says of its path. */
  readonly isPathHidden?: boolean;
}

/** Policies that allow it, or a grant. */
export interface Way {
  /** All must be settled in the caller’s favour. */
  readonly rests: readonly OpenQuestion[];
  /** Only these secrets; absent: all. */
  readonly secretIds?: readonly string[];
}

/** What is open about a request. Absent parts: what they stand for is allowed whatever the resource is. */
export interface Rights {
  /** Of the operation’s own action. */
  readonly own?: Right | undefined;
  /** Of what it needs of the key of its secret. */
  readonly needs?: readonly Right[] | undefined;
  /** To see a secret in a list, for those that a batch cannot delete. */
  readonly shows?: Right | undefined;
}
