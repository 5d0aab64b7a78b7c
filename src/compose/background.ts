import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDelivery } from '../app/events/delivery.ts';
import { createExpiryScan } from '../app/events/expiry.ts';
import { createNotificationRetention } from '../app/events/notifications.ts';
import type { LoadSigningKey } from '../app/events/signing-key.ts';
import { takesJobs } from '../app/health/storage-status.ts';
import { createStorageWatch } from '../app/health/storage-watch.ts';
import { createRevocationRetention } from '../app/identity/revocations.ts';
import { createClockRecorder, recallClock, recordClock } from '../app/jobs/clock.ts';
import type { Job } from '../app/jobs/job.ts';
import { createPurgeJob } from '../app/jobs/purge.ts';
import { createJobRunner, type JobRunner } from '../app/jobs/runner.ts';
import { createTrustedTime, type MonotonicClock, type TrustedTime } from '../app/jobs/trusted-time.ts';
import { createKeyDeletion, createKeyRotation } from '../app/kms/jobs.ts';
import type { Hooks, OutboundReader, Webhooks } from '../app/outbound/webhooks.ts';
import type { Clock, Jitter, SharedDeps, SigningKeys } from '../app/ports/deps.ts';
import { createRotation, createRotationSchedule } from '../app/rotation/rotation.ts';
import { createTaskRetention } from '../app/rotation/tasks.ts';
import type { Config } from '../config/config.ts';
import { codeOf } from '../core/errors.ts';
import { createReloadable, type LoadOutcome, type Reloadable } from '../files/reloadable.ts';
import { parseAddressRules } from '../webhook/address-rules.ts';
import { createWebhooks } from '../webhook/client.ts';
import { createHooks, type HookList, loadHooks } from '../webhook/hooks-file.ts';
import { loadAside } from './loading-thread.ts';
import type { FileWays } from './operator-files.ts';

/** Until the first check of what is due, and between checks whether a failed storage works again. */
const LOOK_MS = 1_000;

/** Node fires a timer with a longer delay immediately. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** The endpoints of topics and functions, and the client that calls them. */
export interface Outbound {
  readonly hooks: HookList;
  readonly webhooks: Webhooks & OutboundReader;
  /** hooks.yaml and the secret files that it names. */
  readonly hooksFiles: Reloadable;
}

/** Background work of a server. */
export interface Background {
  readonly runner: JobRunner;
  /** Waits for the runs under way. */
  stop(): Promise<void>;
}

/** Reads what the server may call. Throws StartError (configuration), FileError. */
export function openOutbound(config: Config, { reader, threads }: FileWays): Outbound {
  const rules = parseAddressRules(config.webhookHosts);
  const { dataDirectory, hooksFile, mode, webhookHosts } = config;
  const file = hooksFile ?? (mode === 'dev' ? join(dataDirectory, 'hooks.yaml') : undefined);
  const mayBeAbsent = hooksFile === undefined;
  let present: HookList = createHooks();

  async function readAside(): Promise<LoadOutcome> {
    if (file === undefined) return { seen: new Map() };
    const next = createHooks();
    return loadAside(
      threads,
      { kind: 'hooks', file, mayBeAbsent, webhookHosts },
      {
        take(piece) {
          if ('hook' in piece) next.add(piece.hook);
        },
        adopt() {
          present = next;
        },
      },
    );
  }

  return {
    hooks: {
      findTopic: (urn) => present.findTopic(urn),
      findFunction: (urn) => present.findFunction(urn),
      list: () => present.list(),
    },
    webhooks: createWebhooks(rules),
    hooksFiles: createReloadable({
      name: 'hooks',
      reader,
      load(files) {
        if (file !== undefined) present = createHooks(loadHooks({ file, rules, reader: files, mayBeAbsent }));
      },
      loadAside: readAside,
    }),
  };
}

/** What background jobs work with, beside what use cases have. */
export interface BackgroundDeps extends SharedDeps, Omit<Outbound, 'hooks' | 'webhooks'> {
  readonly hooks: Hooks;
  readonly webhooks: Webhooks;
  readonly signingKeys: SigningKeys;
  readonly loadSigningKey: LoadSigningKey;
  /** Spreads retries. */
  readonly jitter: Jitter;
  readonly monotonic: MonotonicClock;
  /** The clock that everything outside goes by; watched for jumps and recorded, if so. */
  readonly machineClock: Clock;
  readonly isClockWatched: boolean;
  /** Whether the world's clock has been moved on purpose, and is no longer the machine's: then it is believed. */
  isClockMoved?: (() => boolean) | undefined;
  baseUrl(): string;
}

