import { beforeEach, describe, expect, it } from 'vitest';
import { createDelivery, type DeliveryDeps } from '../../../src/app/events/delivery.ts';
import { createSigningKeyLoader } from '../../../src/app/events/signing-key.ts';
import type { Job } from '../../../src/app/jobs/job.ts';
import type { Hook, WebhookOutcome, Webhooks } from '../../../src/app/outbound/webhooks.ts';
import type { SigningKeys } from '../../../src/app/ports/deps.ts';
import { SecretError } from '../../../src/core/errors.ts';
import { type Notification, TIME_TO_LIVE_MS } from '../../../src/core/events/notifications.ts';
import { aNotification, anEvent, REF, T0 } from '../../support/builders.ts';
import { aWorld, failing, type World } from '../../support/world.ts';

const OK: WebhookOutcome = { kind: 'answered', status: 200, body: Buffer.from('') };
const NEVER = new AbortController().signal;
const TOPIC = anEvent().target.id;
const ID = aNotification().id;

interface Sent {
  readonly url: string;
  readonly body: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
}

const signingKeys: SigningKeys = {
  create: async (createTimeMs) => ({
    certificatePem: 'pem',
    sealedPrivateKey: Buffer.from('k'),
    createTimeMs,
  }),
  sign: (_, text) => `signed:${text.length}`,
  digest: (text) => Buffer.from(text).toString('hex').slice(0, 32),
};

let world: World;
let sent: Sent[];
/** What endpoints answer, by URL; anything else answers 200. */
let answers: Record<string, WebhookOutcome>;
let hooks: Record<string, Hook>;
let fraction: number;

beforeEach(() => {
  world = aWorld();
  sent = [];
  answers = {};
  fraction = 0;
  hooks = { [TOPIC]: { urls: ['https://one/'], sign: (text) => `hmac:${text.length}` } };
});

function jobOf(changes: Partial<DeliveryDeps> = {}): Job {
  return createDelivery({
    ...world.deps,
    signingKeys,
    loadSigningKey: createSigningKeyLoader({ ...world.deps, signingKeys }),
    hooks: { findTopic: (urn) => hooks[urn], findFunction: () => undefined },
    webhooks: {
      post: async (url, body, headers) => {
        sent.push({ url, body: JSON.parse(body), headers });
        return answers[url] ?? OK;
      },
    },
    jitter: { fraction: () => fraction },
    machineClock: world.deps.clock,
    // Runs of these tests wait for all that they began.
    pause: () => new Promise(() => undefined),
    baseUrl: () => 'http://csms.test',
    ...changes,
  });
}

const run = (job: Job) => job.run(world.clock.wallMs, NEVER);
const put = (notification: Notification = aNotification()) =>
  world.notifications.set(notification.id, notification);
const state = (id = ID) => world.notifications.get(id);
const failWith = (url: string, outcome: WebhookOutcome = { kind: 'failed', reason: 'unreachable' }) => {
  answers[url] = outcome;
};

