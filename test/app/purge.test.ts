import { beforeEach, describe, expect, it } from 'vitest';
import { createPurge } from '../../src/app/jobs/purge.ts';
import { createTrustedTime } from '../../src/app/jobs/trusted-time.ts';
import type { Store } from '../../src/app/ports/deps.ts';
import { type ErrorCode, SecretError } from '../../src/core/errors.ts';
import type { SecretState } from '../../src/core/secrets/secrets.ts';
import { anAggregate, DAY_MS, REF, SECRET_ID, T0 } from '../support/builders.ts';
import { aWorld, type World } from '../support/world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

let world: World;
let monotonicMs: number;
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

/** Time passes: both clocks run on. */
function pass(ms: number): void {
  world.clock.wallMs += ms;
  monotonicMs += ms;
}

/** Somebody sets the wall clock. */
function setBy(ms: number): void {
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

/** A store that takes these for due besides those that are: somebody changed them after they were listed. */
function alsoListing(...names: string[]): Store {
  const { store } = world.deps;
  const stale = names.map((name) => ({ ref: { projectId: REF.projectId, name }, id: SECRET_ID }));
  return {
    ...store,
    listDueSecrets: async (nowMs, limit) => [...stale, ...(await store.listDueSecrets(nowMs, limit))],
  };
}

type Round = () => Promise<number>;

/** Rounds as the job runner makes them: the time is read once, and without one nothing happens. */
function roundsWith(deps: World['deps']): Round {
  const trustedTime = createTrustedTime(deps, { nowMs: () => monotonicMs });
  const purge = createPurge(deps);
  return async () => {
    const nowMs = trustedTime.nowMs();
    return nowMs === undefined ? 0 : purge(nowMs);
  };
}

/** The rounds of this world, over another store. */
const roundsOver = (store: Store): Round => roundsWith({ ...world.deps, store });

beforeEach(() => {
  world = aWorld();
  // It starts anywhere; only its differences count.
  monotonicMs = 123_456;
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

  it('removes a secret once the time has really passed', async () => {
    put('later', T0 + 7 * DAY_MS);
    pass(7 * DAY_MS - 1);
    expect(await round()).toBe(0);
    pass(1);
    expect(await round()).toBe(1);
  });

  it('leaves the rest to the next round when very many are due', async () => {
    for (let number = 1; number <= 150; number += 1) put(`s${number}`, T0);
    expect([await round(), await round(), await round()]).toEqual([100, 50, 0]);
  });

  it('continues when somebody deleted the secret in the meantime', async () => {
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

  it('reads the clock once, and judges by that time throughout', async () => {
    put('due', T0);
    put('due-in-a-day', T0 + DAY_MS);
    let reads = 0;
    const clock = { nowMs: () => (reads++ < 2 ? T0 : T0 + 10 * DAY_MS) };
    const deps = { ...world.deps, store: alsoListing('due-in-a-day'), clock };
    // The first reading is that of the preparation.
    expect(await roundsWith(deps)()).toBe(1);
    expect(reads).toBe(2);
    expect(left()).toEqual(['due-in-a-day']);
  });
});

describe('a damaged secret', () => {
  it('does not keep the others from being removed, before it or after it', async () => {
    for (const name of ['first', 'damaged', 'last']) put(name, T0);
    const purge = roundsOver(failingFor('damaged', new SecretError('damaged')));
    expect([await purge(), await purge()]).toEqual([2, 0]);
    expect(left()).toEqual(['damaged']);
  });

  it('is told to the operator as an error, with its name and nothing that it holds', async () => {
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

describe('a hundred damaged secrets', () => {
  it('do not keep the one behind them from being removed, and are told of once', async () => {
    const store = {
      ...world.deps.store,
      change: ((command: { ref: { name: string } }) =>
        command.ref.name.startsWith('damaged')
          ? Promise.reject(new SecretError('damaged'))
          : world.deps.store.change(command as never)) as typeof world.deps.store.change,
    };
    for (let number = 0; number < 100; number += 1) put(`damaged-${number}`, T0);
    put('sound', T0 + 1);
    pass(1);
    let told = 0;
    const error = () => {
      told += 1;
    };
    const purge = roundsWith({ ...world.deps, store, log: { ...world.deps.log, error } });
    expect([await purge(), await purge(), await purge()]).toEqual([0, 1, 0]);
    expect(told).toBe(100);
  });
});

describe('a clock that is set back halfway and jumps again', () => {
  it('starts the day of waiting again', async () => {
    put('due-in-a-year', T0 + 365 * DAY_MS);
    round = roundsWith(world.deps);
    world.clock.wallMs += 400 * DAY_MS;
    expect(await round()).toBe(0);
    pass(3_600_000);
    world.clock.wallMs -= 399 * DAY_MS;
    expect(await round()).toBe(0);
    pass(22.9 * 3_600_000);
    expect(await round()).toBe(0);
    world.clock.wallMs += 390 * DAY_MS;
    expect(await round()).toBe(0);
    pass(0.1 * 3_600_000);
    expect(await round()).toBe(0);
    expect(left()).toEqual(['due-in-a-year']);
  });
});

describe('a failure of the store', () => {
  const codes: ErrorCode[] = ['storage-full', 'unavailable', 'outcome-unknown'];
  const storeDown = codes.map((code) => new SecretError(code));
  const failures = [...storeDown, new SecretError('internal'), new Error('nobody expected this')];

  it.each(storeDown)('ends the round: %o', async (failure) => {
    for (const name of ['first', 'failing', 'last']) put(name, T0);
    await expect(roundsOver(failingFor('failing', failure))()).rejects.toBe(failure);
    expect(left()).toEqual(['failing', 'last']);
  });

  it.each(failures)('to list what is due ends the round: %o', async (failure) => {
    put('due', T0);
    const listDueSecrets = () => Promise.reject(failure);
    await expect(roundsOver({ ...world.deps.store, listDueSecrets })()).rejects.toBe(failure);
    expect(left()).toEqual(['due']);
  });

  it('leaves the rest to the next round', async () => {
    for (const name of ['first', 'last']) put(name, T0);
    let isFull = true;
    const { store } = world.deps;
    const full = failingFor('first', new SecretError('storage-full'));
    const purge = roundsOver({
      ...store,
      change: (command, actor) => (isFull ? full : store).change(command, actor),
    });
    await expect(purge()).rejects.toMatchObject({ code: 'storage-full' });
    isFull = false;
    expect(await purge()).toBe(2);
  });
});

describe('a clock that jumps forward', () => {
  beforeEach(() => put('due-in-two-days', T0 + 2 * DAY_MS));

  it('by more than a minute deletes nothing for 24 hours', async () => {
    setBy(10 * DAY_MS);
    const answers = [await round()];
    for (let hour = 1; hour < 24; hour += 1) {
      pass(HOUR_MS);
      answers.push(await round());
    }
    pass(HOUR_MS - 1);
    answers.push(await round());
    expect(answers).toEqual(Array(25).fill(0));
    pass(1);
    expect(await round()).toBe(1);
  });

  it('is told to the operator once', async () => {
    setBy(10 * DAY_MS);
    await round();
    await round();
    expect(world.logged).toEqual([
      expect.stringMatching(
        /^the clock jumped forward: background jobs that delete or expire wait for a day/,
      ),
    ]);
  });

  it('and is set back deletes at once what is really due, and nothing else', async () => {
    put('due-in-an-hour', T0 + HOUR_MS);
    setBy(10 * DAY_MS);
    expect(await round()).toBe(0);
    pass(HOUR_MS);
    setBy(-10 * DAY_MS);
    expect(await round()).toBe(1);
    expect(left()).toEqual(['due-in-two-days']);
  });

  it('again after it was set back waits for a whole day again', async () => {
    setBy(10 * DAY_MS);
    await round();
    pass(23 * HOUR_MS);
    setBy(-10 * DAY_MS);
    await round();
    setBy(10 * DAY_MS);
    await round();
    pass(23 * HOUR_MS);
    expect(await round()).toBe(0);
    pass(HOUR_MS);
    expect(await round()).toBe(1);
  });

  it('again during the wait waits for a whole day from there', async () => {
    setBy(2 * MINUTE_MS);
    const answers = [await round()];
    pass(23 * HOUR_MS);
    setBy(400 * DAY_MS);
    answers.push(await round());
    pass(HOUR_MS);
    answers.push(await round());
    pass(23 * HOUR_MS - 1);
    answers.push(await round());
    expect(answers).toEqual([0, 0, 0, 0]);
    pass(1);
    expect(await round()).toBe(1);
  });

  it('again and again during the wait never gets anything deleted', async () => {
    for (let jump = 0; jump < 10; jump += 1) {
      setBy(DAY_MS);
      expect(await round()).toBe(0);
      pass(23 * HOUR_MS);
      expect(await round()).toBe(0);
    }
    expect(world.logged).toHaveLength(10);
  });

  it.each([
    { jumpMs: MINUTE_MS, purged: 1 },
    { jumpMs: MINUTE_MS + 1, purged: 0 },
  ])('by $jumpMs ms during the wait lets $purged be deleted at its end', async ({ jumpMs, purged }) => {
    setBy(10 * DAY_MS);
    await round();
    pass(23 * HOUR_MS);
    setBy(jumpMs);
    await round();
    pass(HOUR_MS);
    expect(await round()).toBe(purged);
  });

  it.each([
    { restMs: -DAY_MS, purged: 1 },
    { restMs: 0, purged: 1 },
    { restMs: MINUTE_MS, purged: 1 },
    { restMs: MINUTE_MS + 1, purged: 0 },
    { restMs: DAY_MS, purged: 0 },
  ])('and is set back all but $restMs ms lets $purged be deleted', async ({ restMs, purged }) => {
    put('due', T0 - DAY_MS);
    setBy(10 * DAY_MS);
    expect(await round()).toBe(0);
    setBy(restMs - 10 * DAY_MS);
    expect(await round()).toBe(purged);
  });

  it('again after the wait was over waits once more', async () => {
    setBy(HOUR_MS);
    await round();
    pass(DAY_MS);
    await round();
    setBy(HOUR_MS);
    pass(23 * HOUR_MS);
    expect(await round()).toBe(0);
    expect(world.logged).toHaveLength(2);
  });

  it.each([
    { jumpMs: MINUTE_MS, purged: 1 },
    { jumpMs: MINUTE_MS + 1, purged: 0 },
  ])('by $jumpMs ms lets $purged be deleted', async ({ jumpMs, purged }) => {
    pass(2 * DAY_MS - jumpMs);
    await round();
    setBy(jumpMs);
    expect(await round()).toBe(purged);
  });

  it('a little at a time is followed, and nothing waits', async () => {
    put('due-in-20-minutes', T0 + 20 * MINUTE_MS);
    const answers: number[] = [];
    for (let step = 0; step < 10; step += 1) {
      pass(MINUTE_MS);
      setBy(MINUTE_MS);
      answers.push(await round());
    }
    expect(answers).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(world.logged).toEqual([]);
  });

  it('after it drifted back is measured from where it was', async () => {
    for (let step = 0; step < 10; step += 1) {
      setBy(-MINUTE_MS);
      await round();
    }
    put('due', T0);
    setBy(10 * MINUTE_MS);
    expect(await round()).toBe(0);
    expect(world.logged).toHaveLength(1);
  });
});

describe('a clock that is set back', () => {
  it('is followed, and later jumps are measured from there', async () => {
    put('due-in-two-days', T0 + 2 * DAY_MS);
    setBy(-10 * DAY_MS);
    expect(await round()).toBe(0);
    setBy(12 * DAY_MS);
    expect(await round()).toBe(0);
    expect(left()).toEqual(['due-in-two-days']);
  });
});
