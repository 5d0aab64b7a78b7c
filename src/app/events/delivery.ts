import { type DeliveryOutcome, type Notification, TIME_TO_LIVE_MS } from '../../core/events/notifications.ts';
import { smnMessage, smnStringToSign, topicProject } from '../../core/events/smn.ts';
import { createBoundedMap } from '../../std/bounded-map.ts';
import { type ChangeDeps, change } from '../change.ts';
import { nextAttempt, WAIT_MS_MAX, waitAfter } from '../jobs/backoff.ts';
import { createItemGuard } from '../jobs/guard.ts';
import type { Job } from '../jobs/job.ts';
import { withBreaker } from '../outbound/breaker.ts';
import { createLanes } from '../outbound/lanes.ts';
import {
  type Hook,
  type Hooks,
  SIGNATURE_HEADER,
  signatureHeader,
  WEBHOOK_BOUNDS,
  type Webhooks,
} from '../outbound/webhooks.ts';
import type { Clock, Deps, Jitter, SigningKeys } from '../ports/deps.ts';
import type { LoadSigningKey } from './signing-key.ts';

const DELIVERY = { name: 'delivery', intervalMs: 1_000, time: 'wall' } as const;
/** Concurrent deliveries, in all and of one project. */
const CONCURRENCY = Object.freeze({ all: 16, project: 8 });
/** Due notifications that are read at a time. */
const DUE_MAX = 64;
/** Notifications whose accepting endpoints are remembered. */
const TAKEN_MAX = 10_000;
/** How long a run waits for the calls that it began; slow ones continue during the next runs. */
const DELIVERY_PAUSE_MS = 500;
/** A run ends after this long, and the next one continues. */
const DELIVERY_RUN_MS_MAX = 30_000;

/** The path of the certificate that verifies messages, below the server's own address. */
export const CERTIFICATE_PATH = '/smn/certificate.pem';

/** What delivery works with. */
export interface DeliveryDeps extends ChangeDeps, Pick<Deps, 'log'> {
  readonly hooks: Hooks;
  readonly webhooks: Webhooks;
  readonly signingKeys: SigningKeys;
  readonly loadSigningKey: LoadSigningKey;
  readonly jitter: Jitter;
  /** Bounds runs, and is what receivers compare the time of a signature with. */
  readonly machineClock: Clock;
  /** The server's own address, without a slash at its end. */
  baseUrl(): string;
  /** Resolves after so many milliseconds. */
  pause(ms: number): Promise<void>;
}

/**
 * The job that delivers notifications: at least once to each endpoint of the topic, with growing waits between attempts,
 * for an hour at most. An attempt is recorded when it is over, so a crash in the middle means another attempt with the
 * same message id. Its messages are true whatever the clock shows, so it also runs while the clock is not trusted.
 * @see docs/behaviour/notifications.md
 */
export function createDelivery(given: DeliveryDeps): Job {
  const deps = { ...given, webhooks: withBreaker(given.webhooks) };
  const { clock, machineClock, store } = deps;
  const guard = createItemGuard(deps, { item: 'a notification', outcome: 'was not delivered' });
  const taken = createTaken();
  const lanes = createLanes(CONCURRENCY);
  /** Settled or postponed since the last run ended. */
  let settled = 0;

  async function deliverOne(id: string, ending: AbortSignal): Promise<void> {
    const notification = await store.findNotification(id);
    if (notification === undefined) return;
    const accepted = taken.by(id);
    const outcome = await attempt({ ...deps, ending }, notification, accepted);
    // The call may have been cut off: its outcome is unknown, and the next start repeats it.
    if (outcome.status !== 'SUCCESS' && ending.aborted) return;
    taken.keep(id, accepted);
    const settlement = { kind: 'settle-notification', attempts: notification.attempts, outcome } as const;
    const result = await change(deps, { aggregate: 'notification', ref: { id }, ...settlement });
    if (outcome.status !== 'RETRY' || !result.changed) taken.forget(id);
    if (result.changed) settled += 1;
  }

  /** Starts what is due and has room; returns how many. */
  async function startDue(tried: Set<string>, ending: AbortSignal): Promise<number> {
    const limit = DUE_MAX + guard.size;
    let started = 0;
    for (const due of await store.listDueNotifications(clock.nowMs(), { limit, waitMsMax: WAIT_MS_MAX })) {
      if (guard.isLeftOut(due.id) || tried.has(due.id)) continue;
      if (!lanes.start(due, () => guard.run(due.id, () => deliverOne(due.id, ending)))) continue;
      tried.add(due.id);
      started += 1;
    }
    return started;
  }

  async function run(_nowMs: number, ending: AbortSignal): Promise<number> {
    const beganMs = machineClock.nowMs();
    // What is still due after an attempt is tried in a later run.
    const tried = new Set<string>();
    while (machineClock.nowMs() - beganMs < DELIVERY_RUN_MS_MAX && !ending.aborted) {
      const started = await startDue(tried, ending);
      // As soon as one has ended there is room for another, however slow the rest.
      const goesOn = await within(deps, started > 0 ? lanes.next() : lanes.idle());
      if (started === 0 || !goesOn) break;
    }
    const [made, error] = [settled, lanes.takeError()];
    settled = 0;
    if (error !== undefined) throw error;
    return made;
  }

  return {
    ...DELIVERY,
    nextDueMs: (afterMs) => nextAttempt(deps, { kind: 'notification', lanes, afterMs }),
    run,
    failedItems: () => guard.failed,
    isUnderWay: () => !lanes.isEmpty(),
  };
}

