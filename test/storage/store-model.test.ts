import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { SecretRef } from '../../src/core/secrets/secrets.ts';
import { mapEngine } from '../support/memory-store.ts';
import { codeOf, DAY_MS, freshProject, type StoreEngine, type StoreHarness, T0 } from '../support/stores.ts';
import { searched, tagsOfProject } from '../support/walks.ts';
import { anyStep, KEYS, NAMES, type Step } from './history.ts';
import { sqliteEngine } from './sqlite/harness.ts';

const RUNS = 300;
/** Groups of runs that take place at the same time: most of it is waiting for the thread that writes. */
const GROUPS = [1, 2, 3];
/** The work is bounded by the figures above; this only ends a test that hangs, on a machine however busy. */
const HANGS_MS = 600_000;
const STEPS_MAX = 60;

/** What the maps are held against: the rules and the reads are theirs as well, but not a line that stores or finds anything. */
const ENGINES: readonly StoreEngine[] = [sqliteEngine];

/** Conditions on tags, alone and two at a time. */
const conditions = KEYS.flatMap((key) => [[], ['x'], ['', 'y']].map((values) => ({ key, values })));
const searches = conditions.map((one, index) =>
  index % 2 === 0 ? [one] : [one, conditions[(index * 5 + 7) % conditions.length]!],
);

/** Everything that can be read of a secret. */
async function readSecret({ store }: StoreHarness, ref: SecretRef) {
  const aggregate = await store.findVersions(ref);
  const { id = '', lastVersionNumber = 0 } = aggregate?.secret ?? {};
  const numbers = Array.from({ length: lastVersionNumber + 1 }, (_, index) => index + 1);
  return {
    aggregate,
    secret: await store.findSecret(ref),
    byId: await store.findSecretById(ref.projectId, id),
    values: await Promise.all([...numbers, 'latest' as const].map((wanted) => store.findValue(ref, wanted))),
    contents: await store.findContents(ref),
  };
}

/** Everything that can be read of a project. */
async function readProject(harness: StoreHarness, projectId: string) {
  const { store } = harness;
  const pages = [];
  for (const name of ['', ...NAMES])
    pages.push(await store.listSecrets({ projectId, limit: 2, afterName: name }));
  const due = await store.listDueSecrets(T0 + 20 * DAY_MS, 100_000);
  const start = { expireTimeMs: 0, row: 0 };
  const expired = await store.listExpiredVersions({ projectId, nowMs: T0, after: start, limit: 100 });
  const found = searches.map((tags) =>
    searched(store, { projectId, tags, nameParts: [], limit: 100, offset: 0 }),
  );
  return {
    pages,
    due: due.filter(({ ref }) => ref.projectId === projectId),
    expired: expired.map(({ cursor: _, ...version }) => JSON.stringify(version)).sort(),
    tags: await tagsOfProject(store, projectId),
    found: await Promise.all(found),
    secrets: await Promise.all(NAMES.map((name) => readSecret(harness, { projectId, name }))),
  };
}

describe.each(ENGINES)('a random history on $name', (engine) => {
  let [steps, pruned] = [0, 0];

  it.concurrent.each(GROUPS)(
    'comes to the same as on maps, at every step (%i)',
    { timeout: HANGS_MS },
    async () => {
      const [real, maps] = [await engine.open(), await mapEngine.open()];
      const onBoth = <T>(act: (harness: StoreHarness) => Promise<T>) => Promise.all([real, maps].map(act));
      const property = fc.asyncProperty(
        fc.array(anyStep, { maxLength: STEPS_MAX, size: 'max' }),
        async (history) => {
          const projectId = freshProject();
          const look = async () => {
            const [found, expected] = await onBoth((harness) => readProject(harness, projectId));
            expect(found).toStrictEqual(expected);
            return found!;
          };
          const take = async (step: Step, at: number) => {
            if (step === 'look') return look();
            if (typeof step === 'string') return onBoth((harness) => harness[step]());
            const [name, wish] = step;
            const ref = { projectId, name };
            const wished = wish(ref, (await maps.store.findSecret(ref))?.id ?? 'none');
            const command = { ...wished, nowMs: wished.nowMs + at };
            const [outcome, decided] = await onBoth(({ store }) => store.change(command).catch(codeOf));
            expect(outcome).toStrictEqual(decided);
            const [found, expected] = await onBoth((harness) => readSecret(harness, ref));
            return expect(found).toStrictEqual(expected);
          };
          for (const [at, step] of history.entries()) await take(step, at);
          for (const { aggregate } of (await look()).secrets)
            pruned += (aggregate?.secret.lastVersionNumber ?? 0) - (aggregate?.versions.length ?? 0);
          steps += history.length;
        },
      );
      await fc.assert(property, { numRuns: RUNS / GROUPS.length });
      await Promise.all([real, maps].map((harness) => harness.destroy()));
    },
  );

  // The histories do get to where the limits are.
  afterAll(() => {
    expect(steps).toBeGreaterThan(RUNS * 10);
    expect(pruned).toBeGreaterThan(RUNS / 2);
  });
});
