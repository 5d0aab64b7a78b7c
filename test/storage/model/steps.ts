import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { DEFAULT_LIMITS } from '../../../src/core/limits.ts';
import {
  addVersion,
  create,
  expire,
  newVersion,
  putStage,
  removeStage,
  update,
} from '../../support/stores.ts';
import { anyName, cancelStep, deleteStep, purgeStep, scheduleStep, whenOpen } from './lifecycle-steps.ts';
import { ChangeStep, CheckStep, type Step, stagesOn } from './model.ts';
import type { ModelSecret } from './state.ts';
import { putTagsStep, removeTagsStep } from './tag-steps.ts';

/** Small enough for random histories to run into every limit. */
const LIMITS = Object.freeze({ ...DEFAULT_LIMITS, secrets: 3, versions: 4, stages: 4 });
const STAGES = ['SYSCURRENT', 'SYSPREVIOUS', 'blue', 'green', 'red'];

const anyStage = fc.constantFrom(...STAGES);
const anyNumber = fc.integer({ min: 1, max: 7 });

const createStep = anyName.map(
  (name): Step =>
    new ChangeStep({
      name,
      text: `create ${name}`,
      predict: ({ secrets }) =>
        secrets.has(name) ? 'secret-exists' : secrets.size >= LIMITS.secrets ? 'secret-limit' : undefined,
      build: ({ projectId }) => create({ projectId, name }, { limits: LIMITS, id: randomUUID() }),
      apply: ({ secrets }, command) => {
        if (command.kind !== 'create-secret') return;
        const { uid, sealed } = command.version;
        secrets.set(name, {
          id: command.id,
          description: command.draft.description,
          isPending: false,
          dueMs: 0,
          lastNumber: 1,
          versions: new Map([[1, { uid, body: sealed.body, expireTimeMs: undefined }]]),
          stages: new Map([['SYSCURRENT', 1]]),
          tags: new Map(),
        });
      },
    }),
);

const addStep = fc
  .record({
    name: anyName,
    stages: fc.option(fc.uniqueArray(anyStage, { minLength: 1, maxLength: 5 }), { nil: undefined, freq: 2 }),
    versionCap: fc.constantFrom('prune' as const, 'prune' as const, 'reject' as const),
  })
  .map(({ name, stages, versionCap }): Step => {
    const wanted = stages ?? ['SYSCURRENT'];
    return new ChangeStep({
      name,
      text: `add ${name} ${versionCap} ${wanted.join('+')}`,
      predict: whenOpen(name, 'secret-not-enabled', (secret) => {
        if (!fits(secret, wanted)) return 'stage-limit';
        if (secret.versions.size < LIMITS.versions) return undefined;
        return versionCap === 'reject' || !leavesRoom(secret, wanted) ? 'version-limit' : undefined;
      }),
      build: ({ projectId }, { secrets }) => {
        const id = secrets.get(name)?.id ?? 'none';
        return addVersion({ projectId, name }, id, {
          version: newVersion(),
          stages,
          limits: LIMITS,
          versionCap,
        });
      },
      apply: ({ secrets }, command) => {
        const secret = secrets.get(name)!;
        if (command.kind !== 'add-version') return;
        place(secret, wanted);
        if (secret.versions.size >= LIMITS.versions) secret.versions.delete(oldestUnmarked(secret)!);
        const { uid, sealed } = command.version;
        secret.versions.set(secret.lastNumber, { uid, body: sealed.body, expireTimeMs: undefined });
      },
    });
  });

/** Moves the stages onto the next version, as the API page of CreateSecretVersion says. */
function place(secret: ModelSecret, wanted: readonly string[]): void {
  const former = secret.stages.get('SYSCURRENT');
  secret.lastNumber += 1;
  if (wanted.includes('SYSCURRENT') && former !== undefined) secret.stages.set('SYSPREVIOUS', former);
  for (const stage of wanted) secret.stages.set(stage, secret.lastNumber);
}

function oldestUnmarked(secret: ModelSecret): number | undefined {
  return [...secret.versions.keys()].find((number) => stagesOn(secret, number).length === 0);
}

