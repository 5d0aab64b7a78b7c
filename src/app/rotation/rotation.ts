import type { CallOutcome } from '../../core/rotation/functions.ts';
import type { Task } from '../../core/rotation/tasks.ts';
import { type ChangeDeps, change } from '../change.ts';
import { nextAttempt, WAIT_MS_MAX, waitAfter } from '../jobs/backoff.ts';
import { unlessGone } from '../jobs/due.ts';
import { createItemGuard } from '../jobs/guard.ts';
import type { Job } from '../jobs/job.ts';
import { withBreaker } from '../outbound/breaker.ts';
import { createLanes } from '../outbound/lanes.ts';
import type { Deps, DueSecret, Jitter } from '../ports/deps.ts';
import { carryOutStep, type RotationStepDeps } from './step.ts';

const SCHEDULE_INTERVAL_MS = 5_000;
const SCHEDULE_BATCH = 100;
const ROTATION_INTERVAL_MS = 500;
/** Concurrent rotations, in all and of one project. */
const CONCURRENCY = Object.freeze({ all: 32, project: 8 });
/** Tasks that one run checks. */
const TASKS_MAX = 500;
/** How long a run waits for the calls that it began. */
const ROTATION_RUN_MS_MAX = 500;

/** What rotation works with. */
export interface RotationDeps extends RotationStepDeps {
  readonly jitter: Jitter;
  /** Resolves after so many milliseconds. */
  pause(ms: number): Promise<void>;
}

/**
 * The job that starts automatic rotations when they are due; it needs a clock that can be trusted.
 * @see API page CreateSecret, rotation_period
 */
export function createRotationSchedule(deps: ChangeDeps & Pick<Deps, 'log' | 'ids'>): Job {
  const { ids, store } = deps;
  const guard = createItemGuard(deps, { item: 'a secret', outcome: 'was not rotated' });

  function start({ id: dueSecretId, ref }: DueSecret, nowMs: number): Promise<boolean> {
    const id = ids.uuid();
    const command = { aggregate: 'task', kind: 'start-rotation', ref, id, dueSecretId, nowMs } as const;
    return unlessGone(change(deps, command).then(({ changed }) => changed));
  }

  return {
    name: 'rotation-schedule',
    intervalMs: SCHEDULE_INTERVAL_MS,
    nextDueMs: (afterMs) => store.findNextDue('secret-rotation', afterMs),
    failedItems: () => guard.failed,
    async run(nowMs) {
      const due = await store.listDueRotations(nowMs, SCHEDULE_BATCH + guard.size);
      const started = await Promise.all(
        due
          .filter(({ id }) => !guard.isLeftOut(id))
          .map((secret) => guard.run(secret.id, () => start(secret, nowMs))),
      );
      return started.filter(Boolean).length;
    },
  };
}

/**
 * The job that carries rotations forward. The task records each step before the next call begins, and every call may be
 * repeated: a crash anywhere repeats the latest call. It decides nothing by the date, so it also runs while the clock is
 * not trusted. A run starts what can continue and waits for it a little; slow functions continue during the next runs, and
 * a project has only a part of the calls, so no project waits for another's function. @see docs/behaviour/rotation.md
 */
export function createRotation(given: RotationDeps): Job {
  const deps = { ...given, webhooks: withBreaker(given.webhooks) };
  const { clock, store } = deps;
  const guard = createItemGuard(deps, { item: 'a task or its secret', outcome: 'was not rotated' });
  const lanes = createLanes(CONCURRENCY);
  /** Since the last run ended. */
  let steps = 0;

  /** Takes step after step, until the task has ended or has to wait. */
  async function drive(id: string, ending: AbortSignal): Promise<void> {
    let task = await store.findTask(id);
    while (task?.status === 'RUNNING' && isDue(task, clock.nowMs()) && !ending.aborted) {
      task = await bringForward(deps, task, ending);
      if (task !== undefined) steps += 1;
    }
  }

  async function run(nowMs: number, ending: AbortSignal): Promise<number> {
    const page = { limit: TASKS_MAX + guard.size, waitMsMax: WAIT_MS_MAX };
    for (const { id, ref } of await store.listDueTasks(nowMs, page)) {
      if (guard.isLeftOut(id)) continue;
      lanes.start({ id, projectId: ref.projectId }, () => guard.run(id, () => drive(id, ending)));
    }
    await Promise.race([lanes.idle(), deps.pause(ROTATION_RUN_MS_MAX)]);
    const error = lanes.takeError();
    const made = steps;
    steps = 0;
    if (error !== undefined) throw error;
    return made;
  }

  return {
    name: 'rotation',
    intervalMs: ROTATION_INTERVAL_MS,
    time: 'wall',
    nextDueMs: (afterMs) => nextAttempt(deps, { kind: 'task', lanes, afterMs }),
    run,
    failedItems: () => guard.failed,
    isUnderWay: () => !lanes.isEmpty(),
  };
}

/** One that waits longer than possible is due too: the clock was set back. */
function isDue({ nextAttemptMs = 0 }: Task, nowMs: number): boolean {
  return nextAttemptMs <= nowMs || nextAttemptMs > nowMs + WAIT_MS_MAX;
}

/** The task after one call of its function; undefined when nothing was recorded. */
async function bringForward(deps: RotationDeps, task: Task, ending: AbortSignal): Promise<Task | undefined> {
  const outcome = await carryOutStep(deps, task, ending);
  // Its function is silent, and another task tries it: this one keeps its turn without taking a place.
  if (outcome.kind === 'held') return undefined;
  // The call may have been cut off: its outcome is unknown, and the next start repeats it.
  if (outcome.kind === 'failed' && ending.aborted) return undefined;
  const result =
    outcome.kind === 'stored' ? outcome.result : await change(deps, draftAfter(deps, task, outcome));
  if (!result.changed || result.task === undefined) return undefined;
  report(deps, task, result.task);
  return result.task;
}

function draftAfter(deps: RotationDeps, task: Task, outcome: CallOutcome) {
  const { attempts, id, projectId, secretName, step } = task;
  const ref = { projectId, name: secretName };
  const base = { aggregate: 'task', ref, id, progress: { step, attempts } } as const;
  if (outcome.kind === 'passed') return { ...base, kind: 'pass-step' } as const;
  const nextAttemptMs = outcome.isFinal ? undefined : deps.clock.nowMs() + waitAfter(attempts, deps.jitter);
  return { ...base, kind: 'fail-attempt', error: outcome.error, nextAttemptMs } as const;
}

/** Logs failures by their code: a function's own words are for the owner of the secret. */
function report({ log }: Pick<Deps, 'log'>, before: Task, after: Task): void {
  const { attempts, id: taskId, step } = before;
  const fields = { taskId, step, attempts };
  if (after.status === 'FAILED') log.error({ ...fields, code: after.error?.code }, 'a rotation failed');
  else if (after.error !== undefined)
    log.warn({ ...fields, code: after.error.code }, 'a step of a rotation failed');
  else log.info(fields, 'a step of a rotation is done');
}
