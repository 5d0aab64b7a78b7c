import { rejects } from 'node:assert/strict';
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import type { Awaitable, Store } from '../../src/app/ports/deps.ts';
import { type ErrorCode, SecretError } from '../../src/core/errors.ts';
import { EVENT_TYPES, type EventCommandOf, type EventRef } from '../../src/core/events/events.ts';
import type { GrantCommand } from '../../src/core/identity/grants.ts';
import type { KeyChange, KeyCommand, KeyCommandOf, KeyRef } from '../../src/core/kms/keys.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/core/limits.ts';
import type { TaskStep } from '../../src/core/rotation/tasks.ts';
import type { CheckerCommand } from '../../src/core/secrets/checker.ts';
import type {
  NewVersion,
  SealedValue,
  SecretAggregate,
  SecretCommandOf,
  SecretDraft,
  SecretIdRef,
  SecretRef,
  Tag,
} from '../../src/core/secrets/secrets.ts';
import type { TestStore } from './acting.ts';

/** A store under test, whatever engine is behind it. */
export interface StoreHarness {
  /** The open store; another one after `reopen` and `kill`. */
  readonly store: TestStore;
  /** What `onFatal` was called with since the store was opened. */
  readonly fatal: readonly string[];
  /** Closes in good order, then opens the same data. */
  reopen(): Promise<void>;
  /** Ends the engine in the middle of whatever it does, then opens the same data. */
  kill(): Promise<void>;
  /** Rows per kind of thing, over all projects: what a deletion must bring back to where it was. */
  countRows(): Awaitable<
    Readonly<
      Record<
        | 'secret'
        | 'version'
        | 'stage'
        | 'tag'
        | 'grant'
        | 'wrappedKey'
        | 'body'
        | 'key'
        | 'keyMaterial'
        | 'keyAlias'
        | 'keyTag'
        | 'event'
        | 'notification'
        | 'task',
        number
      >
    >
  >;
  /** Closes and throws the data away. */
  destroy(): Promise<void>;
}

/** How a part of the contract gets at the store under test. */
export type HarnessOf = () => StoreHarness;

/** A way to store things; the contract runs on each. */
export interface StoreEngine {
  readonly name: string;
  /** Opens an empty store. */
  open(): Promise<StoreHarness>;
}

/** 2030-01-01, far from any clock, so that nothing in a test depends on one. */
export const T0 = 1_893_456_000_000;
export const DAY_MS = 86_400_000;

export const DRAFT: SecretDraft = Object.freeze({
  description: 'a plain secret',
  secretType: 'COMMON',
  autoRotation: false,
  rotationPeriod: undefined,
  rotationConfig: undefined,
  rotationFuncUrn: undefined,
  eventSubscriptions: [],
  enterpriseProjectId: '0',
});

/** A draft in which every optional field is set. */
export const ROTATED_DRAFT: SecretDraft = Object.freeze({
  ...DRAFT,
  description: 'rotated: "quoted" \\ é 漢 🔑 \u2028 end',
  secretType: 'RDS-FG',
  autoRotation: true,
  rotationPeriod: '30d',
  rotationConfig: '{"InstanceId":"i"}',
  rotationFuncUrn: 'urn:fss:region:project:function:f',
});

let projects = 0;

/** A project that no other test of this file uses. */
export function freshProject(): string {
  projects += 1;
  return `project-${String(projects).padStart(5, '0')}`;
}

/** A secret of a fresh project. */
export function freshRef(name = 'db-password'): SecretRef {
  return { projectId: freshProject(), name };
}

/** Random bytes in place of a sealed value: the store must not care what they are. */
export function sealedValue(bodyBytes = 200): SealedValue {
  return { wrappedKey: randomBytes(86), body: randomBytes(bodyBytes) };
}

export function newVersion(overrides: Partial<NewVersion> = {}): NewVersion {
  return {
    uid: randomBytes(16).toString('hex'),
    kind: 'string',
    kmsKeyId: 'key-1',
    sealed: sealedValue(),
    expireTimeMs: undefined,
    ...overrides,
  };
}

/** The fields of a command that are not its kind or its secret, all optional. */
type Overrides<C> = Partial<Omit<C, 'aggregate' | 'kind' | 'ref'>>;

export function create(ref: SecretRef, overrides: Overrides<SecretCommandOf<'create-secret'>> = {}) {
  return {
    aggregate: 'secret',
    kind: 'create-secret',
    ref,
    id: randomUUID(),
    draft: DRAFT,
    version: newVersion(),
    limits: DEFAULT_LIMITS,
    nowMs: T0,
    ...overrides,
  } satisfies SecretCommandOf<'create-secret'>;
}

