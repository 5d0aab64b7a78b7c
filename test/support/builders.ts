import { Buffer } from 'node:buffer';
import { type ErrorCode, SecretError } from '../../src/core/errors.ts';
import { EVENT_TYPES, type SecretEvent } from '../../src/core/events/events.ts';
import type { Notification } from '../../src/core/events/notifications.ts';
import type { Key } from '../../src/core/kms/keys.ts';
import { DEFAULT_LIMITS } from '../../src/core/limits.ts';
import type { Task } from '../../src/core/rotation/tasks.ts';
import type { SecretDecision } from '../../src/core/secrets/decision.ts';
import { decideSecret } from '../../src/core/secrets/rules.ts';
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
} from '../../src/core/secrets/secrets.ts';

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
    scheduledDeleteTimeMs: changes.state === 'PENDING_DELETE' ? T0 + 7 * DAY_MS : undefined,
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

/** An enabled event for all types. */
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

export const TASK_ID = '44444444-4444-4444-8444-444444444444';

/** A rotation by hand that is about to ask for its new value. */
export function aTask(changes: Partial<Task> = {}): Task {
  return {
    id: TASK_ID,
    projectId: REF.projectId,
    secretName: 'db-password',
    secretId: '11111111-1111-4111-8111-111111111111',
    subType: 'SingleUser',
    isAutomatic: false,
    functionUrn: `urn:fss:local-1:${'a'.repeat(32)}:function:default:rotate`,
    status: 'RUNNING',
    step: 'create',
    versionNumber: undefined,
    createTimeMs: 1_700_000_000_000,
    attempts: 1,
    nextAttemptMs: 1_700_000_000_000,
    error: undefined,
    failuresBefore: 0,
    ...changes,
  };
}
