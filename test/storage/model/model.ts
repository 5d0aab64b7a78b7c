import type fc from 'fast-check';
import { expect } from 'vitest';
import { decideSecret } from '../../../src/core/secrets/rules.ts';
import type {
  SealedValue,
  SecretAggregate,
  SecretCommand,
  SecretRef,
} from '../../../src/core/secrets/secrets.ts';
import { codeOf, DAY_MS, type StoreHarness, T0 } from '../../support/stores.ts';
import { searched, tagsOfProject } from '../../support/walks.ts';

export const NAMES = ['a', 'B', 'a.b', 'c'];
/** Keys of tags. Their order in UTF-16 is not that of their bytes. */
export const KEYS = ['b', 'A', '\u{20000}', '\ufe70'];

const byBytes = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other));

/** What the rules come to by themselves, without a store; whether they are right is for the histories in `test/core` to say. */
export interface Model {
  readonly secrets: Map<string, SecretAggregate>;
  /** By the uid of the version. */
  readonly values: Map<string, SealedValue>;
}

/** The store under test, in a project of its own. */
export interface Real {
  readonly harness: StoreHarness;
  readonly projectId: string;
}

/** One step of a history. */
export type Step = fc.AsyncCommand<Model, Real>;

/** A command, as what the model knows of its secret makes it. */
export type Wish = (ref: SecretRef, secretId: string) => SecretCommand;

/** Has the rules and the store carry out a command about a secret, and compares what can be read of it. */
export class ChangeStep implements Step {
  readonly name: string;
  readonly wish: Wish;

  constructor(name: string, wish: Wish) {
    this.name = name;
    this.wish = wish;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, real: Real): Promise<void> {
    const ref = { projectId: real.projectId, name: this.name };
    const command = this.wish(ref, model.secrets.get(this.name)?.secret.id ?? 'none');
    const outcome = await real.harness.store.change(command).then(() => undefined, codeOf);
    expect(outcome, this.toString()).toBe(decide(model, command));
    await compareSecret(model, real, this.name);
  }

  toString(): string {
    return JSON.stringify(this.wish({ projectId: '', name: this.name }, ''), (key, value) =>
      ['draft', 'limits', 'version'].includes(key) ? undefined : value,
    );
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

/** Carries out a command in the model; answers the code of the refusal. */
function decide({ secrets, values }: Model, command: SecretCommand): string | undefined {
  const { name } = command.ref;
  const current = secrets.get(name);
  try {
    const { added, next } = decideSecret({ current, secretsInProject: secrets.size, events: [] }, command);
    for (const { sealed, versionNumber } of added ?? []) {
      values.set(next!.versions.find(({ number }) => number === versionNumber)!.uid, sealed);
    }
    if (next === undefined) secrets.delete(name);
    else secrets.set(name, next);
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}

/** Compares everything that can be read of the project with the model. */
export async function compareProject(model: Model, real: Real): Promise<void> {
  const { harness, projectId } = real;
  const names = [...model.secrets.keys()].sort();
  const listed: string[] = [];
  for (let pages = 0; pages < NAMES.length; pages += 1) {
    const afterName = listed.at(-1) ?? '';
    const page = await harness.store.listSecrets({ projectId, limit: 2, afterName });
    listed.push(...page.map((secret) => secret.name));
    if (page.length < 2) break;
  }
  expect(listed).toStrictEqual(names);
  const due = (await harness.store.listDueSecrets(T0 + 20 * DAY_MS, 100_000)).filter(
    ({ ref }) => ref.projectId === projectId,
  );
  const expected = [...model.secrets.values()].filter(
    ({ secret }) => (secret.scheduledDeleteTimeMs ?? Number.POSITIVE_INFINITY) <= T0 + 20 * DAY_MS,
  );
  expect(due.map(({ ref }) => ref.name).sort()).toStrictEqual(
    expected.map(({ secret }) => secret.name).sort(),
  );
  for (const name of NAMES) await compareSecret(model, real, name);
  await compareTags(model, real);
}

async function compareSecret({ secrets, values }: Model, { harness, projectId }: Real, name: string) {
  const { store } = harness;
  const ref = { projectId, name };
  const expected = secrets.get(name);
  expect(await store.findVersions(ref)).toStrictEqual(expected);
  expect(await store.findSecret(ref)).toStrictEqual(expected?.secret);
  if (expected === undefined) return expect(await store.findValue(ref, 'latest')).toBeUndefined();
  const { secret, stages, versions } = expected;
  expect(await store.findSecretById(projectId, secret.id)).toStrictEqual(expected);
  for (const version of versions) {
    const value = (await store.findValue(ref, version.number))!;
    expect(value.version).toStrictEqual(version);
    expect(value.sealed, `value of v${version.number}`).toEqual(values.get(version.uid));
    const marking = stages.filter(({ versionNumber }) => versionNumber === version.number);
    expect(new Set(value.stages)).toStrictEqual(new Set(marking.map((stage) => stage.name)));
  }
  const latest = await store.findValue(ref, 'latest');
  const current = stages.find((stage) => stage.name === 'SYSCURRENT');
  expect(latest?.version.number).toBe(current?.versionNumber);
  expect(await store.findValue(ref, secret.lastVersionNumber + 1)).toBeUndefined();
}

/** Compares the list of a project's tags, and searches with one condition and with two. */
async function compareTags({ secrets }: Model, { harness, projectId }: Real): Promise<void> {
  const all = [...secrets.values()].flatMap(({ tags }) => tags);
  const pairs = [...new Set(all.map(({ key, value }) => `${key}\n${value}`))].sort(byBytes);
  const listed = await tagsOfProject(harness.store, projectId);
  expect(listed.map(({ key, value }) => `${key}\n${value}`)).toStrictEqual(pairs);
  const conditions = KEYS.flatMap((key) => [[], ['x'], ['', 'y']].map((values) => ({ key, values })));
  const searches = conditions.map((one, index) =>
    index % 2 === 0 ? [one] : [one, conditions[(index * 5 + 7) % conditions.length]!],
  );
  for (const tags of searches) {
    const fitting = [...secrets].filter(([, secret]) =>
      tags.every(({ key, values }) => {
        const value = secret.tags.find((tag) => tag.key === key)?.value;
        return value !== undefined && (values.length === 0 || values.includes(value));
      }),
    );
    const query = { projectId, tags, nameParts: [], limit: 100, offset: 0 };
    const { total, secrets: found } = await searched(harness.store, query);
    expect(found.map(({ secret }) => secret.name)).toStrictEqual(fitting.map(([name]) => name).sort());
    expect(total).toBe(fitting.length);
  }
}
