import { Buffer } from 'node:buffer';
import { isDeepStrictEqual } from 'node:util';
import type { DataCipher, Deps, DueKind, Keyring, OnNews, Store, StoredValue } from '../../src/app/ports.ts';
import { createTurns } from '../../src/app/turns.ts';
import type { Actor } from '../../src/core/actor.ts';
import type { Command } from '../../src/core/commands.ts';
import { type ErrorCode, SecretError } from '../../src/core/errors.ts';
import { EVENT_TYPES, type SecretEvent } from '../../src/core/event.ts';
import type { Key } from '../../src/core/key.ts';
import { isRotationDue } from '../../src/core/key-rotation.ts';
import { isDue } from '../../src/core/lifecycle.ts';
import { DEFAULT_LIMITS } from '../../src/core/limits.ts';
import type { Notification } from '../../src/core/notification.ts';
import type {
  NewVersion,
  SealedValue,
  Secret,
  SecretAggregate,
  SecretCommand,
  SecretCommandOf,
  SecretDraft,
  SecretRef,
  Stage,
  Tag,
  Version,
} from '../../src/core/secret.ts';
import type { SecretDecision } from '../../src/core/secret-decision.ts';
import { decideSecret } from '../../src/core/secret-rules.ts';
import { findVersion, latestVersionNumber } from '../../src/core/versions.ts';
import { answerNow } from '../../src/storage/asking.ts';
import { completeBackup } from '../../src/storage/backup.ts';
import { carry } from '../../src/storage/carriers.ts';
import { emptyMemory, type Memory, memoryEngine, pathOf } from './memory-engine.ts';
import { readEvents } from './memory-events.ts';
import { readTasks } from './memory-tasks.ts';
import { walkOf } from './walks.ts';

/** The moment at which every built history starts, epoch milliseconds. */
export const T0 = 1_700_000_000_000;
export const DAY_MS = 86_400_000;
export const REF: SecretRef = { projectId: 'a'.repeat(32), name: 'db-password' };
export const SECRET_ID = '11111111-1111-4111-8111-111111111111';
export const KEY_ID = '22222222-2222-4222-8222-222222222222';

/** An enabled COMMON secret with one version behind it. */
export function aSecret(changes: Partial<Secret> = {}): Secret {
  return {
    ...aDraft(),
    id: SECRET_ID,
    projectId: REF.projectId,
    name: REF.name,
    state: 'ENABLED',
    stateBeforeDeletion: undefined,
    kmsKeyId: KEY_ID,
    createTimeMs: T0,
    updateTimeMs: T0,
    scheduledDeleteTimeMs: undefined,
    rotationTimeMs: undefined,
    nextRotationTimeMs: undefined,
    lastVersionNumber: 1,
    revision: 1,
    ...changes,
  };
}

/** What the creator of a COMMON secret chose. */
export function aDraft(changes: Partial<SecretDraft> = {}): SecretDraft {
  return {
    description: '',
    secretType: 'COMMON',
    autoRotation: false,
    rotationPeriod: undefined,
    rotationConfig: undefined,
    rotationFuncUrn: undefined,
    eventSubscriptions: [],
    enterpriseProjectId: '0',
    ...changes,
  };
}

/** The version of that number, created so many milliseconds after T0. */
export function aVersion(changes: Partial<Version> = {}): Version {
  const number = changes.number ?? 1;
  const place = { number, createTimeMs: T0 + number, slot: number - 1 };
  const uid = number.toString(16).padStart(32, '0');
  const expiry = { expireTimeMs: undefined, expiryNotified: false };
  return { ...place, uid, kind: 'string', kmsKeyId: KEY_ID, ...expiry, ...changes };
}

/** A sealed value for `add-version` and `create-secret`. */
export function aNewVersion(changes: Partial<NewVersion> = {}): NewVersion {
  return {
    uid: 'f'.repeat(32),
    kind: 'string',
    kmsKeyId: KEY_ID,
    sealed: aSealedValue(),
    expireTimeMs: undefined,
    ...changes,
  };
}

export function aSealedValue(): SealedValue {
  return { wrappedKey: Buffer.from('wrapped key'), body: Buffer.from('body') };
}

/** An enabled default key with one version and no alias but its own. */
export function aKey(changes: Partial<Key> = {}): Key {
  const alias = changes.alias ?? 'csms/default';
  return {
    projectId: REF.projectId,
    id: KEY_ID,
    alias,
    aliases: [{ alias, createTimeMs: T0, updateTimeMs: T0 }],
    isDefault: true,
    state: 'ENABLED',
    description: '',
    enterpriseProjectId: '0',
    createTimeMs: T0,
    scheduledDeleteTimeMs: undefined,
    rotation: undefined,
    tags: [],
    versions: [{ number: 1, wrapped: Buffer.from('material'), createTimeMs: T0 }],
    revision: 1,
    ...changes,
  };
}

