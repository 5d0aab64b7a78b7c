import { expect, it } from 'vitest';
import type { IdentityProvider } from '../../src/auth/federation/providers.ts';
import { createDirectory, createDirectoryBuilder } from '../../src/auth/identities/directory.ts';
import type { Domain, User } from '../../src/auth/identities/identities.ts';
import { readSeed } from '../../src/companion/seed/reading.ts';
import { usersOf } from '../../src/companion/seed/users.ts';
import type { TestWorld } from '../../src/companion/worlds/test-world.ts';
import { type AddedUser, createMainUsers } from '../../src/companion/worlds/users.ts';
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

it('identity providers stay where users are added', () => {
  const domain: Domain = { id: 'd', name: 'acme', projects: [], enterpriseProjects: [], groups: [] };
  const user: User = {
    ...{ id: 'u', name: 'ann', domainId: 'd', domainName: 'acme', passwordHash: undefined },
    ...{ isDisabled: false, policies: [], groups: [], projects: [], projectIds: new Set() },
  };
  const provider: IdentityProvider = {
    ...{ id: 'ci', domainId: 'd', issuer: 'i', audiences: ['a'], algorithms: ['ES256'] },
    ...{ keys: { kind: 'file', keys: [] }, tokenValidityMs: 1, rules: [] },
  };
  const file = createDirectory({
    ...{ domains: [domain], users: [user], accessKeys: [], policies: [], providers: [provider] },
  });
  const added = createMainUsers(
    () => file,
    () => undefined,
  );
  added.add([{ id: 'v', name: 'bob', ak: undefined, sk: undefined, password: undefined, policies: [] }]);
  expect(added.directory().findUserById('v')?.name).toBe('bob');
  expect(added.directory().providers.get('ci')).toBe(provider);
});