function leavesRoom(secret: ModelSecret, wanted: readonly string[]): boolean {
  const trial = { ...secret, stages: new Map(secret.stages) };
  place(trial, wanted);
  return oldestUnmarked(trial) !== undefined;
}

/** The built-in stages keep their places, whether they are set or not. */
function fits(secret: ModelSecret, wanted: readonly string[]): boolean {
  const own = new Set([...secret.stages.keys(), ...wanted].filter((stage) => !stage.startsWith('SYS')));
  return own.size <= LIMITS.stages - 2;
}

const putStep = fc.tuple(anyName, anyStage, anyNumber).map(
  ([name, stage, number]): Step =>
    new ChangeStep({
      name,
      text: `put ${name} ${stage} v${number}`,
      predict: whenOpen(name, 'secret-pending-deletion', (secret) => {
        if (!secret.versions.has(number)) return 'version-not-found';
        return fits(secret, [stage]) ? undefined : 'stage-limit';
      }),
      build: ({ projectId }) => putStage({ projectId, name }, stage, number, LIMITS),
      apply: ({ secrets }) => secrets.get(name)?.stages.set(stage, number),
    }),
);

const removeStageStep = fc.tuple(anyName, anyStage).map(
  ([name, stage]): Step =>
    new ChangeStep({
      name,
      text: `remove stage ${name} ${stage}`,
      predict: whenOpen(name, 'secret-pending-deletion', (secret) => {
        if (stage.startsWith('SYS')) return 'stage-built-in';
        return secret.stages.has(stage) ? undefined : 'stage-not-found';
      }),
      build: ({ projectId }) => removeStage({ projectId, name }, stage),
      apply: ({ secrets }) => void secrets.get(name)?.stages.delete(stage),
    }),
);

const updateStep = fc.tuple(anyName, fc.string({ maxLength: 20, unit: 'grapheme' })).map(
  ([name, description]): Step =>
    new ChangeStep({
      name,
      text: `update ${name} ${JSON.stringify(description)}`,
      predict: whenOpen(name, 'secret-pending-deletion'),
      build: ({ projectId }) => update({ projectId, name }, { description }),
      apply: ({ secrets }) => {
        secrets.get(name)!.description = description;
      },
    }),
);

const expireStep = fc.tuple(anyName, anyNumber, fc.integer({ min: 0, max: 9_999_999_999_999 })).map(
  ([name, number, expireTimeMs]): Step =>
    new ChangeStep({
      name,
      text: `expire ${name} v${number} at ${expireTimeMs}`,
      predict: whenOpen(name, 'secret-not-enabled', (secret) =>
        secret.versions.has(number) ? undefined : 'version-not-found',
      ),
      build: ({ projectId }) => expire({ projectId, name }, number, expireTimeMs),
      apply: ({ secrets }) => {
        secrets.get(name)!.versions.get(number)!.expireTimeMs = expireTimeMs;
      },
    }),
);

const readStep = fc.constant<Step>(new CheckStep('read all', async () => undefined));
const reopenStep = fc.constant<Step>(new CheckStep('reopen', ({ harness }) => harness.reopen()));
const killStep = fc.constant<Step>(new CheckStep('kill', ({ harness }) => harness.kill()));

/** One random step; opening the store again takes long, so it is rare. */
export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 120, arbitrary: createStep },
  { weight: 300, arbitrary: addStep },
  { weight: 140, arbitrary: putStep },
  { weight: 60, arbitrary: removeStageStep },
  { weight: 60, arbitrary: putTagsStep },
  { weight: 30, arbitrary: removeTagsStep },
  { weight: 40, arbitrary: updateStep },
  { weight: 40, arbitrary: expireStep },
  { weight: 16, arbitrary: scheduleStep },
  { weight: 60, arbitrary: cancelStep },
  { weight: 8, arbitrary: deleteStep },
  { weight: 10, arbitrary: purgeStep },
  { weight: 40, arbitrary: readStep },
  { weight: 1, arbitrary: reopenStep },
  { weight: 1, arbitrary: killStep },
);
