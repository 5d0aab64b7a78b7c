import type { Version } from '../../core/secrets/secrets.ts';

/** When a secret was last changed if nothing else is known: when it, or the newest of its versions, was made. */
export function seedUpdateMs(createTimeMs: number, versions: readonly Version[]): number {
  return Math.max(createTimeMs, ...versions.map((version) => version.createTimeMs));
}
