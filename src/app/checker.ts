import { type CheckerConfig, requireStrongValue } from '../core/checker.ts';
import type { SecretValue } from '../core/value.ts';
import type { Deps } from './ports.ts';

/** Whether the project has its new values checked; it does not until it says so. @see API operation ShowSecretsConfig */
export async function checksStrength(deps: Deps, projectId: string): Promise<boolean> {
  return (await deps.store.findChecker(projectId))?.checksStrength ?? false;
}

/** Switches the check of new values on or off. @see API operation UpdateSecretsConfig */
export function setStrengthCheck(deps: Deps, projectId: string, checks: boolean): Promise<CheckerConfig> {
  const nowMs = deps.clock.nowMs();
  const ref = { projectId };
  return deps.store.change({
    aggregate: 'checker',
    kind: 'set-strength-check',
    ref,
    checksStrength: checks,
    nowMs,
  });
}

/**
 * Refuses a value that is easy to guess, in a project that has its values checked: for every operation that takes a new
 * value from a caller. Throws invalid-parameter. @see docs/adr/0015-checker.md
 */
export async function requireStrength(deps: Deps, projectId: string, value: SecretValue): Promise<void> {
  if (await checksStrength(deps, projectId)) requireStrongValue(value);
}
