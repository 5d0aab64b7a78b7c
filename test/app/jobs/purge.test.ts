import { beforeEach, describe, expect, it } from 'vitest';
import { createPurge } from '../../../src/app/jobs/purge.ts';
import type { Store } from '../../../src/app/ports/deps.ts';
import { SecretError } from '../../../src/core/errors.ts';
import type { SecretState } from '../../../src/core/secrets/secrets.ts';
import { anAggregate, DAY_MS, REF, T0 } from '../../support/builders.ts';
import { aWorld, type World } from '../../support/world.ts';

let world: World;
let round: Round;

/** Puts a secret that is due at that time where the rounds will find it. */
function put(name: string, dueMs: number, state: SecretState = 'PENDING_DELETE'): void {
  const id = `id-of-${name}`;
  const isDoomed = state === 'PENDING_DELETE';
  const doom = { stateBeforeDeletion: 'ENABLED', scheduledDeleteTimeMs: dueMs } as const;
  const secret = { id, name, state, ...(isDoomed && doom) } as const;
  world.secrets.set(`${REF.projectId}/${name}`, anAggregate({ secret }));
}

const left = () => [...world.secrets.values()].map(({ secret }) => secret.name);

/** Time passes. */
function pass(ms: number): void {
  world.clock.wallMs += ms;
}

/** A store that fails with this error where a secret of that name is to be removed. */
function failingFor(name: string, error: Error): Store {
  const { store } = world.deps;
  return {
    ...store,
    async change(command) {
      if (command.kind === 'purge-secret' && command.ref.name === name) throw error;
      return store.change(command);
    },
  };
}

/** A store that takes these for due besides those that are: someone changed them after they were listed. */
function alsoListing(...names: string[]): Store {
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
  const purge = createPurge(deps);
  return () => purge(deps.clock.nowMs());
}

/** The rounds of this world, over another store. */
const roundsOver = (store: Store): Round => roundsWith({ ...world.deps, store });

beforeEach(() => {
  world = aWorld();
  round = roundsWith(world.deps);
});

describe('a round', () => {
  it('removes what is due, and nothing else', async () => {
    put('past', T0 - 1);
    put('now', T0);
    put('soon', T0 + 1);
    put('enabled', T0, 'ENABLED');
    expect(await round()).toBe(2);
    expect(left()).toEqual(['soon', 'enabled']);
    expect(await round()).toBe(0);
  });

  it('leaves a secret alone whose deletion was called off after it was found to be due', async () => {
    put('called-off', T0, 'ENABLED');
    const due = { ref: { projectId: REF.projectId, name: 'called-off' }, id: 'id-of-called-off' };
    const store = { ...world.deps.store, listDueSecrets: () => [due] };
    expect(await createPurge({ ...world.deps, store })(T0)).toBe(0);
    expect(left()).toEqual(['called-off']);
  });

  it('leaves the rest to the next round when very many are due', async () => {
    for (let number = 1; number <= 150; number += 1) put(`s${number}`, T0);
    expect([await round(), await round(), await round()]).toEqual([100, 50, 0]);
  });

  it('continues when someone deleted the secret in the meantime', async () => {
    put('present', T0);
    await roundsOver(alsoListing('gone'))();
    expect(left()).toEqual([]);
    expect(world.logged).toEqual([]);
  });

  it('leaves a secret alone whose deletion was called off in the meantime', async () => {
    put('kept', T0 + DAY_MS);
    await roundsOver(alsoListing('kept'))();
    expect(left()).toEqual(['kept']);
  });

  it('counts only what it removed', async () => {
    put('kept', T0 + DAY_MS);
    put('damaged', T0);
    put('present', T0);
    const told: unknown[] = [];
    const log = { ...world.deps.log, info: (fields: object) => told.push(fields) };
    world = {
      ...world,
      deps: { ...world.deps, log, store: failingFor('damaged', new SecretError('damaged')) },
    };
    const purge = roundsOver(alsoListing('kept', 'gone'));
    expect([await purge(), await purge()]).toEqual([1, 0]);
    expect(told).toEqual([{ purged: 1 }]);
  });

  it('judges by the time that it is given, whatever the clock says by then', async () => {
    put('due', T0);
    put('due-in-a-day', T0 + DAY_MS);
    pass(10 * DAY_MS);
    expect(await createPurge({ ...world.deps, store: alsoListing('due-in-a-day') })(T0)).toBe(1);
    expect(left()).toEqual(['due-in-a-day']);
  });
});

describe('a damaged secret', () => {
  it('is logged as an error, with its name and nothing that it holds', async () => {
    put('damaged', T0);
    const told: unknown[] = [];
    const error = (fields: object, message: string) => told.push({ fields, message });
    const store = failingFor('damaged', new SecretError('damaged'));
    const deps = { ...world.deps, store, log: { ...world.deps.log, error } };
    await roundsWith(deps)();
    const message = 'a due secret is damaged and was not removed';
    const fields = { id: 'id-of-damaged', projectId: REF.projectId, name: 'damaged' };
    expect(told).toEqual([{ fields, message }]);
  });
});
