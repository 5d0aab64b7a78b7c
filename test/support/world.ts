import { Buffer } from 'node:buffer';
import { isDeepStrictEqual } from 'node:util';
import type { DataCipher, Deps, Keyring } from '../../src/app/ports/deps.ts';
import { createSecret } from '../../src/app/secrets/secrets.ts';
import { createTurns } from '../../src/app/turns.ts';
import { SecretError } from '../../src/core/errors.ts';
import type { Key } from '../../src/core/kms/keys.ts';
import { DEFAULT_LIMITS } from '../../src/core/limits.ts';
import type { SealedValue, Secret } from '../../src/core/secrets/secrets.ts';
import { completeBackup } from '../../src/storage/backup.ts';
import { CHECKER, EVENT, NOTIFICATION, TASK } from '../../src/storage/columns/small.ts';
import { ACTOR, type TestStore } from './acting.ts';
import { aDraft, anAggregate, REF, range, T0 } from './builders.ts';
import { emptyMemory, type Memory, pathOf } from './memory-engine.ts';
import { createMemoryStore } from './memory-store.ts';

/** Everything that use cases work with, in memory, with a clock that tests move; what is stored is in maps, by its path. */
export interface World extends ReturnType<typeof shelvesOf> {
  readonly deps: Deps & { readonly store: TestStore };
  readonly clock: { wallMs: number };
  /** User id -> name, all of one domain. */
  readonly users: Map<string, string>;
  /** The same for groups. */
  readonly groups: Map<string, string>;
  /** Messages of level warn and error. */
  readonly logged: string[];
  /** Puts a secret of that name past every rule, under the id `id-of-<name>`; its versions expire then. */
  put(name: string, secret?: Partial<Secret>, expireTimeMs?: number, versionCount?: number): void;
  /** Names of the secrets that are there. */
  names(): string[];
}

/** The domain of the world's users. */
export const DOMAIN_ID = 'd'.repeat(32);

/**
 * A world whose store is the one of maps, which passes the storage contract, and whose keyring only checks what a value is
 * bound to.
 */
export function aWorld(choices: Partial<Deps['choices']> = {}): World {
  const clock = { wallMs: T0 };
  const users = new Map<string, string>();
  const groups = new Map<string, string>();
  const logged: string[] = [];
  let lastId = 0;
  const nextId = () => (++lastId).toString(16).padStart(32, '0');
  const random = { below: (bound: number) => ++lastId % bound };
  const memory = emptyMemory();
  const store = createMemoryStore(memory, random);
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
    choices: {
      limits: DEFAULT_LIMITS,
      versionCap: 'prune',
      unknownKey: 'refuse',
      region: 'local-1',
      ...choices,
    },
    grantees: {
      nameOf: (domainId, { id, type }) =>
        domainId === DOMAIN_ID ? (type === 'user' ? users : groups).get(id) : undefined,
    },
    log: {
      info: () => undefined,
      warn: (_, message) => logged.push(message),
      error: (_, message) => logged.push(message),
    },
  };
  return {
    ...shelvesOf(memory),
    deps,
    clock,
    users,
    groups,
    logged,
    put(name, secret = {}, expireTimeMs = undefined, versionCount = 1) {
      const parts = { secret: { id: `id-of-${name}`, name, ...secret }, versions: range(1, versionCount) };
      const current = anAggregate(parts);
      const versions = current.versions.map((version) => ({ ...version, expireTimeMs }));
      memory.secrets.set(pathOf(current.secret), { ...current, versions });
    },
    names: () => [...memory.secrets.values()].map(({ secret }) => secret.name),
  };
}

/** What a secret has that waits for its deletion until then. */
export function waitingUntil(dueMs: number) {
  return {
    state: 'PENDING_DELETE',
    stateBeforeDeletion: 'ENABLED',
    scheduledDeleteTimeMs: dueMs,
  } as const satisfies Partial<Secret>;
}

/** Creates a secret with that text under the default key. */
export function createPlain(deps: Deps, name = REF.name, text = 'x'): Promise<Secret> {
  const value = { kind: 'string', bytes: Buffer.from(text) } as const;
  return createSecret(deps, { ref: { ...REF, name }, draft: aDraft(), value, kmsKeyId: undefined });
}

/** The store, whose changes fail with these errors: by their kind, or by the name or the id of what they change. */
export function failing(store: TestStore, faults: Readonly<Record<string, Error>>): TestStore {
  return {
    ...store,
    async change(command, actor) {
      const ref: object = 'ref' in command ? command.ref : {};
      const { id = '', name = id } = ref as { readonly id?: string; readonly name?: string };
      const fault = faults[command.kind] ?? faults[name];
      if (fault !== undefined) throw fault;
      return store.change(command, actor);
    },
  };
}

function shelvesOf({ keys, rows, secrets }: Memory) {
  return {
    secrets,
    keys,
    checkers: rows(CHECKER),
    events: rows(EVENT),
    notifications: rows(NOTIFICATION),
    tasks: rows(TASK),
  };
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
