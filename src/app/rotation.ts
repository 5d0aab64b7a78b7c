import { SecretError } from '../core/errors.ts';
import type { CallOutcome } from '../core/rotation-function.ts';
import type { Task, TaskCommand } from '../core/task.ts';
import { createDamageGuard } from './damage-guard.ts';
import type { Job, Lease } from './jobs.ts';
import type { Deps, DueSecret, Random } from './ports.ts';
import { carryOutStep, type RotationStepDeps } from './rotation-step.ts';
import type { DueTask } from './task-store.ts';

/** How often automatic rotations are looked for that are due. */
const SCHEDULE_INTERVAL_MS = 5_000;
const SCHEDULE_BATCH = 100;
/** How often tasks are looked for that can go on. */
const ROTATION_INTERVAL_MS = 1_000;
/** Calls of functions under way at one time. */
const ROTATION_CONCURRENCY = 16;
/** After this long a run begins no call any more: with the longest call it ends within half a lease. */
const ROTATION_RUN_MS_MAX = 20_000;
/** Wait after the first failure, doubled with each further one. */
const BACKOFF_MS = Object.freeze({ min: 5_000, max: 300_000 });
/** No next attempt lies further away, a run's length included. */
const WAIT_MS_MAX = 2 * BACKOFF_MS.max;

/** What rotation works with. */
export interface RotationDeps extends RotationStepDeps {
  readonly random: Random;
}

/**
 * The job that starts automatic rotations when they are due; it needs a clock that can be trusted.
 * @see API page CreateSecret, rotation_period
 */
export function createRotationSchedule(deps: Pick<Deps, 'store' | 'log' | 'ids'>): Job {
  const { ids, log, store } = deps;
  const guard = createDamageGuard(log, 'a secret is damaged and was not rotated');

  async function start({ id: dueSecretId, ref }: DueSecret, nowMs: number): Promise<boolean> {
    const id = ids.uuid();
    try {
      const command = { aggregate: 'task', kind: 'start-rotation', ref, id, dueSecretId, nowMs } as const;
      return (await store.change(command)).changed;
    } catch (error) {
      // Somebody deleted it in the meantime.
      if (error instanceof SecretError && error.code === 'secret-not-found') return false;
      throw error;
    }
  }

  return {
    name: 'rotation-schedule',
    intervalMs: SCHEDULE_INTERVAL_MS,
    async run(nowMs) {
      const due = await store.listDueRotations(nowMs, SCHEDULE_BATCH + guard.size);
      const started = await Promise.all(
        due
          .filter(({ id }) => !guard.isDamaged(id))
          .map((secret) => guard.run(secret.id, () => start(secret, nowMs))),
      );
      return started.filter(Boolean).length;
    },
  };
}

/**
 * The job that brings rotations forward, one call of a function at a time. What is done is in the task before the next
 * call begins, and every call may come again: a crash anywhere means that the latest call is repeated. It decides nothing
 * by the date, so it also runs while the clock is not trusted. @see docs/adr/0020-rotation.md
 */
export function createRotation(deps: RotationDeps): Job {
  const { clock, store } = deps;
  const guard = createDamageGuard(deps.log, 'a task or its secret is damaged and was not rotated');

  async function bringForward({ id }: DueTask, { ending }: Lease): Promise<boolean> {
    const task = await store.findTask(id);
    if (task?.status !== 'RUNNING') return false;
    const outcome = await carryOutStep(deps, task, ending);
    // The call may have been cut off; nothing is known of it, and the next start repeats it.
    if (outcome.kind === 'failed' && ending.aborted) return false;
    const result =
      outcome.kind === 'stored' ? outcome.result : await store.change(commandAfter(deps, task, outcome));
    if (result.task !== undefined) report(deps, task, result.task);
    return result.changed;
  }

  async function run(nowMs: number, lease: Lease): Promise<number> {
    const busy = new Set<string>();
    let total = 0;

    async function next(): Promise<DueTask | undefined> {
      if (clock.nowMs() - nowMs >= ROTATION_RUN_MS_MAX || lease.isEnding()) return undefined;
      const page = { limit: busy.size + guard.size + 1, waitMsMax: WAIT_MS_MAX };
      const due = await store.listDueTasks(clock.nowMs(), page);
      return due.find(({ id }) => !busy.has(id) && !guard.isDamaged(id));
    }

    async function work(): Promise<void> {
      for (let due = await next(); due !== undefined; due = await next()) {
        const task = due;
        const { id } = task;
        // Another worker may have found the same one in the meantime.
        if (busy.has(id)) continue;
        busy.add(id);
        const hasMoved = await guard.run(id, () => bringForward(task, lease));
        // One that does not move, though it is due, is left to the next run.
        if (hasMoved === true) busy.delete(id);
        total += hasMoved === true ? 1 : 0;
      }
    }

    const ends = await Promise.allSettled(Array.from({ length: ROTATION_CONCURRENCY }, work));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return total;
  }

  return { name: 'rotation', intervalMs: ROTATION_INTERVAL_MS, time: 'wall', run };
}

function commandAfter(deps: RotationDeps, task: Task, outcome: CallOutcome): TaskCommand {
  const nowMs = deps.clock.nowMs();
  const { attempts, id, projectId, secretName, step } = task;
  const ref = { projectId, name: secretName };
  const base = { aggregate: 'task', ref, id, place: { step, attempts }, nowMs } as const;
  if (outcome.kind === 'passed') return { ...base, kind: 'pass-step', limits: deps.policy.limits };
  const nextAttemptMs = outcome.isFinal ? undefined : nowMs + waitAfter(attempts, deps.random);
  return { ...base, kind: 'fail-attempt', error: outcome.error, nextAttemptMs };
}

function waitAfter(attempts: number, random: Random): number {
  const doubled = Math.min(BACKOFF_MS.min * 2 ** (attempts - 1), BACKOFF_MS.max);
  // Between half and all of it, so that many that failed together do not come back together.
  return Math.ceil((doubled * (1 + random.fraction())) / 2);
}

/** The operator is told of failures by their code: a function's own words are for the owner of the secret. */
function report({ log }: Pick<Deps, 'log'>, before: Task, after: Task): void {
  const { attempts, id: taskId, step } = before;
  const fields = { taskId, step, attempts };
  if (after.status === 'FAILED') log.error({ ...fields, code: after.error?.code }, 'a rotation failed');
  else if (after.error !== undefined)
    log.warn({ ...fields, code: after.error.code }, 'a step of a rotation failed');
  else log.info(fields, 'a step of a rotation is done');
}
