import { Buffer } from 'node:buffer';
import { isDeepStrictEqual } from 'node:util';
import type { DataCipher, Deps, Keyring } from '../../src/app/ports/deps.ts';
import { createTurns } from '../../src/app/turns.ts';
import { SecretError } from '../../src/core/errors.ts';
import type { Key } from '../../src/core/kms/keys.ts';
import { DEFAULT_LIMITS } from '../../src/core/limits.ts';
import type { SealedValue } from '../../src/core/secrets/secrets.ts';
import { completeBackup } from '../../src/storage/backup.ts';
import { createChangeCounters } from '../../src/storage/sqlite/engine/change-counters.ts';
import { connect } from '../../src/storage/sqlite/engine/connection.ts';
import { createInlineStore } from '../../src/storage/sqlite/engine/inline-store.ts';
import { writeInstallation } from '../../src/storage/sqlite/files/installation-record.ts';
import { INSTALLATION, MIGRATIONS, ROW_MAC } from '../storage/sqlite/harness.ts';
import { ACTOR, byTest, type TestStore } from './acting.ts';
import { T0 } from './builders.ts';
import { createShelves } from './shelves.ts';
import { setStrengthCheck } from './stores.ts';

/** Everything that use cases work with, in memory, with a clock that tests move. */
export interface World extends ReturnType<typeof createShelves> {
  readonly deps: Deps & { readonly store: TestStore };
  readonly clock: { wallMs: number };
  /** User id -> name, all of one domain. */
  readonly users: Map<string, string>;
  /** Messages of level warn and error. */
  readonly logged: string[];
}

/** The domain of the world's users. */
export const DOMAIN_ID = 'd'.repeat(32);

/**
 * A world whose store is the embedded one, without files and without the thread that writes, and whose keyring only checks
 * what a value is bound to.
 */
export function aWorld(policy: Partial<Deps['policy']> = {}): World {
  const clock = { wallMs: T0 };
  const users = new Map<string, string>();
  const logged: string[] = [];
  let lastId = 0;
  const nextId = () => (++lastId).toString(16).padStart(32, '0');
  const random = { below: (bound: number) => ++lastId % bound };
  const { store, shelves } = storeInMemory(random);
  const deps: World['deps'] = {
    actor: ACTOR,
    store,
    keyring: bindingKeyring,
    cipher: bindingCipher,
    clock: { nowMs: () => clock.wallMs },
    ids: { uid: nextId, uuid: () => nextId().replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') },
    random,
    turns: createTurns(),
    completeBackup,
    policy: {
      limits: DEFAULT_LIMITS,
      versionCap: 'prune',
      unknownKey: 'refuse',
      region: 'local-1',
      ...policy,
    },
    grantees: { userName: (domainId, userId) => (domainId === DOMAIN_ID ? users.get(userId) : undefined) },
    log: {
      info: () => undefined,
      warn: (_, message) => logged.push(message),
      error: (_, message) => logged.push(message),
    },
  };
  return { ...shelves, deps, clock, users, logged };
}

/** The embedded store on one connection: each change is a batch of its own. */
function storeInMemory(random: Deps['random']) {
  const db = connect(':memory:');
  db.pragma('foreign_keys = 1');
  for (const { sql } of MIGRATIONS) db.exec(sql);
  writeInstallation(db, ROW_MAC, INSTALLATION);
  const changes = createChangeCounters();
  const [onDamage, close] = [() => undefined, () => undefined];
  const store = byTest(createInlineStore({ db, changes, mac: ROW_MAC, onDamage, random, close }));
  // Changes of what a project has chosen make readers forget everything.
  const anything = [setStrengthCheck('any', false)];
  const shelves = createShelves(db, (write) => {
    changes.begin(anything);
    write();
    changes.end(anything);
  });
  return { store, shelves };
}

function bindingSeal(key: Key, binding: unknown, value: Uint8Array): SealedValue {
  return {
    wrappedKey: Buffer.from(key.id),
    body: Buffer.from(JSON.stringify({ binding, value: Buffer.from(value).toString('base64') })),
  };
}

function bindingOpen(key: Key, binding: unknown, sealed: SealedValue): Buffer {
  const found = JSON.parse(Buffer.from(sealed.body).toString());
  const bound =
    Buffer.from(sealed.wrappedKey).toString() === key.id && isDeepStrictEqual(found.binding, binding);
  if (!bound) throw new SecretError('damaged');
  return Buffer.from(found.value, 'base64');
}

const bindingKeyring: Keyring = {
  createKeyMaterial: (ref, versionNumber) => Buffer.from(`${ref.id} ${versionNumber}`),
  seal: bindingSeal,
  open: bindingOpen,
  sealBackup: bindingSeal,
  openBackup: bindingOpen,
  forget: () => undefined,
};

const bindingCipher: DataCipher = {
  encrypt: (key, { use, plaintext, aad }) =>
    Buffer.from(
      JSON.stringify({ use, keyId: key.id, aad, value: Buffer.from(plaintext).toString('base64') }),
    ),
  decrypt: (key, { use, ciphertext, aad }) => {
    const { value, ...bound } = JSON.parse(Buffer.from(ciphertext).toString());
    if (!isDeepStrictEqual(bound, { use, keyId: key.id, aad })) throw new SecretError('ciphertext-invalid');
    return Buffer.from(value, 'base64');
  },
  keyIdOf: (_, ciphertext) => JSON.parse(Buffer.from(ciphertext).toString()).keyId,
  random: (bytes) => Buffer.alloc(bytes, 7),
};
