import { expect, it } from 'vitest';
import { createRevocations } from '../../src/app/identity/revocations.ts';
import { createDirectory } from '../../src/auth/identities/directory.ts';
import type { Directory } from '../../src/auth/identities/identities.ts';
import { digestPassword } from '../../src/auth/logins/password.ts';
import { findAccessKey, type Realm, type Realms } from '../../src/auth/realm.ts';
import { createRequestKey } from '../../src/auth/signatures/algorithms.ts';

const SALT = 'of-all-worlds';
const WORLDS = 1_000;
let searched = 0;

function directoryOf(
  name: string,
  passwordHash = digestPassword(`password of ${name}`, { salt: SALT }),
): Directory {
  const domain = { id: 'd', name: 'acme', projects: [], enterpriseProjects: [], groups: [] };
  const user = {
    id: 'u',
    name: 'admin',
    domainId: 'd',
    domainName: 'acme',
    passwordHash,
    isDisabled: false,
    policies: [],
    groups: [],
    projects: [],
    projectIds: new Set<string>(),
  };
  const key = createRequestKey({ accessKeyId: `AK-${name}`, secretKey: `secret key of ${name}` });
  return createDirectory({ domains: [domain], users: [user], accessKeys: [{ key, user }], policies: [] });
}

function realmOf(name: string, directory = directoryOf(name)): Realm {
  return {
    world: name,
    nonce: '',
    revoked: createRevocations(),
    clock: { nowMs: Date.now },
    directory() {
      searched += 1;
      return directory;
    },
  };
}

function realmsOf(names: readonly string[]) {
  const main = realmOf('main');
  const worlds = new Map([main, ...names.map((name) => realmOf(name))].map((realm) => [realm.world, realm]));
  const realms: Realms = { main, all: () => worlds.values(), find: (name) => worlds.get(name) };
  return { realms, worlds };
}

const names = Array.from({ length: WORLDS }, (_, index) => `w${index}`);

it('an access key is searched in two worlds of a thousand once its own one is known', () => {
  const { realms } = realmsOf(names);
  for (const name of ['main', 'w0', 'w999']) {
    expect(findAccessKey(realms, `AK-${name}`)?.realm.world).toBe(name);
    searched = 0;
    expect(findAccessKey(realms, `AK-${name}`)?.realm.world).toBe(name);
    expect(searched).toBeLessThan(3);
  }
  expect(findAccessKey(realms, 'AK-unknown')).toBeUndefined();
});

it('what is remembered of an access key is no proof: its world may have ended, or another one have the key now', () => {
  const { realms, worlds } = realmsOf(['one', 'two']);
  expect(findAccessKey(realms, 'AK-one')?.realm.world).toBe('one');
  worlds.delete('one');
  expect(findAccessKey(realms, 'AK-one')).toBeUndefined();
  worlds.set('three', realmOf('three', directoryOf('one')));
  expect(findAccessKey(realms, 'AK-one')?.realm.world).toBe('three');
  // Main's own come first, also one that its file got later.
  const main = realmOf('main', directoryOf('one'));
  const later: Realms = { ...realms, main, all: () => [main, ...worlds.values()] };
  expect(findAccessKey(later, 'AK-one')?.realm.world).toBe('main');
});
