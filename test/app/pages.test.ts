import { describe, expect, it } from 'vitest';
import { collectPage, type Scan, walkPage } from '../../src/app/pages.ts';
import { importSecrets } from '../../src/app/secrets/batches.ts';
import { walkSecrets } from '../../src/app/secrets/secrets.ts';
import { searchSecrets } from '../../src/app/secrets/tags.ts';
import { aDraft, REF, range } from '../support/builders.ts';
import { walked } from '../support/walks.ts';
import { aWorld } from '../support/world.ts';

/** A list of the numbers from 1 to `last`, and how many were asked for each time. */
function numbersTo(last: number): { readonly scan: Scan<number>; readonly asked: number[] } {
  const asked: number[] = [];
  const scan: Scan<number> = (limit, after = 0) => {
    asked.push(limit);
    return range(after + 1, Math.min(after + limit, last));
  };
  return { scan, asked };
}

const isEven = (number: number) => number % 2 === 0;

describe('a page', () => {
  it.each([
    { there: 0, limit: 3, entries: [], hasMore: false },
    { there: 2, limit: 3, entries: [1, 2], hasMore: false },
    { there: 3, limit: 3, entries: [1, 2, 3], hasMore: false },
    { there: 4, limit: 3, entries: [1, 2, 3], hasMore: true },
  ])('of $limit from $there has $entries, more: $hasMore', async ({ there, limit, entries, hasMore }) => {
    const { scan, asked } = numbersTo(there);
    expect(await collectPage(scan, { limit })).toEqual({ entries, hasMore });
    expect(asked).toEqual([limit + 1]);
  });

  it('is as full as it can be of what fits, and says truly whether more of that follows', async () => {
    for (const [there, hasMore] of [
      [10, false],
      [11, false],
      [12, true],
    ] as const) {
      const page = await collectPage(numbersTo(there).scan, { limit: 5, fits: isEven });
      expect(page).toEqual({ entries: [2, 4, 6, 8, 10], hasMore });
    }
    const all = await collectPage(numbersTo(1_000).scan, { limit: 450, fits: isEven });
    expect(all).toEqual({ entries: range(1, 450).map((half) => 2 * half), hasMore: true });
  });

  it('that is long is read in steps, with a pause in between', async () => {
    let pauses = 0;
    const pause = () => {
      pauses += 1;
      return undefined;
    };
    const { scan, asked } = numbersTo(250);
    const { entries, end } = await walked(walkPage(scan, { limit: 220, pause }));
    expect([entries, end, pauses]).toEqual([range(1, 220), true, 2]);
    expect(asked).toEqual([100, 100, 21]);
  });
});

describe('an actor who does not see everything', () => {
  const { projectId } = REF;
  const sees = {
    secret: ({ secret }: { secret: { name: string } }) => secret.name.startsWith('mine'),
    key: () => true,
  };
  const draft = aDraft({ secretType: 'RDS-FG', rotationConfig: '{"InstanceId":"i-1"}' });

  async function aPartlySeenWorld(names: readonly string[]) {
    const world = aWorld();
    const value = () => ({ kind: 'string', bytes: Buffer.from('x') }) as const;
    const inputs = names.map((name) => () => {
      return { ref: { projectId, name }, draft, value: value(), kmsKeyId: undefined };
    });
    await importSecrets(world.deps, projectId, inputs);
    return { ...world, deps: { ...world.deps, sees } };
  }
  const names = range(1, 130).flatMap((number) => [`mine-${number + 1_000}`, `theirs-${number}`]);

  it('gets pages of secrets without the others', async () => {
    const { deps } = await aPartlySeenWorld(names);
    const first = await walked(walkSecrets(deps, { projectId, limit: 120 }));
    expect([first.entries.length, first.end]).toEqual([120, true]);
    const afterName = first.entries.at(-1)!.name;
    const second = await walked(walkSecrets(deps, { projectId, limit: 120, afterName }));
    expect([second.entries.length, second.end]).toEqual([10, false]);
    expect([...first.entries, ...second.entries].every((secret) => sees.secret({ secret }))).toBe(true);
  });

  it('finds only those, and they alone count', async () => {
    const { deps } = await aPartlySeenWorld(names);
    const search = { projectId, tags: [], nameParts: [], limit: 4, offset: 2 };
    const { entries, end } = await walked(searchSecrets(deps, search));
    expect(entries.map(({ secret }) => secret.name)).toEqual(range(1_003, 1_006).map((n) => `mine-${n}`));
    expect(end).toBe(130);
    expect(await walked(searchSecrets(deps, { ...search, limit: 0 }))).toEqual({ entries: [], end: 130 });
  });
});
