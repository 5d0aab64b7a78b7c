import type { ActionId } from './actions.ts';
import type { Matcher } from './evaluation.ts';
import type { ContextValue, TagFact } from './facts.ts';

/** What is still to be found out about a statement: the parts that are known to match are left out. */
export interface OpenStatement extends Matcher {
  /** Ids of which the resource’s enterprise project has to be one; undefined: any. */
  readonly enterpriseProjectIds: readonly string[] | undefined;
}

/**
 * What a decision still depends on: plain data, which goes with the request to where the resource is read.
 * @see docs/adr/0070-policies.md
 */
export interface OpenQuestion {
  readonly action: ActionId;
  readonly region: string;
  readonly domainId: string;
  /** As far as the request tells it. */
  readonly path: string | undefined;
  /** True when nothing but a Deny can still refuse. */
  readonly isAllowed: boolean;
  readonly statements: readonly OpenStatement[];
  /** Known values of the keys that the statements use; null: known to be absent. */
  readonly values: Readonly<Record<string, ContextValue | null>>;
  readonly requestTags: readonly TagFact[];
}
