import { ACTIONS, SERVICES } from '../../core/policy/actions.ts';
import { matchingActions } from '../../core/policy/statements.ts';
import { nearestText } from '../../std/nearest-text.ts';
import type { Policy } from './identities.ts';

/** An action of a policy that matches nothing. */
export interface UnknownAction {
  readonly policy: string;
  /** From 0. */
  readonly statement: number;
  readonly action: string;
}

/** Every name, and for patterns every kind of things. */
const NAMES = [...ACTIONS.values()].flatMap(({ id, aliases }) => [id, ...aliases]);
const PATTERNS = [...new Set(NAMES.map((name) => name.replace(/[^:]*$/, '*')))];

/** The actions of policies that match none of this server's, each once for a statement; those of other services are left out. */
export function findUnknownActions(policies: readonly Policy[]): readonly UnknownAction[] {
  return policies.flatMap(({ document, name: policy }) =>
    document.Statement.flatMap((written, statement) => {
      const named = new Set([...(written.Action ?? []), ...(written.NotAction ?? [])]);
      const unknown = [...named].filter((action) => isMeantForUs(action) && isUnknown(action));
      return unknown.map((action) => ({ policy, statement, action }));
    }),
  );
}

/** The name or pattern that an unknown action was probably meant to be. */
export function nearestAction(action: string): string {
  const wanted = action.toLowerCase();
  const known = /[*?]/.test(action) ? [...PATTERNS, ...NAMES] : NAMES;
  const names = new Map(known.map((name) => [name.toLowerCase(), name]));
  return names.get(nearestText(wanted, names.keys()) ?? '') ?? '';
}

function isUnknown(action: string): boolean {
  return matchingActions(action).length === 0;
}

/** The names of many services of the cloud are one letter away from ours, so only letters in another order are an error. */
function isMeantForUs(action: string): boolean {
  const service = action.slice(0, action.indexOf(':')).toLowerCase();
  return SERVICES.some((own) => sorted(own) === sorted(service));
}

function sorted(text: string): string {
  return Array.from(text).sort().join('');
}