describe('a notification that is due', () => {
  it('is delivered in SMN’s envelope, signed twice, and then a record', async () => {
    put();
    expect(await run(jobOf())).toBe(1);
    expect(state()).toEqual(aNotification({ status: 'SUCCESS', attempts: 1, nextAttemptMs: undefined }));
    expect(sent).toHaveLength(1);
    const [{ url, body, headers }] = sent as [Sent];
    expect(url).toBe('https://one/');
    expect(body).toEqual({
      type: 'Notification',
      subject: 'CSMS SECRET_VERSION_CREATED',
      topic_urn: TOPIC,
      message_id: signingKeys.digest(ID),
      message: aNotification().content,
      timestamp: new Date(T0).toISOString().replace('.000', ''),
      signature: expect.stringMatching(/^signed:\d+$/),
      signature_version: 'v1',
      unsubscribe_url: '',
      signing_cert_url: 'http://csms.test/smn/certificate.pem',
    });
    expect(headers).toEqual({
      'content-type': 'application/json; charset=utf-8',
      'x-smn-message-type': 'Notification',
      'x-smn-message-id': body.message_id,
      'x-smn-topic-urn': TOPIC,
      'X-CSMS-Signature': expect.stringMatching(/^t=1700000000,v1=hmac:\d+$/),
    });
  });

  it('is signed for the time of the machine, whatever the world has', async () => {
    put();
    await run(jobOf({ machineClock: { nowMs: () => T0 + 90_000 } }));
    expect(sent[0]?.headers).toMatchObject({ 'X-CSMS-Signature': expect.stringMatching(/^t=1700000090,/) });
  });

  it.each([200, 201, 204, 299])('and is answered %i has succeeded', async (status) => {
    put();
    failWith('https://one/', { ...OK, status });
    await run(jobOf());
    expect(state()?.status).toBe('SUCCESS');
  });

  it.each<WebhookOutcome>([
    { ...OK, status: 199 },
    { ...OK, status: 300 },
    { ...OK, status: 302 },
    { ...OK, status: 404 },
    { ...OK, status: 500 },
    { kind: 'failed', reason: 'timed-out' },
    { kind: 'failed', reason: 'not-allowed' },
  ])('and meets %j is tried again', async (outcome) => {
    put();
    failWith('https://one/', outcome);
    await run(jobOf());
    expect(state()).toMatchObject({ status: 'PENDING', attempts: 1 });
  });

  it('and is not due yet, or settled, is left alone', async () => {
    put(aNotification({ id: 'early', nextAttemptMs: T0 + 1 }));
    put(aNotification({ id: 'done', status: 'FAIL', nextAttemptMs: undefined }));
    expect(await run(jobOf())).toBe(0);
    expect(sent).toEqual([]);
  });

  it('goes out with many others in one run', async () => {
    for (let number = 0; number < 50; number += 1) put(aNotification({ id: `n${number}` }));
    expect(await run(jobOf())).toBe(50);
    expect(new Set(sent.map(({ body }) => body.message_id)).size).toBe(50);
  });
});

describe('a topic', () => {
  it('that leads nowhere makes the notification INVALID at once', async () => {
    hooks = {};
    put();
    await run(jobOf());
    expect([sent, state()?.status]).toEqual([[], 'INVALID']);
  });

  it.each(['demo-smn-id', `urn:smn:local-1:${'b'.repeat(32)}:ops`])(
    'of another project, or of none, is as good as none: %s',
    async (targetId) => {
      hooks[targetId] = hooks[TOPIC]!;
      put(aNotification({ targetId, projectId: REF.projectId }));
      await run(jobOf());
      expect([sent, state()?.status]).toEqual([[], 'INVALID']);
    },
  );

  it('with several endpoints has one status; who has taken it is not asked again', async () => {
    hooks[TOPIC] = { urls: ['https://one/', 'https://two/'], sign: () => 'x' };
    failWith('https://two/');
    put();
    const job = jobOf();
    await run(job);
    expect([sent.map(({ url }) => url).sort(), state()?.status]).toEqual([
      ['https://one/', 'https://two/'],
      'PENDING',
    ]);
    world.clock.wallMs += 300_000;
    sent = [];
    answers = {};
    await run(job);
    expect([sent.map(({ url }) => url), state()?.status]).toEqual([['https://two/'], 'SUCCESS']);
  });

  it('is looked up anew for each attempt', async () => {
    failWith('https://one/');
    put();
    const job = jobOf();
    await run(job);
    hooks[TOPIC] = { urls: ['https://new/'], sign: () => 'x' };
    world.clock.wallMs += 300_000;
    await run(job);
    expect([sent.at(-1)?.url, state()?.status]).toEqual(['https://new/', 'SUCCESS']);
  });
});

