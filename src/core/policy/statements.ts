import { ACTIONS, type Action, findActions } from './actions.ts';
import { compileConditions } from './conditions.ts';
import type { PolicyDocument, PolicyStatement } from './document.ts';
import type { Matcher } from './evaluation.ts';
import { fitsPattern, piecesOf } from './pattern.ts';
import { compileResource, holdsAll } from './resources.ts';

/** A statement, ready to be evaluated. */
export interface CompiledStatement extends Matcher {
  readonly index: number;
  readonly sid: string | undefined;
  /** Those that it names, or does not except. */
  readonly actions: ReadonlySet<Action>;
}

const compiled = new WeakMap<PolicyDocument, readonly CompiledStatement[]>();

/** Prepares a checked document, once for all who have it. Throws Error for one that is not checked. */
export function compileDocument(document: PolicyDocument): readonly CompiledStatement[] {
  const known = compiled.get(document);
  if (known !== undefined) return known;
  const statements = document.Statement.map((statement, index) =>
    compileStatement(statement, index, document.Version),
  );
  compiled.set(document, statements);
  return statements;
}

function compileStatement(
  statement: PolicyStatement,
  index: number,
  version: PolicyDocument['Version'],
): CompiledStatement {
  const { Action: actions, NotAction, Resource, NotResource, Condition } = statement;
  const named = new Set((actions ?? NotAction ?? []).flatMap(matchingActions));
  const all = [...ACTIONS.values()];
  return Object.freeze({
    index,
    sid: statement.Sid,
    effect: statement.Effect,
    actions: actions === undefined ? new Set(all.filter((action) => !named.has(action))) : named,
    resources: (Resource ?? NotResource)?.map((written) => compileResource(written, version)),
    isExcluding: NotResource !== undefined,
    conditions: compileConditions(Condition, version),
  });
}

/** True when a statement is about every resource, and about what has none. */
export function isOfAll({ isExcluding, resources }: Pick<Matcher, 'isExcluding' | 'resources'>): boolean {
  return resources === undefined || (!isExcluding && holdsAll(resources));
}

/** The actions one of whose names fits a pattern such as `csms:secret:get*`, in any case; empty for an unknown one. */
export function matchingActions(pattern: string): readonly Action[] {
  if (!/[*?]/.test(pattern)) return findActions(pattern);
  const pieces = piecesOf(pattern.toLowerCase());
  return [...ACTIONS.values()].filter(({ names }) => names.some((name) => fitsPattern(pieces, name)));
}
