import { expect, it } from 'vitest';
import { createDirectory, createDirectoryBuilder } from '../../src/auth/identities/directory.ts';
import { readSeed } from '../../src/companion/seed/reading.ts';
import { usersOf } from '../../src/companion/seed/users.ts';
import type { TestWorld } from '../../src/companion/worlds/test-world.ts';
import type { AddedUser } from '../../src/companion/worlds/users.ts';
import { DEFAULT_LIMITS } from '../../src/core/limits.ts';
import { seedOf } from './seed-text.ts';

const nobody = createDirectory({ domains: [], users: [], accessKeys: [], policies: [] });
/** A world without users. */
const worldOf = (from: string | null) =>
  ({
    from,
    users: { list: () => [], directory: () => createDirectoryBuilder().build() },
  }) as unknown as TestWorld;
const [main, one, other] = [worldOf(null), worldOf('main'), worldOf('main')];
const { users } = readSeed(
  { file: 'seed.yaml', text: seedOf('users:', '  - { name: a, ak: AKA, sk: sk-a, password: of-a }') },
  { projectId: '0'.repeat(32), region: 'r', limits: DEFAULT_LIMITS, nowMs: 0, policyNames: [] },
);

it('nobody gets a key or password that is just being given to a user of another world', () => {
  const pending = new Map<TestWorld, readonly AddedUser[]>();
  const context = { worlds: [main, one, other], file: nobody, isReset: false, pending };
  const [first] = usersOf(users, { ...context, world: one });
  expect(first).toMatchObject({ ak: 'AKA', sk: 'sk-a', password: 'of-a' });
  pending.set(one, [first!]);
  const [second] = usersOf(users, { ...context, world: other });
  expect([second!.ak, second!.sk, second!.password]).not.toEqual(
    expect.arrayContaining([expect.stringMatching(/^(?:AKA|sk-a|of-a)$/)]),
  );
  expect(() => usersOf(users, { ...context, world: main })).toThrow('users[0].ak is that of another world');
  expect(usersOf(users, { ...context, world: one })).toEqual([first]);
});