/** Does not keep the process from ending. */
const pause = (ms: number) => sleep(ms, undefined, { ref: false });

/** Dependencies for a job of that name. */
type JobDeps = (
  job: string,
) => BackgroundDeps & { readonly actor: { readonly kind: 'system'; readonly job: string } };

/**
 * All background jobs. What is due at one moment is done in their order while the clock is moved, so that it is the same
 * each time, and that whatever was done is notified at that moment.
 */
function listJobs(
  as: JobDeps,
  clock: { readonly watched: TrustedTime | undefined; readonly isMoved: () => boolean },
): readonly Job[] {
  return [
    createExpiryScan(as('expiry')),
    createPurgeJob(as('purge')),
    createRotationSchedule(as('rotation-schedule')),
    createRotation({ ...as('rotation'), pause }),
    createKeyRotation(as('key-rotation')),
    createKeyDeletion(as('key-deletion')),
    createDelivery({ ...as('delivery'), pause }),
    createNotificationRetention(as('notification-retention')),
    createTaskRetention(as('task-retention')),
    createRevocationRetention(as('revocation-retention')),
    ...(clock.watched ? [createClockRecorder(as('clock'), clock.watched, () => !clock.isMoved())] : []),
  ];
}

function isMoved({ isClockMoved, isClockWatched }: BackgroundDeps): boolean {
  return isClockMoved?.() ?? !isClockWatched;
}

/** The world's clock if it was moved on purpose, or else the machine's as far as it can be trusted. */
function believe(deps: BackgroundDeps, watched: TrustedTime | undefined): Pick<TrustedTime, 'nowMs'> {
  return {
    nowMs() {
      // Read in any case: it compares consecutive readings.
      const trustedMs = watched?.nowMs();
      return isMoved(deps) ? deps.clock.nowMs() : trustedMs;
    },
  };
}

/** Starts the background jobs. */
export async function startBackground(deps: BackgroundDeps): Promise<Background> {
  const as = (job: string) => ({ ...deps, actor: { kind: 'system', job } as const });
  const watched = deps.isClockWatched
    ? createTrustedTime({ ...deps, clock: deps.machineClock }, deps.monotonic, await recallClock(deps))
    : undefined;
  const jobs = listJobs(as, { watched, isMoved: () => isMoved(deps) });
  const watch = createStorageWatch(deps);
  let [isAble, isStopped] = [watch(), false];
  let timer = setTimeout(look, LOOK_MS);
  // A clock that is moved on purpose is announced, and no other process has the data: at rest nothing happens.
  const rest = watched ? {} : { lookMsMax: Number.POSITIVE_INFINITY };
  const trustedTime = believe(deps, watched);
  const runner = createJobRunner({ ...deps, ...rest, trustedTime, onChange: arm }, jobs);

  /** One timer for what is due next; nothing happens in between. */
  function arm(): void {
    clearTimeout(timer);
    const waitMs = isAble ? runner.waitMs() : LOOK_MS;
    if (!isStopped && waitMs < Number.POSITIVE_INFINITY)
      timer = setTimeout(look, Math.min(waitMs, TIMER_MS_MAX));
  }

  function look(): void {
    isAble = watch();
    if (isAble) void runner.tick();
    arm();
  }

  deps.store.onNews((news) => {
    if (isStopped) return;
    const wasAble = isAble;
    isAble = watch();
    // Other writes to the disk change the status too, and make nothing due.
    if (isAble && (news === 'changes' || !wasAble)) runner.wake();
  });
  return {
    runner,
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await runner.stop();
      if (watched === undefined || !takesJobs(deps.store.storageStatus())) return;
      watched.nowMs();
      await recordClock(as('clock'), watched).catch((error: unknown) => {
        deps.log.warn({ code: codeOf(error) }, 'the last time seen was not kept');
      });
    },
  };
}
