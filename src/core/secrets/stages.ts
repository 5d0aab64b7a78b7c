import { SecretError } from '../errors.ts';
import { stageMoves } from '../facts.ts';
import { LIMIT_BOUNDS, type Limits } from '../limits.ts';
import { isBuiltInStage, SYSCURRENT, SYSPREVIOUS } from '../names.ts';
import { revised, type SecretDecision } from './decision.ts';
import { requireChangeable } from './lifecycle.ts';
import type { SecretAggregate, SecretCommandOf, Stage } from './secrets.ts';

/** Slots reserved for the built-in stages, so that the next rotation never fails for lack of one. */
const BUILT_IN_SLOTS: ReadonlyMap<string, number> = new Map([
  [SYSCURRENT, 0],
  [SYSPREVIOUS, 1],
]);

/** The stage of that name. */
export function findStage(stages: readonly Stage[], name: string): Stage | undefined {
  return stages.find((stage) => stage.name === name);
}

/** Names of the stages that mark a version, in the order of their slots. */
export function stageNames(stages: readonly Stage[], versionNumber: number): string[] {
  return stages
    .filter((stage) => stage.versionNumber === versionNumber)
    .sort((a, b) => a.slot - b.slot)
    .map((stage) => stage.name);
}

/**
 * Puts a stage on a version, taking it off the version that it marks now.
 * Throws stage-limit when a new name finds no slot: the built-in stages always count, whether set or not.
 */
export function placeStage(
  stages: readonly Stage[],
  mark: { readonly name: string; readonly versionNumber: number; readonly nowMs: number },
  limits: Limits,
): readonly Stage[] {
  const present = findStage(stages, mark.name);
  const slot = present?.slot ?? BUILT_IN_SLOTS.get(mark.name) ?? freeSlot(stages, limits);
  const stage: Stage = { name: mark.name, versionNumber: mark.versionNumber, updateTimeMs: mark.nowMs, slot };
  return [...stages.filter((other) => other !== present), stage].sort((a, b) => a.slot - b.slot);
}

/**
 * Moves the stages of a new version onto it. When it takes SYSCURRENT, the former holder takes SYSPREVIOUS; if the
 * request names SYSPREVIOUS too, the new version has both. Throws stage-limit.
 * @see API page CreateSecretVersion, version_stages
 */
export function placeVersionStages(
  stages: readonly Stage[],
  wanted: { readonly names: readonly string[]; readonly versionNumber: number; readonly nowMs: number },
  limits: Limits,
): readonly Stage[] {
  const { names, versionNumber, nowMs } = wanted;
  const former = findStage(stages, SYSCURRENT);
  let placed = stages;
  if (names.includes(SYSCURRENT) && former !== undefined) {
    placed = placeStage(placed, { name: SYSPREVIOUS, versionNumber: former.versionNumber, nowMs }, limits);
  }
  for (const name of names) placed = placeStage(placed, { name, versionNumber, nowMs }, limits);
  return placed;
}

/**
 * Attaches a stage to a version, or moves it there; only the named stage moves.
 * Throws secret-pending-deletion, version-not-found, stage-limit.
 * @see API pages CreateSecretStage, UpdateSecretStage
 */
export function putStage(current: SecretAggregate, command: SecretCommandOf<'put-stage'>): SecretDecision {
  requireChangeable(current);
  const { versionNumber } = command;
  if (!current.versions.some((version) => version.number === versionNumber)) {
    throw new SecretError('version-not-found');
  }
  const stages = placeStage(current.stages, command, command.limits);
  const stage = findStage(stages, command.name);
  if (stage === undefined) throw new SecretError('internal', 'A stage was lost.');
  return revised({ ...current, stages }, stageMoves(current.stages, stages), { stage });
}

/**
 * Removes a stage. Its version stays; without a stage it may be pruned.
 * Throws secret-pending-deletion, stage-built-in, stage-not-found. @see API page DeleteSecretStage
 */
export function removeStage(
  current: SecretAggregate,
  command: SecretCommandOf<'remove-stage'>,
): SecretDecision {
  requireChangeable(current);
  if (isBuiltInStage(command.name)) throw new SecretError('stage-built-in');
  const stage = findStage(current.stages, command.name);
  if (stage === undefined) throw new SecretError('stage-not-found');
  const stages = current.stages.filter((other) => other !== stage);
  return revised({ ...current, stages }, stageMoves(current.stages, stages), { stage });
}

/**
 * The stages of a backup, in slots of the present limit.
 * Throws stage-limit when the backup has more stages than the limit is now.
 */
export function restoreStages(stages: readonly Stage[], limits: Limits): readonly Stage[] {
  return stages.reduce<readonly Stage[]>((placed, stage) => {
    const { name, versionNumber, updateTimeMs } = stage;
    return placeStage(placed, { name, versionNumber, nowMs: updateTimeMs }, limits);
  }, []);
}

/** Considers all slots of the database: after the limit was lowered, present stages may be beyond it, and they count. */
function freeSlot(stages: readonly Stage[], limits: Limits): number {
  const taken = new Set(stages.map((stage) => stage.slot));
  const own = stages.filter(({ name }) => !BUILT_IN_SLOTS.has(name)).length;
  if (own + BUILT_IN_SLOTS.size < limits.stages) {
    for (let slot = BUILT_IN_SLOTS.size; slot < LIMIT_BOUNDS.stages.max; slot += 1) {
      if (!taken.has(slot)) return slot;
    }
  }
  throw new SecretError(
    'stage-limit',
    `A secret has at most ${limits.stages} stages, the two built-in ones included.`,
  );
}
