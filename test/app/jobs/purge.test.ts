import { beforeEach, describe, expect, it } from 'vitest';
import { createPurgeJob } from '../../../src/app/jobs/purge.ts';
import { SecretError } from '../../../src/core/errors.ts';
import type { TestStore } from '../../support/acting.ts';
import { DAY_MS, REF, T0 } from '../../support/builders.ts';
import { aWorld, failing, type World, waitingUntil } from '../../support/world.ts';

let world: World;
let round: Round;

const put = (name: string, dueMs: number) => world.put(name, waitingUntil(dueMs));

/** Time passes. */
function pass(ms: number): void {
  world.clock.wallMs += ms;
}

/** A store that takes these for due besides those that are: someone changed them after they were listed. */
function alsoListing(...names: string[]): TestStore {
  const { store } = world.deps;
  const stale = names.map((name) => ({ ref: { projectId: REF.projectId, name }, id: `id-of-${name}` }));
  return {
    ...store,
    listDueSecrets: async (nowMs, limit) => [...stale, ...(await store.listDueSecrets(nowMs, limit))],
  };
}

type Round = () => Promise<number>;

/** Rounds as the job runner makes them: the time is read once. */
function roundsWith(deps: World['deps']): Round {
  const { run } = createPurgeJob(deps);
  return () => run(deps.clock.nowMs(), new AbortController().signal);
}

beforeEach(() => {
  world = aWorld();
  round = roundsWith(world.deps);
});

describe('a round', () => {
  it('removes what is due, and nothing else', async () => {
    put('past', T0 - 1);
    put('now', T0);
    put('soon', T0 + 1);
    world.put('enabled', { scheduledDeleteTimeMs: T0 });
    expect(await round()).toBe(2);
    expect(world.names()).toEqual(['soon', 'enabled']);
    expect(await round()).toBe(0);
  });

  it('leaves the rest to the next round when very many are due', async () => {
    for (let number = 1; number <= 150; number += 1) put(`s${number}`, T0);
    expect([await round(), await round(), await round()]).toEqual([100, 50, 0]);
  });

  it('counts what it removed, and not what was deleted or called off meanwhile or is damaged', async () => {
    put('kept', T0 + DAY_MS);
    put('damaged', T0);
    put('present', T0);
    const told: unknown[] = [];
    const log = { ...world.deps.log, info: (fields: object) => told.push(fields) };
    const store = failing(alsoListing('kept', 'gone'), { damaged: new SecretError('damaged') });
    const purge = roundsWith({ ...world.deps, log, store });
    expect([await purge(), await purge()]).toEqual([1, 0]);
    expect(told).toEqual([{ purged: 1 }]);
    expect(world.names()).toEqual(['kept', 'damaged']);
    expect(world.logged).toHaveLength(1);
  });

  it('judges by the time that it is given, whatever the clock says by then', async () => {
    put('due', T0);
    put('due-in-a-day', T0 + DAY_MS);
    pass(10 * DAY_MS);
    const { run } = createPurgeJob({ ...world.deps, store: alsoListing('due-in-a-day') });
    expect(await run(T0, new AbortController().signal)).toBe(1);
    expect(world.names()).toEqual(['due-in-a-day']);
  });
});

describe('a damaged secret', () => {
  it('is logged as an error, with its name and nothing that it holds', async () => {
    put('damaged', T0);
    const told: unknown[] = [];
    const error = (fields: object, message: string) => told.push({ fields, message });
    const store = failing(world.deps.store, { damaged: new SecretError('damaged') });
    const deps = { ...world.deps, store, log: { ...world.deps.log, error } };
    await roundsWith(deps)();
    const message = 'a due secret is damaged and was not removed';
    const fields = { id: 'id-of-damaged', projectId: REF.projectId, name: 'damaged' };
    expect(told).toEqual([{ fields, message }]);
  });
});
