import { ACTIONS, type Action, type ActionId, findActions } from '../core/policy/actions.ts';
import type { PolicyDocument } from '../core/policy/document.ts';
import { FileError } from '../yaml/file-error.ts';

/** A check that was allowed while a server learnt. */
interface Learnt {
  readonly user: string;
  readonly action: Action;
  readonly resource: string;
}

/** A document that allows what was learnt and nothing else, or why there is none. */
export type Suggestion = { readonly document: object } | { readonly refusal: string };

const LIMITS_11 = Object.freeze({ statements: 8, resources: 10 });

/**
 * The least document for a file of allowed checks: for each set of resources the actions that were used on it. `user`:
 * only those of this user. Throws FileError for a file that no server has written.
 */
export function suggestDocument(
  source: { readonly file: string; readonly text: string },
  { user, version }: { readonly user: string | undefined; readonly version: PolicyDocument['Version'] },
): Suggestion {
  const learnt = readLearnt(source).filter((check) => user === undefined || check.user === user);
  if (learnt.length === 0) return { refusal: 'nothing was learnt' };
  const statements = statementsFor(learnt, version);
  if (version === '1.1' && statements.length > LIMITS_11.statements) {
    const most = `a document of version 1.1 has at most ${LIMITS_11.statements}`;
    return { refusal: `this takes ${statements.length} statements, and ${most}: use --version 5.0` };
  }
  return { document: { Version: version, Statement: statements } };
}

function statementsFor(learnt: readonly Learnt[], version: PolicyDocument['Version']) {
  const byResource = new Map<string, Set<string>>();
  for (const { action, resource } of learnt) {
    const name = version === '1.1' ? roleName(action) : action.id;
    byResource.set(resource, (byResource.get(resource) ?? new Set()).add(name));
  }
  const byActions = new Map<string, { readonly actions: string[]; readonly resources: string[] }>();
  for (const [resource, names] of [...byResource].sort(([one], [other]) => (one < other ? -1 : 1))) {
    const actions = [...names].sort();
    // What is done to no resource stays apart: beside others `*` would cover them.
    const key = JSON.stringify([resource === '*', actions]);
    const same = byActions.get(key) ?? { actions, resources: [] };
    same.resources.push(resource);
    byActions.set(key, same);
  }
  const most = version === '1.1' ? LIMITS_11.resources : Infinity;
  return [...byActions.values()].flatMap(({ actions, resources }) =>
    chunksOf(resources, most).map((chunk) => ({ Effect: 'Allow', Action: actions, Resource: chunk })),
  );
}

/** The alias that stands for the fewest actions; the id where there is none. */
function roleName({ aliases, id }: Action): string {
  const counted = aliases.map((alias) => ({ alias, count: findActions(alias).length }));
  return counted.sort((one, other) => one.count - other.count)[0]?.alias ?? id;
}

function chunksOf(texts: readonly string[], most: number): string[][] {
  const count = Math.ceil(texts.length / most);
  return Array.from({ length: Math.max(count, 1) }, (_, index) =>
    texts.slice(index * Math.min(most, texts.length), (index + 1) * Math.min(most, texts.length)),
  );
}

/** The last line may be cut off where the server was killed. */
function readLearnt({ file, text }: { readonly file: string; readonly text: string }): Learnt[] {
  const lines = text.split('\n');
  const isCut = lines.at(-1) !== '';
  return lines.flatMap((line, index) => {
    if (line === '') return [];
    const check = readCheck(line);
    if (check !== undefined) return [check];
    if (isCut && index === lines.length - 1) return [];
    throw new FileError({ file, line: index + 1, key: '(line)' }, 'is no check that a server has written');
  });
}

function readCheck(line: string): Learnt | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  // What the cast assumes is checked member by member.
  const { action: id, resource, user } = parsed as Readonly<Record<string, unknown>>;
  if (typeof id !== 'string' || typeof resource !== 'string' || typeof user !== 'string') return undefined;
  const action = ACTIONS.get(id as ActionId);
  return action && { user, action, resource };
}