/** A secret with these version numbers and stages: `anAggregate({ versions: [1, 2], stages: { SYSCURRENT: 2 } })`. */
export function anAggregate(
  parts: {
    readonly secret?: Partial<Secret>;
    readonly versions?: readonly number[];
    readonly stages?: Readonly<Record<string, number>>;
    readonly tags?: readonly Tag[];
  } = {},
): SecretAggregate {
  const numbers = parts.versions ?? [1];
  const builtIn = ['SYSCURRENT', 'SYSPREVIOUS'];
  const marks = Object.entries(parts.stages ?? { SYSCURRENT: numbers.at(-1)! });
  const own = marks.map(([name]) => name).filter((name) => !builtIn.includes(name));
  const stages = marks.map(([name, versionNumber]): Stage => {
    const slot = builtIn.includes(name) ? builtIn.indexOf(name) : builtIn.length + own.indexOf(name);
    return { name, versionNumber, updateTimeMs: T0, slot };
  });
  return {
    secret: aSecret({ lastVersionNumber: Math.max(...numbers), ...parts.secret }),
    versions: numbers.map((number, slot) => aVersion({ number, slot })),
    stages: stages.sort((a, b) => a.slot - b.slot),
    tags: parts.tags ?? [],
  };
}

/** The numbers from `first` to `last`, both included. */
export function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

type Specific<K extends SecretCommand['kind']> = Omit<
  SecretCommandOf<K>,
  'aggregate' | 'kind' | 'ref' | 'nowMs'
>;

const COMMAND_DEFAULTS: { readonly [K in SecretCommand['kind']]: Specific<K> } = {
  'create-secret': { id: SECRET_ID, draft: aDraft(), version: aNewVersion(), limits: DEFAULT_LIMITS },
  'restore-secret': {
    backup: anAggregate(),
    versions: [aNewVersion()],
    firstRevision: 7_001,
    limits: DEFAULT_LIMITS,
  },
  'update-secret': { update: { description: 'changed' } },
  'delete-secret': {},
  'schedule-deletion': { recoveryWindowDays: 7 },
  'cancel-deletion': {},
  'purge-secret': { id: SECRET_ID },
  'add-version': {
    id: SECRET_ID,
    version: aNewVersion(),
    stages: undefined,
    limits: DEFAULT_LIMITS,
    versionCap: 'prune',
  },
  'set-version-expiry': { versionNumber: 1, expireTimeMs: T0 + DAY_MS },
  'notify-expiry': { id: SECRET_ID, versionNumber: 1 },
  'put-stage': { name: 'blue', versionNumber: 1, limits: DEFAULT_LIMITS },
  'remove-stage': { name: 'blue' },
  'put-tags': { id: SECRET_ID, tags: [{ key: 'team', value: 'payments' }], limits: DEFAULT_LIMITS },
  'remove-tags': { id: SECRET_ID, keys: ['team'], absent: 'ignore' },
};

/** Every kind of command about a secret. */
export const COMMAND_KINDS = Object.keys(COMMAND_DEFAULTS) as SecretCommand['kind'][];

/** A command that an enabled secret accepts (`remove-stage` wants a stage `blue`), one second after T0. */
export function aCommand<K extends SecretCommand['kind']>(
  kind: K,
  changes: Partial<SecretCommandOf<K>> = {},
): SecretCommandOf<K> {
  const command = {
    aggregate: 'secret',
    kind,
    ref: REF,
    nowMs: T0 + 1_000,
    ...COMMAND_DEFAULTS[kind],
    ...changes,
  };
  // The table has one entry for each kind; TypeScript cannot follow K through the spread.
  return command as unknown as SecretCommandOf<K>;
}

/** Decides one command. */
export function decideOn(
  current: SecretAggregate | undefined,
  command: SecretCommand,
  events: readonly SecretEvent[] = [],
): SecretDecision {
  return decideSecret({ current, secretsInProject: 0, events }, command);
}

/** An enabled event that tells of everything. */
export function anEvent(changes: Partial<SecretEvent> = {}): SecretEvent {
  return {
    projectId: REF.projectId,
    name: 'alarm',
    id: '33333333-3333-4333-8333-333333333333',
    types: EVENT_TYPES,
    state: 'ENABLED',
    target: { id: `urn:smn:local-1:${REF.projectId}:ops`, name: 'ops' },
    createTimeMs: T0,
    updateTimeMs: T0,
    revision: 1,
    ...changes,
  };
}

