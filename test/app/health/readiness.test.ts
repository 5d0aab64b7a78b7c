import { expect, it } from 'vitest';
import { createReadiness, type ReadinessDeps } from '../../../src/app/health/readiness.ts';
import type { Deps } from '../../../src/app/ports/deps.ts';

/** A server whose parts can be broken, and how often its storage was read. */
function parts() {
  const world = { refusal: undefined as string | undefined, hasIdentities: true, canRead: true };
  let [nowMs, reads] = [0, 0];
  const store = {
    storageStatus: () => ({ refusal: world.refusal }),
    sampleVersions: async () => {
      reads += 1;
      if (!world.canRead) throw new Error('disk I/O error');
      return [];
    },
  };
  const deps: ReadinessDeps = {
    store: store as unknown as Deps['store'],
    keyring: {} as Deps['keyring'],
    hasIdentities: () => world.hasIdentities,
    monotonicMs: () => nowMs,
  };
  const ask = createReadiness(deps);
  return { world, ask, reads: () => reads, wait: () => (nowMs += 1_000) };
}

const READY = { reason: undefined, writes: 'ok' };

it('is found out by a read, at most once a second', async () => {
  const { world, ask, reads, wait } = parts();
  expect(await Promise.all(Array.from({ length: 100 }, ask))).toEqual(Array(100).fill(READY));
  world.canRead = false;
  expect([await ask(), reads()]).toEqual([READY, 1]);
  wait();
  expect([await ask(), reads()]).toEqual([{ reason: 'storage', writes: 'ok' }, 2]);
  world.canRead = true;
  wait();
  expect([await ask(), reads()]).toEqual([READY, 3]);
});

it('needs identities', async () => {
  const { world, ask } = parts();
  world.hasIdentities = false;
  expect(await ask()).toEqual({ reason: 'identities', writes: 'ok' });
});

it('reads nothing while another program has locked the database', async () => {
  const { world, ask, reads, wait } = parts();
  await ask();
  world.refusal = 'locked';
  wait();
  expect([await ask(), reads()]).toEqual([{ reason: undefined, writes: 'refused' }, 1]);
});

it.each(['missing', 'ended'])('is no question while the storage is %s', async (refusal) => {
  const { world, ask, reads } = parts();
  world.refusal = refusal;
  expect([await ask(), reads()]).toEqual([{ reason: 'storage', writes: 'refused' }, 0]);
});
