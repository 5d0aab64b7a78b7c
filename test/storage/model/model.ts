import type fc from 'fast-check';
import { expect } from 'vitest';
import type { ErrorCode } from '../../../src/core/errors.ts';
import type { SecretCommand, SecretResult } from '../../../src/core/secrets/secrets.ts';
import { codeOf, DAY_MS, T0 } from '../../support/stores.ts';
import type { Model, ModelSecret, Real } from './state.ts';
import { compareTags, orderedTags } from './tags.ts';

export const NAMES = ['a', 'B', 'a.b', 'c'];

/** One step of a history. */
export type Step = fc.AsyncCommand<Model, Real>;

/** A command of the model: predicts the outcome, carries the command out, compares what can be read. */
export class ChangeStep implements Step {
  readonly name: string;
  readonly text: string;
  readonly predict: (model: Model) => ErrorCode | undefined;
  readonly build: (real: Real, model: Model) => SecretCommand;
  readonly apply: (model: Model, command: SecretCommand, result: SecretResult) => void;

  constructor(step: Pick<ChangeStep, 'name' | 'text' | 'predict' | 'build' | 'apply'>) {
    this.name = step.name;
    this.text = step.text;
    this.predict = step.predict;
    this.build = step.build;
    this.apply = step.apply;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, real: Real): Promise<void> {
    const refusal = this.predict(model);
    const command = this.build(real, model);
    let outcome: string | undefined;
    try {
      const result = await real.harness.store.change(command);
      if (refusal === undefined) this.apply(model, command, result);
    } catch (error) {
      outcome = codeOf(error);
    }
    expect(outcome, this.text).toBe(refusal);
    await compareSecret(model, real, this.name);
  }

  toString(): string {
    return this.text;
  }
}

/** A step that changes nothing: everything reads as before. */
export class CheckStep implements Step {
  readonly text: string;
  readonly act: (real: Real) => Promise<void>;

  constructor(text: string, act: (real: Real) => Promise<void>) {
    this.text = text;
    this.act = act;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, real: Real): Promise<void> {
    await this.act(real);
    await compareProject(model, real);
  }

  toString(): string {
    return this.text;
  }
}

/** Compares everything that can be read of the project with the model. */
export async function compareProject(model: Model, real: Real): Promise<void> {
  const { harness, projectId } = real;
  const names = [...model.secrets.keys()].sort();
  const listed: string[] = [];
  for (let pages = 0; pages < NAMES.length; pages += 1) {
    const afterName = listed.at(-1);
    const page = await harness.store.listSecrets({
      projectId,
      limit: 2,
      ...(afterName !== undefined && { afterName }),
    });
    listed.push(...page.map((secret) => secret.name));
    if (page.length < 2) break;
  }
  expect(listed).toStrictEqual(names);
  const due = (await harness.store.listDueSecrets(T0 + 20 * DAY_MS, 100_000)).filter(
    ({ ref }) => ref.projectId === projectId,
  );
  const expected = [...model.secrets].filter(
    ([, secret]) => secret.isPending && secret.dueMs <= T0 + 20 * DAY_MS,
  );
  expect(due.map(({ ref }) => ref.name).sort()).toStrictEqual(expected.map(([name]) => name).sort());
  for (const name of NAMES) await compareSecret(model, real, name);
  await compareTags(model, real);
}

async function compareSecret(model: Model, { harness, projectId }: Real, name: string): Promise<void> {
  const ref = { projectId, name };
  const expected = model.secrets.get(name);
  const found = await harness.store.findVersions(ref);
  expect(await harness.store.findSecret(ref)).toStrictEqual(found?.secret);
  if (expected === undefined) {
    expect(found).toBeUndefined();
    expect(await harness.store.findValue(ref, 'latest')).toBeUndefined();
    return;
  }
  const { id, description, isPending, lastNumber } = expected;
  expect(found?.secret).toMatchObject({ id, description, lastVersionNumber: lastNumber });
  expect(found?.secret.state).toBe(isPending ? 'PENDING_DELETE' : 'ENABLED');
  expect(found?.versions.map((version) => version.number)).toStrictEqual([...expected.versions.keys()]);
  const marks = Object.fromEntries(found!.stages.map((stage) => [stage.name, stage.versionNumber]));
  expect(marks).toStrictEqual(Object.fromEntries(expected.stages));
  expect(found?.tags).toStrictEqual(orderedTags(expected.tags));
  expect(await harness.store.findSecretById(projectId, id)).toStrictEqual(found);
  for (const [number, version] of expected.versions) {
    const value = await harness.store.findValue(ref, number);
    expect(value?.version).toMatchObject({ number, uid: version.uid, expireTimeMs: version.expireTimeMs });
    expect(Buffer.compare(value!.sealed.body, version.body), `value of v${number}`).toBe(0);
    expect(new Set(value?.stages)).toStrictEqual(new Set(stagesOn(expected, number)));
  }
  const latest = await harness.store.findValue(ref, 'latest');
  expect(latest?.version.number).toBe(expected.stages.get('SYSCURRENT'));
  expect(await harness.store.findValue(ref, lastNumber + 1)).toBeUndefined();
}

/** Names of the stages that mark a version, in no order. */
export function stagesOn(secret: ModelSecret, number: number): string[] {
  return [...secret.stages].filter(([, marked]) => marked === number).map(([name]) => name);
}
