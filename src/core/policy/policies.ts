import type { Action } from './actions.ts';
import type { PolicyDocument } from './document.ts';
import { type CompiledStatement, compileDocument, isOfAll } from './statements.ts';

/** A policy as a user has it. */
export interface AttachedPolicy {
  readonly name: string;
  readonly via: 'user' | `group:${string}`;
  readonly document: PolicyDocument;
  /** It counts in requests to these projects, and outside of any; absent: everywhere. */
  readonly projectIds?: ReadonlySet<string> | undefined;
  /** It counts for resources in one of these; absent: for all. */
  readonly enterpriseProjectIds?: readonly string[] | undefined;
}

/** A statement of a policy as a user has it. */
export interface PolicyEntry extends Omit<AttachedPolicy, 'name' | 'document'> {
  readonly policy: string;
  readonly statement: CompiledStatement;
}

/** The entries that are about one action, in order. */
export interface ActionEntries {
  readonly denies: readonly PolicyEntry[];
  readonly allows: readonly PolicyEntry[];
  /** Whether they allow it wherever, whenever and whatever the resource is. */
  readonly isAlwaysAllowed: boolean;
}

/** All that a user’s policies say. */
export interface Policies {
  /** The user’s own, then those of its groups, each in the order of the file. */
  readonly entries: readonly PolicyEntry[];
  about(action: Action): ActionEntries;
}

/** Prepares the policies of a user, in their order. A document is compiled once for all who have it. */
export function createPolicies(attached: readonly AttachedPolicy[]): Policies {
  const entries = attached.flatMap(({ name: policy, document, ...scope }) =>
    compileDocument(document).map((statement): PolicyEntry => ({ policy, statement, ...scope })),
  );
  const byAction = new Map<Action, ActionEntries>();

  function find(action: Action): ActionEntries {
    const about = entries.filter(({ statement }) => statement.actions.has(action));
    const of = (effect: 'Allow' | 'Deny') => about.filter(({ statement }) => statement.effect === effect);
    const [denies, allows] = [of('Deny'), of('Allow')];
    const found = { denies, allows, isAlwaysAllowed: denies.length === 0 && allows.some(hasNoBounds) };
    byAction.set(action, found);
    return found;
  }

  return { entries, about: (action) => byAction.get(action) ?? find(action) };
}

function hasNoBounds({ enterpriseProjectIds, projectIds, statement }: PolicyEntry): boolean {
  const isScoped = projectIds !== undefined || enterpriseProjectIds !== undefined;
  return !isScoped && isOfAll(statement) && statement.conditions.length === 0;
}