/** A notification that waits for its first delivery. */
export function aNotification(changes: Partial<Notification> = {}): Notification {
  return {
    id: `${SECRET_ID}.2.SECRET_VERSION_CREATED`,
    projectId: REF.projectId,
    eventName: 'alarm',
    eventType: 'SECRET_VERSION_CREATED',
    secretName: REF.name,
    secretType: 'COMMON',
    targetId: anEvent().target.id,
    targetName: 'ops',
    content: '{"eventName":"alarm"}',
    createTimeMs: T0,
    status: 'PENDING',
    attempts: 0,
    nextAttemptMs: T0,
    ...changes,
  };
}

/** The aggregate after these commands, none of which removes it. */
export function evolve(current: SecretAggregate | undefined, ...commands: SecretCommand[]): SecretAggregate {
  let state = current;
  for (const command of commands) state = decideOn(state, command).next;
  return state!;
}

/** Stage name -> version number. */
export function marks(current: SecretAggregate): Record<string, number> {
  return Object.fromEntries(current.stages.map((stage) => [stage.name, stage.versionNumber]));
}

/** Numbers of the versions that are there. */
export function numbers(current: SecretAggregate): number[] {
  return current.versions.map((version) => version.number);
}

/** How a decision ends: `ok`, or the code of the refusal. Any other error is a failure of the test. */
export function outcome(decide: () => unknown): ErrorCode | 'ok' {
  try {
    decide();
    return 'ok';
  } catch (error) {
    if (error instanceof SecretError) return error.code;
    throw error;
  }
}

/** As `outcome`, for what answers later. */
export async function outcomeOf(promise: Promise<unknown>): Promise<ErrorCode | 'ok'> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return outcome(() => {
    if (error !== undefined) throw error;
  });
}

/** Everything that use cases work with, in memory, with a clock that tests move. */
export interface World
  extends Pick<Memory, 'secrets' | 'keys' | 'checkers' | 'events' | 'notifications' | 'tasks'> {
  readonly deps: Deps;
  readonly clock: { wallMs: number };
  /** User id -> name, all of one domain. */
  readonly users: Map<string, string>;
  /** Messages of level warn and error. */
  readonly logged: string[];
}