describe('a failed delivery', () => {
  const waits = async (attempts: number) => {
    put(aNotification({ attempts }));
    failWith('https://one/');
    await run(jobOf());
    return (state()!.nextAttemptMs! - T0) / 1_000;
  };

  it.each([
    [0, 2.5, 5],
    [1, 5, 10],
    [3, 20, 40],
    [6, 150, 300],
    [1_000, 150, 300],
  ])('after %i others waits between %d s and %d s', async (attempts, least, most) => {
    fraction = 0;
    expect(await waits(attempts)).toBe(least);
    fraction = 0.999_999_9;
    expect(await waits(attempts)).toBeCloseTo(most, 2);
  });

  it('is repeated up to the end of its hour, where it is tried a last time, and then is FAIL', async () => {
    put();
    failWith('https://one/');
    fraction = 0.5;
    const job = jobOf();
    while (state()!.nextAttemptMs !== undefined) {
      world.clock.wallMs = state()!.nextAttemptMs!;
      await run(job);
    }
    expect(state()).toMatchObject({ status: 'FAIL' });
    expect(world.clock.wallMs).toBe(T0 + TIME_TO_LIVE_MS);
    expect(sent.length).toBe(state()!.attempts);
    expect(sent.length).toBeGreaterThan(10);
  });

  it('after the hour, as after a long stop, is FAIL only when one more attempt has failed', async () => {
    put();
    world.clock.wallMs += 2 * TIME_TO_LIVE_MS;
    await run(jobOf());
    expect([sent.length, state()?.status]).toEqual([1, 'SUCCESS']);
    put();
    failWith('https://one/');
    await run(jobOf());
    expect([sent.length, state()?.status]).toEqual([2, 'FAIL']);
  });

  it('is logged without address and content', async () => {
    const told: unknown[] = [];
    const log = {
      ...world.deps.log,
      warn: (fields: object, message: string) => told.push({ fields, message }),
    };
    put();
    failWith('https://one/', { ...OK, status: 503 });
    await run(jobOf({ log }));
    expect(told).toEqual([
      {
        fields: { notificationId: ID, attempts: 1, failures: ['status 503'] },
        message: 'a notification was not delivered',
      },
    ]);
  });

  it('does not wait for a time that a wrong clock made', async () => {
    put(aNotification({ createTimeMs: T0 + 10 ** 9, nextAttemptMs: T0 + 10 ** 9 }));
    await run(jobOf());
    expect(state()?.status).toBe('SUCCESS');
  });
});

describe('a crash', () => {
  it('between delivery and record repeats the delivery', async () => {
    put();
    const dying = failing(world.deps.store, { 'settle-notification': new SecretError('outcome-unknown') });
    await expect(run(jobOf({ store: dying }))).rejects.toMatchObject({ code: 'outcome-unknown' });
    await run(jobOf());
    expect([sent.length, state()?.status]).toEqual([2, 'SUCCESS']);
    expect(sent[0]?.body.message_id).toBe(sent[1]?.body.message_id);
  });
});

describe('a store that refuses the record', () => {
  it('does not cause another delivery by the same process', async () => {
    put();
    const faults: Record<string, Error> = { 'settle-notification': new SecretError('storage-full') };
    const job = jobOf({ store: failing(world.deps.store, faults) });
    await expect(run(job)).rejects.toMatchObject({ code: 'storage-full' });
    delete faults['settle-notification'];
    await run(job);
    expect([sent.length, state()?.status]).toEqual([1, 'SUCCESS']);
  });
});

describe('a process that wants to stop', () => {
  it('begins no further batch', async () => {
    for (let number = 0; number < 50; number += 1) put(aNotification({ id: `n${number}` }));
    const stopping = new AbortController();
    let calls = 0;
    const post: Webhooks['post'] = async () => {
      calls += 1;
      stopping.abort();
      return OK;
    };
    expect(await jobOf({ webhooks: { post } }).run(T0, stopping.signal)).toBe(8);
    expect(calls).toBe(8);
  });
});
