import { type Action, actionOf } from './actions.ts';
import { isMet } from './conditions.ts';
import { isWithinScope, matches, matchesResource, meetsConditions } from './evaluation.ts';
import { UNKNOWN } from './facts.ts';
import { type FoundResource, settledFacts, usedFacts } from './open-facts.ts';
import type { OpenQuestion, OpenStatement } from './open-question.ts';
import type { Policies, PolicyEntry } from './policies.ts';
import type { ResourceView } from './resources.ts';
import { isOfAll } from './statements.ts';

/** What is asked of policies. */
export interface Question extends ResourceView {
  readonly action: Action;
  /** That of the request; undefined: it is outside of any. */
  readonly projectId: string | undefined;
  /** The last part of the resource’s name; undefined: unknown, as it is for an id of a secret or an alias. */
  readonly path: string | undefined;
  /** True when a grant in force gives the action: only a Deny can refuse it. */
  readonly isGranted?: boolean | undefined;
}

/** Whether an action is allowed; `open`: that depends on what the resource is. */
export type Decision =
  | { readonly kind: 'allowed' }
  /** Explicit: by a Deny that matches whatever is not known. */
  | { readonly kind: 'denied'; readonly isExplicit: boolean }
  | { readonly kind: 'open'; readonly rest: OpenQuestion };

const ALLOWED: Decision = Object.freeze({ kind: 'allowed' });
const DENIED: Decision = Object.freeze({ kind: 'denied', isExplicit: false });
const DENIED_EXPLICITLY: Decision = Object.freeze({ kind: 'denied', isExplicit: true });

/**
 * Decides by all that is known: a Deny that matches, then an Allow, then a grant. What only the resource can tell is left
 * open, to be settled once it is read. @see docs/adr/0070-policies.md
 */
export function decide(policies: Policies, question: Question): Decision {
  const { allows, denies } = policies.about(question.action);
  let open: PolicyEntry[] | undefined;
  for (const entry of denies) {
    const denied = entryMatches(entry, question);
    if (denied === true) return DENIED_EXPLICITLY;
    if (denied === UNKNOWN) open = [...(open ?? []), entry];
  }
  let possible: PolicyEntry[] | undefined;
  let isAllowed = question.isGranted === true;
  for (const entry of allows) {
    if (isAllowed) break;
    const allowed = entryMatches(entry, question);
    if (allowed === true) isAllowed = true;
    else if (allowed === UNKNOWN) possible = [...(possible ?? []), entry];
  }
  if (isAllowed) return open === undefined ? ALLOWED : openDecision(open, question, true);
  if (possible === undefined) return DENIED;
  return openDecision([...(open ?? []), ...possible], question, false);
}

function entryMatches(entry: PolicyEntry, question: Question) {
  if (!isInScope(entry, question)) return false;
  return matches(entry.statement, entry.enterpriseProjectIds, question);
}

/** True when a policy counts in the request’s project. */
function isInScope({ projectIds }: PolicyEntry, { projectId }: Question): boolean {
  return projectIds === undefined || projectId === undefined || projectIds.has(projectId);
}

function openDecision(entries: readonly PolicyEntry[], question: Question, isAllowed: boolean): Decision {
  const { action, facts, path } = question;
  const statements = entries.map((entry) => openStatement(entry, question));
  const rest = {
    action: action.id,
    region: facts.region,
    domainId: facts.domainId,
    path,
    isAllowed,
    statements,
    ...usedFacts(statements, question),
  };
  return { kind: 'open', rest };
}

function openStatement({ enterpriseProjectIds, statement }: PolicyEntry, question: Question): OpenStatement {
  const { conditions, effect, isExcluding, resources } = statement;
  const isScopeOpen =
    enterpriseProjectIds !== undefined && isWithinScope(enterpriseProjectIds, question) === UNKNOWN;
  return {
    effect,
    resources: matchesResource(statement, question) === UNKNOWN ? resources : undefined,
    isExcluding,
    conditions: conditions.filter((condition) => isMet(condition, effect, question) === UNKNOWN),
    enterpriseProjectIds: isScopeOpen ? enterpriseProjectIds : undefined,
  };
}

/**
 * Decides what was left open, on the resource that was found. Without one, or where it does not tell, what depends on it
 * counts as met in a Deny and as not met in an Allow.
 */
export function settle(rest: OpenQuestion, found: FoundResource | undefined): boolean {
  const view: ResourceView = {
    action: actionOf(rest.action),
    facts: settledFacts(rest, found),
    path: rest.path ?? found?.path,
  };
  const matched = (statement: OpenStatement) => matches(statement, statement.enterpriseProjectIds, view);
  const isDenied = rest.statements.some(
    (statement) => statement.effect === 'Deny' && matched(statement) !== false,
  );
  if (isDenied) return false;
  if (rest.isAllowed) return true;
  return rest.statements.some((statement) => statement.effect === 'Allow' && matched(statement) === true);
}

/** Whether a Deny that depends on no attribute refuses it; `path`: the last part of the resource’s name. */
export function isDeniedByPath(rest: OpenQuestion, path: string): boolean {
  const view: ResourceView = { action: actionOf(rest.action), facts: settledFacts(rest, undefined), path };
  return rest.statements.some(
    (statement) =>
      statement.effect === 'Deny' && matches(statement, statement.enterpriseProjectIds, view) === true,
  );
}

/**
 * The check of a list or batch as a whole: true unless no Allow names the action with its conditions met, or a Deny of
 * everything matches. Conditions on what differs by row or item are set aside.
 */
export function isOpenFor(policies: Policies, question: Question): boolean {
  const { allows, denies } = policies.about(question.action);
  const view: Question = { ...question, isAside: true };
  const conditionsOf = ({ enterpriseProjectIds, statement }: PolicyEntry) =>
    meetsConditions(statement, enterpriseProjectIds, view);
  const isDenied = denies.some((entry) => {
    return isOfAll(entry.statement) && isInScope(entry, question) && conditionsOf(entry) === true;
  });
  if (isDenied) return false;
  if (question.isGranted === true) return true;
  return allows.some((entry) => isInScope(entry, question) && conditionsOf(entry) !== false);
}

/** How a statement fared in a decision. */
export interface Considered {
  readonly entry: PolicyEntry;
  readonly isMatch: boolean;
  /** The first part that does not match. */
  readonly failed: 'scope' | 'action' | 'resource' | 'condition' | undefined;
}

/** Every statement with what became of it, and the one that decided; undefined: no Allow matched. */
export function explain(
  policies: Policies,
  question: Question,
): { readonly considered: readonly Considered[]; readonly decisive: PolicyEntry | undefined } {
  const considered = policies.entries.map((entry): Considered => {
    const failed = failedPart(entry, question);
    return { entry, isMatch: failed === undefined, failed };
  });
  const first = (effect: 'Allow' | 'Deny') =>
    considered.find(({ entry, isMatch }) => isMatch && entry.statement.effect === effect)?.entry;
  return { considered, decisive: first('Deny') ?? first('Allow') };
}

/** What is unknown counts as met in a Deny and as not met in an Allow. */
function failedPart(entry: PolicyEntry, question: Question): Considered['failed'] {
  const { enterpriseProjectIds, statement } = entry;
  const fails = (met: ReturnType<typeof matches>) =>
    met === false || (met === UNKNOWN && statement.effect === 'Allow');
  if (!isInScope(entry, question)) return 'scope';
  if (!statement.actions.has(question.action)) return 'action';
  if (fails(matchesResource(statement, question))) return 'resource';
  return fails(meetsConditions(statement, enterpriseProjectIds, question)) ? 'condition' : undefined;
}