/**
 * Endpoints that have accepted an unsettled notification. Lost with the process, and bounded, since a notification may be
 * dropped without being settled; both cost a repetition.
 */
function createTaken() {
  const taken = createBoundedMap<string, Set<string>>(TAKEN_MAX);
  return {
    by: (id: string) => new Set(taken.get(id)),
    forget: taken.delete,
    keep(id: string, urls: Set<string>): void {
      if (urls.size > 0) taken.set(id, urls);
    },
  };
}

/** Resolves with false when the work takes too long. */
function within({ pause }: Pick<DeliveryDeps, 'pause'>, work: Promise<unknown>): Promise<boolean> {
  return Promise.race([work.then(() => true), pause(DELIVERY_PAUSE_MS).then(() => false)]);
}

async function attempt(
  deps: DeliveryDeps & { readonly ending: AbortSignal },
  notification: Notification,
  accepted: Set<string>,
): Promise<DeliveryOutcome> {
  const hook = findTopic(deps.hooks, notification);
  if (hook === undefined) return { status: 'INVALID' };
  const { body, headers } = await envelopeOf(deps, notification);
  const failures: string[] = [];
  await Promise.all(
    hook.urls
      .filter((url) => !accepted.has(url))
      .map(async (url) => {
        const signature = signatureHeader(hook, body, deps.machineClock.nowMs());
        const all = { ...headers, [SIGNATURE_HEADER]: signature };
        const outcome = await deps.webhooks.post(url, body, all, { ...WEBHOOK_BOUNDS, signal: deps.ending });
        if (outcome.kind === 'answered' && outcome.status >= 200 && outcome.status < 300) accepted.add(url);
        else failures.push(outcome.kind === 'failed' ? outcome.reason : `status ${outcome.status}`);
      }),
  );
  if (failures.length === 0) return { status: 'SUCCESS' };
  const { attempts, id } = notification;
  deps.log.warn({ notificationId: id, attempts: attempts + 1, failures }, 'a notification was not delivered');
  return afterFailure(notification, deps.clock.nowMs(), deps.jitter);
}

/** Only events of the topic's own project reach its endpoints: no tenant sends to another's. */
function findTopic(hooks: Hooks, { projectId, targetId }: Notification): Hook | undefined {
  return topicProject(targetId) === projectId ? hooks.findTopic(targetId) : undefined;
}

/** Retries until the notification's time ends, the last time right at the end. */
function afterFailure(
  { attempts, createTimeMs }: Notification,
  nowMs: number,
  jitter: Jitter,
): DeliveryOutcome {
  const endMs = createTimeMs + TIME_TO_LIVE_MS;
  if (nowMs >= endMs) return { status: 'FAIL' };
  return { status: 'RETRY', nextAttemptMs: Math.min(nowMs + waitAfter(attempts + 1, jitter), endMs) };
}

async function envelopeOf(deps: DeliveryDeps, notification: Notification) {
  const { loadSigningKey, signingKeys } = deps;
  const message = smnMessage(notification, signingKeys.digest(notification.id));
  const body = JSON.stringify({
    ...message,
    signature: signingKeys.sign(await loadSigningKey(), smnStringToSign(message)),
    signature_version: 'v1',
    unsubscribe_url: '',
    signing_cert_url: `${deps.baseUrl()}${CERTIFICATE_PATH}`,
  });
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'x-smn-message-type': message.type,
    'x-smn-message-id': message.message_id,
    'x-smn-topic-urn': message.topic_urn,
  };
  return { body, headers };
}
