import fc from 'fast-check';
import { expect, it } from 'vitest';
import { anEvent, DAY_MS, REF, T0 } from '../support/builders.ts';
import { aCustomKey } from '../support/keys.ts';
import { waitingUntil } from '../support/world.ts';
import { type AgedWorld, anAgedWorld, type Short, TOPIC } from './aged-world.ts';
import { firesOf, type Model, type ModelSecret, refusalsOf } from './year-model.ts';

const DAYS = 365;
const TYPES = [
  'SECRET_VERSION_EXPIRED',
  'SECRET_DELETED',
  'SECRET_ROTATED',
  'SECRET_ROTATED_FAILED',
] as const;

/** Few days, so that much falls on one moment. */
const day = fc.integer({ min: 1, max: 60 }).map((number) => number * 7);
const failures = fc.oneof(fc.integer({ min: 0, max: 7 }), fc.constant(8));
const secrets = fc.record<ModelSecret>({
  isSubscribed: fc.boolean(),
  expiresDay: fc.option(day, { nil: undefined }),
  deletedDay: fc.option(day, { nil: undefined, freq: 2 }),
  rotated: fc.option(
    fc.record({
      periodDays: fc.constantFrom(7, 14, 28, 90),
      failures: fc.array(failures, { maxLength: 12 }),
    }),
    { nil: undefined },
  ),
});
const keys = fc.oneof(
  fc.record({ rotatedDays: fc.constantFrom(35, 90, 364) }),
  fc.record({ deletedDay: day }),
);
const models = fc.record<Model>({
  secrets: fc.array(secrets, { minLength: 1, maxLength: 10 }),
  keys: fc.array(keys, { maxLength: 4 }),
  refusals: fc.array(fc.constantFrom(0, 0, 1, 3, 6, 40), { maxLength: 7 }),
});

/** A world in which all that the model says is stored, with a function and a topic that fail as it says. */
async function worldOf(model: Model): Promise<AgedWorld> {
  const aged = await anAgedWorld();
  aged.world.events.set(`${REF.projectId}/alarm`, anEvent({ types: TYPES }));
  for (const [index, secret] of model.secrets.entries()) await put(aged, `s${index}`, secret);
  for (const [index, key] of model.keys.entries()) {
    const id = `k${index}`;
    const state =
      'deletedDay' in key
        ? ({ state: 'PENDING_DELETE', scheduledDeleteTimeMs: T0 + key.deletedDay * DAY_MS } as const)
        : { rotation: { intervalDays: key.rotatedDays, nextTimeMs: T0 + key.rotatedDays * DAY_MS } };
    aged.world.keys.set(`${REF.projectId}/${id}`, aCustomKey({ id, alias: id, aliases: [], ...state }));
  }
  const attempts = new Map<string, number>();
  const countOf = (what: string) => {
    const count = attempts.get(what) ?? 0;
    attempts.set(what, count + 1);
    return count;
  };
  const turns = new Map<string, { taskId: string; turn: number }>();
  aged.database.fault = ({ current: { username }, step, taskId }) => {
    if (step !== 'create') return undefined;
    const last = turns.get(username) ?? { taskId: '', turn: -1 };
    const turn = last.taskId === taskId ? last.turn : last.turn + 1;
    turns.set(username, { taskId, turn });
    const planned = model.secrets[Number(username.slice(1))]?.rotated?.failures[turn] ?? 0;
    return countOf(taskId) < planned ? { status: 503, body: {} } : undefined;
  };
  aged.outside = (url, body) => {
    if (url !== TOPIC) return undefined;
    const { message } = JSON.parse(body) as { readonly message: string };
    const { eventTime } = JSON.parse(message) as { readonly eventTime: string };
    const isRefused = countOf(message) < refusalsOf(model, Date.parse(eventTime) - T0);
    return isRefused ? { kind: 'answered', status: 503, body: Buffer.from('') } : undefined;
  };
  return aged;
}

async function put(aged: AgedWorld, name: string, secret: ModelSecret): Promise<void> {
  const { deletedDay, expiresDay, isSubscribed, rotated } = secret;
  const eventSubscriptions = isSubscribed ? ['alarm'] : [];
  if (rotated !== undefined) await aged.createRotated(name, `${rotated.periodDays}d`, { eventSubscriptions });
  else aged.world.put(name, { eventSubscriptions });
  const path = `${REF.projectId}/${name}`;
  const stored = aged.world.secrets.get(path);
  if (stored === undefined) throw new Error('the secret is not there');
  const expireTimeMs = expiresDay === undefined ? undefined : T0 + expiresDay * DAY_MS;
  const waiting = deletedDay === undefined ? {} : waitingUntil(T0 + deletedDay * DAY_MS);
  aged.world.secrets.set(path, {
    ...stored,
    secret: { ...stored.secret, ...waiting },
    versions: stored.versions.map((version) => ({ ...version, expireTimeMs })),
  });
}

async function inSteps(model: Model, steps: readonly number[]): Promise<Short[]> {
  const aged = await worldOf(model);
  try {
    const fired: Short[] = [];
    for (const toMs of [...steps].sort((one, other) => one - other)) {
      const byMs = T0 + toMs - aged.clock.nowMs();
      fired.push(...(await aged.advance(byMs)));
    }
    return fired;
  } finally {
    await aged.background.stop();
  }
}

it('a year fires what an independent model says, in its order, in one move or in many', async () => {
  const steps = fc.array(fc.integer({ min: 0, max: DAYS * DAY_MS }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(models, steps, async (model, moments) => {
      const expected = firesOf(model, DAYS);
      expect(await inSteps(model, [DAYS * DAY_MS])).toEqual(expected);
      expect(await inSteps(model, [...moments, DAYS * DAY_MS])).toEqual(expected);
    }),
    { numRuns: 12 },
  );
});
