import type { SecretEvent } from '../../core/events/events.ts';
import type { Limits } from '../../core/limits.ts';
import { type Counts, countAll } from './comparison.ts';
import { planEvents } from './events.ts';
import { type PlannedKey, planKeys } from './keys.ts';
import type { PresentContents } from './present.ts';
import { type PlannedSecret, planSecrets } from './secrets.ts';
import type { Seed } from './seed.ts';

/** Where a seed is to be applied. */
export interface PlanContext {
  readonly projectId: string;
  readonly limits: Limits;
  /** The time at which it is applied, epoch milliseconds. */
  readonly nowMs: number;
}

/** What has to be stored so that a world is as a seed says. */
export interface Plan {
  readonly keys: readonly PlannedKey[];
  readonly leavingKeyIds: readonly string[];
  readonly events: readonly SecretEvent[];
  readonly secrets: readonly PlannedSecret[];
  /** Of keys, events and secrets that the seed names. */
  readonly counts: Counts;
}

/** Compares a seed with a world. Pure. Throws FileError for what only the two together show to be wrong. */
export function planSeed(seed: Seed, present: PresentContents, context: PlanContext): Plan {
  const { limits, projectId } = context;
  const keys = planKeys(seed.keys, present, context);
  const events = planEvents(seed.events, present, { projectId, limit: limits.events });
  const secrets = planSecrets(seed.secrets, present, { keys, events, limits });
  return {
    keys: keys.put,
    leavingKeyIds: keys.leavingIds,
    events: events.put,
    secrets: secrets.put,
    counts: countAll([keys.compared, events.compared, secrets.compared]),
  };
}
