import { Buffer } from 'node:buffer';
import { isDeepStrictEqual } from 'node:util';
import type { Deps, Keyring, Store } from '../../src/app/ports.ts';
import type { Command, ResultOf } from '../../src/core/commands.ts';
import { type ErrorCode, SecretError } from '../../src/core/errors.ts';
import { EVENT_TYPES, type SecretEvent } from '../../src/core/event.ts';
import { decideJob, type JobState } from '../../src/core/job.ts';
import { decideKey, type Key, type KeyRef } from '../../src/core/key.ts';
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
  SecretDecision,
  SecretDraft,
  SecretRef,
  Stage,
  Version,
} from '../../src/core/secret.ts';
import { decideSecret, subscribedNames } from '../../src/core/secret-rules.ts';
import type { TaskCommand } from '../../src/core/task.ts';
import { findVersion, latestVersionNumber } from '../../src/core/versions.ts';
import { type MemoryEvents, memoryEvents } from './memory-events.ts';
import { type MemoryTasks, memoryTasks } from './memory-tasks.ts';

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

/** An enabled key with one version. */
export function aKey(changes: Partial<Key> = {}): Key {
  return {
    projectId: REF.projectId,
    id: KEY_ID,
    alias: 'csms/default',
    isDefault: true,
    state: 'ENABLED',
    createTimeMs: T0,
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
export interface World {
  readonly deps: Deps;
  readonly clock: { wallMs: number };
  readonly secrets: Map<string, SecretAggregate>;
  readonly keys: Map<string, Key>;
  readonly events: MemoryEvents['events'];
  readonly notifications: MemoryEvents['notifications'];
  readonly tasks: MemoryTasks['tasks'];
  /** Messages of level warn and error. */
  readonly logged: string[];
}

/** A world whose store runs the real rules over two maps, and whose keyring only checks what a value is bound to. */
export function aWorld(policy: Partial<Deps['policy']> = {}): World {
  const clock = { wallMs: T0 };
  const secrets = new Map<string, SecretAggregate>();
  const keys = new Map<string, Key>();
  const logged: string[] = [];
  const told = memoryEvents(secrets);
  const values = new Map<string, SealedValue>();
  const save = saverOf(secrets, values, told);
  const rotations = memoryTasks(secrets, { findEvent: told.reads.findEvent, save });
  let lastId = 0;
  const nextId = () => (++lastId).toString(16).padStart(32, '0');
  const deps: Deps = {
    store: memoryStore({ secrets, keys, values }, { told, rotations, save }),
    keyring: bindingKeyring,
    clock: { nowMs: () => clock.wallMs },
    ids: { uid: nextId, uuid: () => nextId().replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') },
    policy: { limits: DEFAULT_LIMITS, versionCap: 'prune', unknownKey: 'refuse', ...policy },
    log: {
      info: () => undefined,
      warn: (_, message) => logged.push(message),
      error: (_, message) => logged.push(message),
    },
  };
  const { events, notifications } = told;
  return { deps, clock, secrets, keys, events, notifications, tasks: rotations.tasks, logged };
}

const pathOf = ({ projectId, name }: SecretRef): string => `${projectId}/${name}`;
const keyPathOf = ({ projectId, id }: KeyRef): string => `${projectId}/${id}`;

type SaveDecision = (path: string, decision: SecretDecision) => void;

/** Writes what the rules decided about the secret at a path. */
function saverOf(
  secrets: Map<string, SecretAggregate>,
  values: Map<string, SealedValue>,
  told: MemoryEvents,
): SaveDecision {
  return (path, { next, added, notifications = [] }) => {
    for (const notification of notifications) told.notifications.set(notification.id, notification);
    if (next === undefined) secrets.delete(path);
    else secrets.set(path, next);
    if (added !== undefined) values.set(`${next!.secret.id}/${added.versionNumber}`, added.sealed);
  };
}

function memoryStore(
  {
    secrets,
    keys,
    values,
  }: {
    readonly secrets: Map<string, SecretAggregate>;
    readonly keys: Map<string, Key>;
    readonly values: Map<string, SealedValue>;
  },
  {
    told,
    rotations,
    save,
  }: { readonly told: MemoryEvents; readonly rotations: MemoryTasks; readonly save: SaveDecision },
): Store {
  const jobs = new Map<string, JobState>();
  const inProject = (projectId: string) =>
    [...secrets.values()].filter(({ secret }) => secret.projectId === projectId);
  const byAlias = (projectId: string, alias: string) =>
    [...keys.values()].find((key) => key.projectId === projectId && key.alias === alias);

  function change(command: Exclude<Command, TaskCommand>): ResultOf<Command> {
    if (command.aggregate === 'job') {
      const { next, result } = decideJob({ current: jobs.get(command.ref.name) }, command);
      if (next !== undefined) jobs.set(next.name, next);
      return result;
    }
    if (command.aggregate === 'key') {
      const { next, result } = decideKey(
        {
          current: keys.get(keyPathOf(command.ref)),
          aliasHolder: byAlias(command.ref.projectId, command.alias),
        },
        command,
      );
      keys.set(keyPathOf(next), next);
      return result;
    }
    if (command.aggregate !== 'secret') return told.change(command);
    const path = pathOf(command.ref);
    const current = secrets.get(path);
    const events = subscribedNames(current, command)
      .map((name) => told.events.get(pathOf({ ...command.ref, name })))
      .filter((event) => event !== undefined);
    const scope = { current, secretsInProject: inProject(command.ref.projectId).length, events };
    const decision = decideSecret(scope, command);
    save(path, decision);
    return decision.result;
  }

  return {
    change: async <C extends Command>(command: C) =>
      (command.aggregate === 'task' ? rotations.change(command) : change(command)) as ResultOf<C>,
    findSecret: (ref) => secrets.get(pathOf(ref))?.secret,
    recallSecret: () => undefined,
    findVersions: (ref) => secrets.get(pathOf(ref)),
    ...told.reads,
    ...rotations.reads,
    listSecrets: ({ projectId, limit, afterName = '', eventName }) =>
      inProject(projectId)
        .map(({ secret }) => secret)
        .filter(({ name }) => name > afterName)
        .filter((secret) => eventName === undefined || secret.eventSubscriptions.includes(eventName))
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .slice(0, limit),
    findValue: (ref, version) => {
      const current = secrets.get(pathOf(ref));
      const number = version === 'latest' ? latestVersionNumber(current?.stages ?? []) : version;
      const found = current && findVersion(current, number ?? 0);
      if (found === undefined) return undefined;
      const key = keys.get(keyPathOf({ projectId: ref.projectId, id: found.version.kmsKeyId }));
      const sealed = values.get(`${current!.secret.id}/${found.version.number}`)!;
      return { ...found, secret: current!.secret, key, sealed };
    },
    findKey: (ref) => keys.get(keyPathOf(ref)),
    findKeyByAlias: byAlias,
    listDueSecrets: (nowMs, limit) =>
      [...secrets.values()]
        .filter(({ secret }) => isDue(secret, nowMs))
        .slice(0, limit)
        .map(({ secret }) => ({ ref: { projectId: secret.projectId, name: secret.name }, id: secret.id })),
    isWritable: () => true,
    close: async () => undefined,
  };
}

const bindingKeyring: Keyring = {
  createKeyMaterial: (ref, versionNumber) => Buffer.from(`${ref.id} ${versionNumber}`),
  seal: (key, binding, value) => ({
    wrappedKey: Buffer.from(key.id),
    body: Buffer.from(JSON.stringify({ binding, value: Buffer.from(value).toString('base64') })),
  }),
  open: (key, binding, sealed) => {
    const found = JSON.parse(Buffer.from(sealed.body).toString());
    const bound =
      Buffer.from(sealed.wrappedKey).toString() === key.id && isDeepStrictEqual(found.binding, binding);
    if (!bound) throw new SecretError('damaged');
    return Buffer.from(found.value, 'base64');
  },
};
