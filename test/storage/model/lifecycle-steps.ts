import fc from 'fast-check';
import type { ErrorCode } from '../../../src/core/errors.ts';
import { cancel, DAY_MS, purge, remove, schedule, T0 } from '../../support/stores.ts';
import { ChangeStep, NAMES, type Step } from './model.ts';
import type { Model, ModelSecret } from './state.ts';

/** Mostly the first name: a history has to dwell on one secret to get anywhere. */
export const anyName = fc.oneof(
  { weight: 3, arbitrary: fc.constant('a') },
  { weight: 1, arbitrary: fc.constantFrom(...NAMES) },
);

/** Predicts for a secret that has to be there and must not wait for its deletion. */
export function whenOpen(
  name: string,
  closed: ErrorCode,
  then: (secret: ModelSecret) => ErrorCode | undefined = () => undefined,
) {
  return ({ secrets }: Model): ErrorCode | undefined => {
    const secret = secrets.get(name);
    if (secret === undefined) return 'secret-not-found';
    return secret.isPending ? closed : then(secret);
  };
}

export const scheduleStep = fc.tuple(anyName, fc.integer({ min: 7, max: 30 })).map(
  ([name, days]): Step =>
    new ChangeStep({
      name,
      text: `schedule ${name} in ${days} d`,
      predict: whenOpen(name, 'deletion-already-scheduled'),
      build: ({ projectId }) => schedule({ projectId, name }, days),
      apply: ({ secrets }) => {
        Object.assign(secrets.get(name)!, { isPending: true, dueMs: T0 + days * DAY_MS });
      },
    }),
);

export const cancelStep = anyName.map(
  (name): Step =>
    new ChangeStep({
      name,
      text: `cancel ${name}`,
      predict: ({ secrets }) => {
        const secret = secrets.get(name);
        if (secret === undefined) return 'secret-not-found';
        return secret.isPending ? undefined : 'deletion-not-scheduled';
      },
      build: ({ projectId }) => cancel({ projectId, name }),
      apply: ({ secrets }) => {
        secrets.get(name)!.isPending = false;
      },
    }),
);

export const deleteStep = anyName.map(
  (name): Step =>
    new ChangeStep({
      name,
      text: `delete ${name}`,
      predict: ({ secrets }) => (secrets.has(name) ? undefined : 'secret-not-found'),
      build: ({ projectId }) => remove({ projectId, name }),
      apply: ({ secrets }) => void secrets.delete(name),
    }),
);

export const purgeStep = fc.tuple(anyName, fc.integer({ min: 6, max: 31 })).map(
  ([name, days]): Step =>
    new ChangeStep({
      name,
      text: `purge ${name} after ${days} d`,
      predict: ({ secrets }) => (secrets.has(name) ? undefined : 'secret-not-found'),
      build: ({ projectId }, { secrets }) =>
        purge({ projectId, name }, secrets.get(name)?.id ?? 'none', T0 + days * DAY_MS),
      apply: ({ secrets }) => {
        const secret = secrets.get(name)!;
        if (secret.isPending && secret.dueMs <= T0 + days * DAY_MS) secrets.delete(name);
      },
    }),
);
