import fc from 'fast-check';
import { DEFAULT_LIMITS, LIMIT_BOUNDS, type Limits } from '../../src/core/limits.ts';
import type { SecretAggregate, SecretCommand } from '../../src/core/secrets/secrets.ts';
import { aCommand, aNewVersion } from './builders.ts';

/** What a client does next; it becomes a command only when the state before it is known. */
export type Step = { readonly tickMs: number } & (
  | { readonly do: 'add-version'; readonly stages: readonly string[] | undefined; readonly seal: Seal }
  | { readonly do: 'put-stage' | 'set-version-expiry'; readonly name: string; readonly pick: number }
  | { readonly do: 'remove-stage'; readonly name: string }
  | { readonly do: 'update-secret'; readonly change: 'nothing' | 'description' | 'key' }
  | { readonly do: 'schedule-deletion' | 'cancel-deletion' | 'purge-secret' }
);

/** Whether the value was sealed for the secret and the key of the moment. */
export type Seal = 'fitting' | 'other-key' | 'other-secret';

/** The built-in stages, and two more of a user's own than the limit lets in. */
const STAGE_NAMES = [
  'SYSCURRENT',
  'SYSPREVIOUS',
  ...Array.from({ length: 12 }, (_, index) => `own${index + 1}`),
];

/** A stage name, often enough the same one. */
export const stageName = fc.constantFrom('SYSCURRENT', 'SYSPREVIOUS', 'own1', ...STAGE_NAMES);

const tickMs = fc.constantFrom(0, 0, 1, 1, 7, 60_000, -1, -60_000);

const newStages: fc.Arbitrary<readonly string[] | undefined> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<string[]>([], ['SYSCURRENT'], ['SYSCURRENT', 'SYSPREVIOUS'], ['SYSPREVIOUS']),
  },
  { weight: 3, arbitrary: fc.array(stageName, { minLength: 1, maxLength: 3 }) },
);

/** Mostly growth, so that limits are reached; little that closes the secret, and much that opens it again. */
export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('add-version' as const),
      tickMs,
      stages: newStages,
      seal: fc.constantFrom<Seal>(...Array<Seal>(18).fill('fitting'), 'other-key', 'other-secret'),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('put-stage' as const, 'put-stage' as const, 'set-version-expiry' as const),
      tickMs,
      name: stageName,
      pick: fc.nat(29),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove-stage' as const), tickMs, name: stageName }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('update-secret' as const),
      tickMs,
      change: fc.constantFrom('nothing' as const, 'description' as const, 'key' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'schedule-deletion' as const,
        'cancel-deletion' as const,
        'cancel-deletion' as const,
        'purge-secret' as const,
      ),
      tickMs,
    }),
  },
);

/** A history that goes beyond every limit: fast-check's default arrays have at most ten elements. */
export const history: fc.Arbitrary<Step[]> = fc.array(step, { minLength: 26, maxLength: 48, size: 'max' });

/** Limits as an operator may set them: as documented, as low as possible, or between. */
export const limits: fc.Arbitrary<Limits> = fc
  .oneof(
    fc.constant({ versions: LIMIT_BOUNDS.versions.max, stages: LIMIT_BOUNDS.stages.max }),
    fc.constant({ versions: LIMIT_BOUNDS.versions.min, stages: LIMIT_BOUNDS.stages.min }),
    fc.record({ versions: fc.integer({ min: 4, max: 20 }), stages: fc.integer({ min: 3, max: 12 }) }),
  )
  .filter(({ versions, stages }) => stages < versions)
  .map((chosen) => ({ ...DEFAULT_LIMITS, ...chosen }));

/** The command that a step is in this state: numbers reach from 0 to one more than there is. */
export function commandOf(
  step: Step,
  { secret }: SecretAggregate,
  at: { readonly nowMs: number; readonly limits: Limits; readonly versionCap: 'prune' | 'reject' },
): SecretCommand {
  const { nowMs, limits } = at;
  switch (step.do) {
    case 'add-version': {
      const version = aNewVersion({ kmsKeyId: step.seal === 'other-key' ? 'never-used' : secret.kmsKeyId });
      const id = step.seal === 'other-secret' ? 'another-secret' : secret.id;
      return aCommand('add-version', { ...at, id, version, stages: step.stages });
    }
    case 'put-stage':
      return aCommand('put-stage', {
        nowMs,
        limits,
        name: step.name,
        versionNumber: versionNumber(step.pick, secret),
      });
    case 'set-version-expiry':
      return aCommand('set-version-expiry', { nowMs, versionNumber: versionNumber(step.pick, secret) });
    case 'remove-stage':
      return aCommand('remove-stage', { nowMs, name: step.name });
    case 'update-secret': {
      const key = { kmsKeyId: secret.kmsKeyId === 'k1' ? 'k2' : 'k1' };
      const updates = { nothing: {}, description: { description: `at ${nowMs}` }, key };
      return aCommand('update-secret', { nowMs, update: updates[step.change] });
    }
    default:
      return aCommand(step.do, { nowMs });
  }
}

function versionNumber(pick: number, { lastVersionNumber }: { readonly lastVersionNumber: number }): number {
  return Math.max(0, lastVersionNumber + 1 - pick);
}
