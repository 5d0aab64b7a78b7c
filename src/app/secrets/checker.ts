import { type CheckerConfig, parseChecked, requireStrongValue } from '../../core/secrets/checker.ts';
import { rateStrength, type StrengthRating } from '../../core/secrets/strength.ts';
import type { SecretValue } from '../../core/secrets/values.ts';
import { change } from '../change.ts';
import type { Deps } from '../ports/deps.ts';

/** Whether the project's new values are checked; off by default. @see API operation ShowSecretsConfig */
export async function checksStrength(deps: Deps, projectId: string): Promise<boolean> {
  return (await deps.store.findChecker(projectId))?.checksStrength ?? false;
}

/** Switches the check of new values on or off. @see API operation UpdateSecretsConfig */
export function setStrengthCheck(deps: Deps, projectId: string, checks: boolean): Promise<CheckerConfig> {
  const [ref, checksStrength] = [{ projectId }, checks];
  return change(deps, { aggregate: 'checker', kind: 'set-strength-check', ref, checksStrength });
}

/**
 * Rates the given values, one at a time. Throws invalid-parameter.
 * @see API operation CheckSecrets; docs/behaviour/strength.md
 */
export async function rateValues(
  deps: Pick<Deps, 'turns'>,
  projectId: string,
  given: object,
): Promise<Record<string, StrengthRating>> {
  const pause = deps.turns.pauseOf(projectId);
  const ratings: [name: string, rating: StrengthRating][] = [];
  for (const [name, value] of parseChecked(given)) {
    await pause();
    ratings.push([name, rateStrength(value)]);
  }
  return Object.fromEntries(ratings);
}

/**
 * Refuses a value that is easy to guess, in a project whose values are checked: for every operation that accepts a new
 * value from a caller. Throws invalid-parameter. @see docs/behaviour/strength.md
 */
export async function requireStrength(deps: Deps, projectId: string, value: SecretValue): Promise<void> {
  if (await checksStrength(deps, projectId)) requireStrongValue(value);
}