/** Restores what `findVersions` answered, with new sealed values of its own. */
export function restore(
  backup: SecretAggregate,
  overrides: Overrides<SecretCommandOf<'restore-secret'>> = {},
) {
  const { projectId, name } = backup.secret;
  const versions = backup.versions.map(({ kind, expireTimeMs }) => newVersion({ kind, expireTimeMs }));
  return {
    aggregate: 'secret',
    kind: 'restore-secret',
    ref: { projectId, name },
    backup,
    versions,
    firstRevision: randomInt(2 ** 40),
    limits: DEFAULT_LIMITS,
    nowMs: T0,
    ...overrides,
  } satisfies SecretCommandOf<'restore-secret'>;
}

export function setStrengthCheck(projectId: string, checksStrength: boolean, nowMs = T0): CheckerCommand {
  return { aggregate: 'checker', kind: 'set-strength-check', ref: { projectId }, checksStrength, nowMs };
}

export function addVersion(
  ref: SecretRef,
  id: string,
  overrides: Overrides<SecretCommandOf<'add-version'>> = {},
) {
  return {
    aggregate: 'secret',
    kind: 'add-version',
    ref,
    id,
    version: newVersion(),
    stages: undefined,
    limits: DEFAULT_LIMITS,
    versionCap: 'prune',
    nowMs: T0,
    ...overrides,
  } satisfies SecretCommandOf<'add-version'>;
}

export function update(ref: SecretRef, changes: SecretCommandOf<'update-secret'>['update'], nowMs = T0) {
  return { aggregate: 'secret', kind: 'update-secret', ref, update: changes, nowMs } as const;
}

export function remove(ref: SecretRef) {
  return { aggregate: 'secret', kind: 'delete-secret', ref, nowMs: T0 } as const;
}

export function schedule(ref: SecretRef, recoveryWindowDays: number, nowMs = T0) {
  return { aggregate: 'secret', kind: 'schedule-deletion', ref, recoveryWindowDays, nowMs } as const;
}

export function cancel(ref: SecretRef, nowMs = T0) {
  return { aggregate: 'secret', kind: 'cancel-deletion', ref, nowMs } as const;
}

export function purge(ref: SecretRef, id: string, nowMs: number) {
  return { aggregate: 'secret', kind: 'purge-secret', ref, id, nowMs } as const;
}

export function expire(ref: SecretRef, versionNumber: number, expireTimeMs: number) {
  return {
    aggregate: 'secret',
    kind: 'set-version-expiry',
    ref,
    versionNumber,
    expireTimeMs,
    nowMs: T0,
  } as const;
}

export function putStage(
  ref: SecretRef,
  name: string,
  versionNumber: number,
  limits: Limits = DEFAULT_LIMITS,
) {
  return { aggregate: 'secret', kind: 'put-stage', ref, name, versionNumber, limits, nowMs: T0 } as const;
}

export function removeStage(ref: SecretRef, name: string) {
  return { aggregate: 'secret', kind: 'remove-stage', ref, name, nowMs: T0 } as const;
}

/** An enabled event for all types. */
export function createEvent(ref: EventRef, overrides: Overrides<EventCommandOf<'create-event'>> = {}) {
  const target = { id: `urn:smn:local-1:${ref.projectId}:ops`, name: 'ops' };
  return {
    aggregate: 'event',
    kind: 'create-event',
    ref,
    id: randomUUID(),
    draft: { types: EVENT_TYPES, state: 'ENABLED', target },
    limits: DEFAULT_LIMITS,
    nowMs: T0,
    ...overrides,
  } satisfies EventCommandOf<'create-event'>;
}

export function updateEvent(ref: EventRef, changes: EventCommandOf<'update-event'>['update']) {
  return { aggregate: 'event', kind: 'update-event', ref, update: changes, nowMs: T0 + 1 } as const;
}

export function removeEvent(ref: EventRef) {
  return { aggregate: 'event', kind: 'delete-event', ref, nowMs: T0 } as const;
}

export function putTags(ref: SecretRef, id: string, tags: readonly Tag[], limits: Limits = DEFAULT_LIMITS) {
  return { aggregate: 'secret', kind: 'put-tags', ref, id, tags, limits, nowMs: T0 } as const;
}

export function removeTags(ref: SecretRef, id: string, keys: readonly string[], absent: 'refuse' | 'ignore') {
  return { aggregate: 'secret', kind: 'remove-tags', ref, id, keys, absent, nowMs: T0 } as const;
}

