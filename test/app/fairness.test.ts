import { beforeEach, describe, expect, it } from 'vitest';
import { createDelivery } from '../../src/app/events/delivery.ts';
import { withBreaker } from '../../src/app/outbound/breaker.ts';
import { createLanes } from '../../src/app/outbound/lanes.ts';
import type { WebhookOutcome, Webhooks } from '../../src/app/outbound/webhooks.ts';
import type { SigningKeys } from '../../src/app/ports/deps.ts';
import { aNotification } from '../support/builders.ts';
import { aWorld, type World } from '../support/world.ts';

const OK: WebhookOutcome = { kind: 'answered', status: 200, body: Buffer.from('') };
const SILENCE: WebhookOutcome = { kind: 'failed', reason: 'timed-out' };
const SILENT: WebhookOutcome = { kind: 'failed', reason: 'silent' };
const soon = () => new Promise<void>((resume) => setImmediate(resume));

/** Endpoints that answer when the test says so. */
function endpoints() {
  const open: { readonly url: string; readonly end: (outcome: WebhookOutcome) => void }[] = [];
  const webhooks: Webhooks = { post: (url) => new Promise((end) => open.push({ url, end })) };
  return { open, webhooks };
}

describe('an endpoint that has not answered', () => {
  it('gets one call at a time until it answers', async () => {
    const { open, webhooks } = endpoints();
    const guarded = withBreaker(webhooks);
    const call = (url = 'https://slow/') => guarded.post(url, '', {});
    const [first, second] = [call(), call()];
    expect(open).toHaveLength(2);
    for (const { end } of open.splice(0)) end(SILENCE);
    expect(await Promise.all([first, second])).toEqual([SILENCE, SILENCE]);

    const probe = call();
    expect([await call(), await call()]).toEqual([SILENT, SILENT]);
    const other = call('https://other/');
    expect(open.map(({ url }) => url)).toEqual(['https://slow/', 'https://other/']);
    open[1]!.end(OK);
    expect(await other).toEqual(OK);
    open[0]!.end(OK);
    expect(await probe).toEqual(OK);
    open.length = 0;
    const again = [call(), call(), call()];
    expect(open).toHaveLength(3);
    for (const { end } of open) end(OK);
    expect(await Promise.all(again)).toEqual([OK, OK, OK]);
  });

  it('stays silent after another call in vain, and only then', async () => {
    const { open, webhooks } = endpoints();
    const guarded = withBreaker(webhooks);
    for (const [outcome, calls] of [
      [SILENCE, 1],
      [SILENCE, 1],
      [{ kind: 'failed', reason: 'unreachable' }, 2],
    ] as const) {
      const call = guarded.post('u', '', {});
      open.splice(0)[0]!.end(outcome);
      await call;
      const next = [guarded.post('u', '', {}), guarded.post('u', '', {})];
      expect(open).toHaveLength(calls);
      for (const { end } of open.splice(0)) end(outcome);
      await Promise.all(next);
    }
  });

  it('is tried again after a call that threw', async () => {
    const outcomes: (() => Promise<WebhookOutcome>)[] = [
      async () => SILENCE,
      () => Promise.reject(new TypeError()),
      async () => OK,
    ];
    const guarded = withBreaker({ post: () => outcomes.shift()!() });
    await guarded.post('u', '', {});
    await expect(guarded.post('u', '', {})).rejects.toThrow(TypeError);
    expect(await guarded.post('u', '', {})).toEqual(OK);
  });
});

describe('lanes', () => {
  it('have room for some of each project, and start nothing twice', async () => {
    const lanes = createLanes({ all: 3, project: 2 });
    const ends: (() => void)[] = [];
    const start = (id: string, projectId: string) =>
      lanes.start({ id, projectId }, () => new Promise<void>((end) => ends.push(end)));
    expect([start('a', 'p'), start('a', 'p'), start('b', 'p'), start('c', 'p')]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect([start('d', 'q'), start('e', 'r')]).toEqual([true, false]);
    ends[0]!();
    await lanes.next();
    expect(start('e', 'r')).toBe(true);
    for (const end of ends) end();
    await lanes.idle();
  });

  it('log a failure once', async () => {
    const lanes = createLanes({ all: 1, project: 1 });
    const failure = new Error('fails');
    lanes.start({ id: 'a', projectId: 'p' }, () => Promise.reject(failure));
    await lanes.idle();
    expect([lanes.takeError(), lanes.takeError()]).toEqual([failure, undefined]);
  });
});

describe('delivery while the endpoint of one project is silent', () => {
  let world: World;
  beforeEach(() => {
    world = aWorld();
  });
  const signingKeys = { sign: () => '', digest: () => '' } as unknown as SigningKeys;

  it('continues for the others in the same run', async () => {
    const urls: string[] = [];
    const { clock } = world.deps;
    const topicOf = (projectId: string) => `urn:smn:local-1:${projectId}:ops`;
    for (const projectId of ['slow', 'fast']) {
      for (let count = 0; count < 40; count += 1) {
        const notification = aNotification({
          id: `${projectId}-${count}`,
          projectId,
          targetId: topicOf(projectId),
        });
        world.notifications.set(notification.id, notification);
      }
    }
    let isStuck = false;
    const job = createDelivery({
      ...world.deps,
      signingKeys,
      loadSigningKey: async () => ({}) as never,
      hooks: { findTopic: (urn) => ({ urls: [urn], sign: () => '' }), findFunction: () => undefined },
      webhooks: {
        post: (url) => {
          urls.push(url);
          return url === topicOf('slow') ? new Promise(() => undefined) : Promise.resolve(OK);
        },
      },
      jitter: { fraction: () => 0 },
      machineClock: clock,
      baseUrl: () => '',
      pause: async () => {
        // Stands for half a second in which nothing ends.
        while (!isStuck) {
          const before = urls.length;
          for (let turns = 0; turns < 50; turns += 1) await soon();
          isStuck = urls.length === before;
        }
      },
    });
    await job.run(clock.nowMs(), new AbortController().signal);
    expect(urls.filter((url) => url === topicOf('fast'))).toHaveLength(40);
    expect(urls.filter((url) => url === topicOf('slow'))).toHaveLength(8);
  });
});
