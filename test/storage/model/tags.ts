import { expect } from 'vitest';
import { searched, tagsOfProject } from '../../support/walks.ts';
import type { Model, Real } from './state.ts';

/** Keys of tags. Their order in UTF-16 is not that of their bytes. */
export const KEYS = ['b', 'A', '\u{20000}', '\ufe70'];

const byBytes = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other));

/** A secret's tags as they must be read: ordered by the bytes of their keys. */
export function orderedTags(tags: ReadonlyMap<string, string>): { key: string; value: string }[] {
  return [...tags].sort(([one], [other]) => byBytes(one, other)).map(([key, value]) => ({ key, value }));
}

/** Compares the list of a project's tags, and searches with one condition and with two. */
export async function compareTags({ secrets }: Model, { harness, projectId }: Real): Promise<void> {
  const all = [...secrets.values()].flatMap(({ tags }) => [...tags]);
  const pairs = [...new Set(all.map((pair) => pair.join('\n')))].sort(byBytes);
  const listed = await tagsOfProject(harness.store, projectId);
  expect(listed.map(({ key, value }) => `${key}\n${value}`)).toStrictEqual(pairs);
  const conditions = KEYS.flatMap((key) => [[], ['x'], ['', 'y']].map((values) => ({ key, values })));
  const searches = conditions.map((one, index) =>
    index % 2 === 0 ? [one] : [one, conditions[(index * 5 + 7) % conditions.length]!],
  );
  for (const tags of searches) {
    const fitting = [...secrets].filter(([, secret]) =>
      tags.every(({ key, values }) => {
        const value = secret.tags.get(key);
        return value !== undefined && (values.length === 0 || values.includes(value));
      }),
    );
    const query = { projectId, tags, nameParts: [], limit: 100, offset: 0 };
    const { total, secrets: found } = await searched(harness.store, query);
    expect(found.map(({ secret }) => secret.name)).toStrictEqual(fitting.map(([name]) => name).sort());
    expect(total).toBe(fitting.length);
  }
}