export function createGrant(ref: SecretIdRef, granteeId: string, more: Partial<GrantCommand> = {}) {
  return {
    aggregate: 'grant',
    kind: 'create-grant',
    ref,
    id: randomUUID(),
    grantee: { type: 'user', id: granteeId },
    expireTimeMs: undefined,
    nowMs: T0,
    ...more,
  } as Extract<GrantCommand, { kind: 'create-grant' }>;
}

export function updateGrant(
  ref: SecretIdRef,
  granteeId: string,
  expireTimeMs: number | undefined,
  nowMs = T0,
) {
  const grantee = { type: 'user', id: granteeId } as const;
  return { aggregate: 'grant', kind: 'update-grant', ref, grantee, expireTimeMs, nowMs } as const;
}

export function removeGrants(ref: SecretIdRef, granteeId?: string, nowMs = T0) {
  return { aggregate: 'grant', kind: 'remove-grants', ref, granteeId, nowMs } as const;
}

export function ensureKey(
  ref: KeyRef,
  overrides: Overrides<KeyCommandOf<'ensure-key'>> = {},
): KeyCommandOf<'ensure-key'> {
  return {
    aggregate: 'key',
    kind: 'ensure-key',
    ref,
    alias: 'csms/default',
    isDefault: true,
    material: randomBytes(78),
    firstRevision: 1,
    nowMs: T0,
    ...overrides,
  };
}

export function createKey(ref: KeyRef, overrides: Overrides<KeyCommandOf<'create-key'>> = {}) {
  return {
    aggregate: 'key',
    kind: 'create-key',
    ref,
    alias: `own/${ref.id}`,
    draft: { description: '', enterpriseProjectId: '0' },
    material: randomBytes(78),
    firstRevision: 1,
    nowMs: T0,
    ...overrides,
  } satisfies KeyCommandOf<'create-key'>;
}

/** Any other change of a key. */
export function changeKey(ref: KeyRef, change: KeyChange, nowMs = T0): KeyCommand {
  return { aggregate: 'key', ref, nowMs, ...change };
}

/** Everything that the read models say about a project: what two moments are compared by. */
export async function readProject(store: Store, projectId: string) {
  const secrets = await store.listSecrets({ projectId, limit: 1_000 });
  const contents = [];
  for (const { name } of secrets) {
    const ref = { projectId, name };
    const aggregate = await store.findVersions(ref);
    const values = [];
    for (const { number } of aggregate?.versions ?? []) values.push(await store.findValue(ref, number));
    contents.push({ aggregate, values, latest: await store.findValue(ref, 'latest') });
  }
  // The projects take turns, so the order changes from look to look.
  const due = await store.listDueSecrets(Number.MAX_SAFE_INTEGER, 1_000);
  return { secrets, contents, due: due.sort((a, b) => (a.id < b.id ? -1 : 1)) };
}

/** Waits for a promise that must be refused with this code. */
export async function expectRefused(promise: Promise<unknown>, code: ErrorCode): Promise<void> {
  await rejects(promise, (error) => {
    if (codeOf(error) !== code)
      throw new Error(`refused as ${codeOf(error)} and not as ${code}`, { cause: error });
    return true;
  });
}

/** The code of a refusal, or the text of an error that is none. */
export function codeOf(error: unknown): string {
  return error instanceof SecretError ? error.code : String(error);
}

/** The start of a rotation; automatic when the secret's id is given. */
export function startRotation(ref: SecretRef, id: string, dueSecretId?: string, nowMs = T0) {
  return { aggregate: 'task', kind: 'start-rotation', ref, id, dueSecretId, nowMs } as const;
}

/** The answer of `create`, as a version. */
export function storePending(ref: SecretRef, id: string, version = newVersion(), nowMs = T0) {
  const progress = { step: 'create', attempts: 1 } as const;
  const limits = DEFAULT_LIMITS;
  return { aggregate: 'task', kind: 'store-pending', ref, id, progress, version, limits, nowMs } as const;
}

/** A step that went well at the first attempt. */
export function passStep(ref: SecretRef, id: string, step: TaskStep, nowMs = T0) {
  const progress = { step, attempts: 1 };
  const limits = DEFAULT_LIMITS;
  return { aggregate: 'task', kind: 'pass-step', ref, id, progress, limits, nowMs } as const;
}

/** A step that failed; for good when no next attempt is given. */
export function failAttempt(
  ref: SecretRef,
  id: string,
  step: TaskStep,
  nextAttemptMs: number | undefined = undefined,
) {
  const progress = { step, attempts: 1 };
  const error = { code: 'FUNCTION_FAILED', message: 'The function failed.' } as const;
  return {
    aggregate: 'task',
    kind: 'fail-attempt',
    ref,
    id,
    progress,
    error,
    nextAttemptMs,
    nowMs: T0,
  } as const;
}