/** A world whose store runs the real rules over two maps, and whose keyring only checks what a value is bound to. */
export function aWorld(policy: Partial<Deps['policy']> = {}): World {
  const clock = { wallMs: T0 };
  const memory = emptyMemory();
  const users = new Map<string, string>();
  const logged: string[] = [];
  let lastId = 0;
  const nextId = () => (++lastId).toString(16).padStart(32, '0');
  const deps: Deps = {
    actor: { kind: 'system', job: 'test' },
    store: memoryStore(memory),
    keyring: bindingKeyring,
    cipher: bindingCipher,
    clock: { nowMs: () => clock.wallMs },
    ids: { uid: nextId, uuid: () => nextId().replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') },
    random: { below: (bound) => ++lastId % bound },
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
  return { ...memory, deps, clock, users, logged };
}

/** The domain of the world's users. */
export const DOMAIN_ID = 'd'.repeat(32);

function memoryStore(memory: Memory): Store {
  const { checkers, keys, notifications, secrets, tasks, values } = memory;
  const engine = memoryEngine(memory);
  const inProject = (projectId: string) =>
    [...secrets.values()].filter(({ secret }) => secret.projectId === projectId);
  const byId = (projectId: string, id: string) => inProject(projectId).find(({ secret }) => secret.id === id);
  const keysIn = (projectId: string) => [...keys.values()].filter((key) => key.projectId === projectId);

  function findValue(ref: SecretRef, version: number | 'latest'): StoredValue | undefined {
    const current = secrets.get(pathOf(ref));
    const number = version === 'latest' ? latestVersionNumber(current?.stages ?? []) : version;
    const found = current && findVersion(current, number ?? 0);
    if (found === undefined) return undefined;
    const key = keys.get(pathOf({ projectId: ref.projectId, id: found.version.kmsKeyId }));
    const sealed = values.get(`${current!.secret.id}/${found.version.number}`)!;
    return { ...found, secret: current!.secret, key, sealed };
  }

  const listeners: OnNews[] = [];
  const records = <T extends { readonly nextAttemptMs?: number | undefined; readonly createTimeMs: number }>(
    all: Map<string, T>,
  ) => [...all.values()].filter((one) => one.nextAttemptMs === undefined).map((one) => one.createTimeMs);
  const enabledKeys = () => [...keys.values()].filter(({ state }) => state === 'ENABLED');
  const all = () => [...secrets.values()];
  const dueTimes: Record<DueKind, () => (number | undefined)[]> = {
    'secret-deletion': () => all().map(({ secret }) => secret.scheduledDeleteTimeMs),
    'secret-rotation': () =>
      all().map(({ secret }) => (secret.state === 'ENABLED' ? secret.nextRotationTimeMs : undefined)),
    'key-deletion': () => [...keys.values()].map((key) => key.scheduledDeleteTimeMs),
    'key-rotation': () => enabledKeys().map(({ rotation }) => rotation?.nextTimeMs),
    expiry: () =>
      all().flatMap(({ versions }) =>
        versions.map((one) => (one.expiryNotified ? undefined : one.expireTimeMs)),
      ),
    notification: () => [...notifications.values()].map((one) => one.nextAttemptMs),
    task: () => [...tasks.values()].map((one) => one.nextAttemptMs),
    'notification-record': () => records(notifications),
    'task-record': () => records(tasks),
  };

  return {
    async change<C extends Command>(command: C, actor?: Actor) {
      const result = answerNow(carry(engine, command, { actor }));
      for (const listener of listeners) listener('changes');
      return result;
    },
    onNews: (listener) => listeners.push(listener),
    findNextDue(kind, afterMs) {
      const moments = dueTimes[kind]().filter((ms) => ms !== undefined && ms > afterMs);
      return moments.length === 0 ? undefined : Math.min(...(moments as number[]));
    },
    findSecret: (ref) => secrets.get(pathOf(ref))?.secret,
    recallSecret: () => undefined,
    findVersions: (ref) => secrets.get(pathOf(ref)),
    ...readEvents(memory),
    ...readTasks(memory),
    listSecrets: ({ projectId, limit, afterName = '', eventName }) =>
      inProject(projectId)
        .map(({ secret }) => secret)
        .filter(({ name }) => name > afterName)
        .filter((secret) => eventName === undefined || secret.eventSubscriptions.includes(eventName))
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .slice(0, limit),
    findSecretById: byId,
    listTags: (projectId) =>
      walkOf(
        inProject(projectId).flatMap(({ tags }) => tags),
        undefined,
      ),
    searchSecrets: ({ projectId }) => {
      const found = inProject(projectId);
      return walkOf(found, found.length);
    },
    listGrants: ({ secretId }) => [...(memory.grants.get(secretId) ?? [])],
    findValue,
    findContents: (ref) => {
      const aggregate = secrets.get(pathOf(ref));
      return (
        aggregate && { aggregate, values: aggregate.versions.map(({ number }) => findValue(ref, number)!) }
      );
    },
    findChecker: (projectId) => checkers.get(projectId),
    findClock: () => memory.clock,
    findKey: (ref) => keys.get(pathOf(ref)),
    findKeyByAlias: engine.keys.findByAlias,
    listKeys: keysIn,
    listDueKeys: ({ due, nowMs, limit }) =>
      [...keys.values()]
        .filter((key) =>
          due === 'rotation' ? isRotationDue(key, nowMs) : (key.scheduledDeleteTimeMs ?? nowMs + 1) <= nowMs,
        )
        .slice(0, limit)
        .map(({ projectId, id }) => ({ projectId, id })),
    countByProject: () => {
      const ids = [...secrets.values()].map(({ secret }) => secret.projectId);
      return [...new Set(ids)].map((projectId) => ({
        projectId,
        secrets: ids.filter((id) => id === projectId).length,
      }));
    },
    sampleVersions: (count) =>
      [...secrets.values()]
        .flatMap(({ secret, versions }) =>
          versions.map(({ number }) => ({ ref: { projectId: secret.projectId, name: secret.name }, number })),
        )
        .slice(0, count),
    listDueSecrets: (nowMs, limit) =>
      [...secrets.values()]
        .filter(({ secret }) => isDue(secret, nowMs))
        .slice(0, limit)
        .map(({ secret }) => ({ ref: { projectId: secret.projectId, name: secret.name }, id: secret.id })),
    countAll: () => ({ secrets: secrets.size, notificationsPending: 0 }),
    storageStatus: () => ({
      refusal: undefined,
      freeBytes: 2 ** 40,
      reusableBytes: 0,
      neededBytes: 2 ** 26,
      databaseBytes: 4_096,
      logBytes: 0,
      checkpointOwedMs: 0,
    }),
    close: async () => undefined,
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
