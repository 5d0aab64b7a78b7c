import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mapEngine } from '../support/memory-store.ts';
import { freshProject, type StoreEngine, type StoreHarness } from '../support/stores.ts';
import { compareProject, type Model, type Real } from './model/model.ts';
import { anyStep } from './model/steps.ts';
import { sqliteEngine } from './sqlite/harness.ts';

const RUNS = 300;
/** The work is bounded by the figures above; this only ends a test that hangs, on a machine however busy. */
const HANGS_MS = 600_000;
const STEPS_MAX = 60;

const ENGINES: readonly StoreEngine[] = [sqliteEngine, mapEngine];

describe.each(ENGINES)('store model on $name', (engine) => {
  let harness: StoreHarness;
  beforeAll(async () => {
    harness = await engine.open();
  });
  afterAll(() => harness.destroy());

  it('answers random histories as the model does', { timeout: HANGS_MS }, async () => {
    const histories = fc.commands([anyStep], { maxCommands: STEPS_MAX, size: 'max' });
    let [steps, pruned] = [0, 0];
    const property = fc.asyncProperty(histories, async (history) => {
      const model: Model = { secrets: new Map(), values: new Map() };
      const real: Real = { harness, projectId: freshProject() };
      await fc.asyncModelRun(() => ({ model, real }), history);
      await compareProject(model, real);
      steps += [...history].length;
      for (const { secret, versions } of model.secrets.values())
        pruned += secret.lastVersionNumber - versions.length;
    });
    await fc.assert(property, { numRuns: RUNS });
    // The histories do get to where the limits are.
    expect(steps).toBeGreaterThan(RUNS * 10);
    expect(pruned).toBeGreaterThan(RUNS / 2);
  });
});
