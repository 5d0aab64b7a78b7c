import { rejects } from 'node:assert/strict';
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import type { Awaitable, Store } from '../../src/app/ports/deps.ts';
import type { ClockRecord } from '../../src/core/clock.ts';
import { type ErrorCode, SecretError } from '../../src/core/errors.ts';
import { EVENT_TYPES, type EventCommandOf, type EventRef } from '../../src/core/events/events.ts';
import type { DeliveryOutcome } from '../../src/core/events/notifications.ts';
import type { GrantCommand } from '../../src/core/identity/grants.ts';
import type { KeyChange, KeyCommand, KeyCommandOf, KeyRef } from '../../src/core/kms/keys.ts';
import { DEFAULT_LIMITS } from '../../src/core/limits.ts';
import type { TaskStep } from '../../src/core/rotation/tasks.ts';
import type { CheckerCommand } from '../../src/core/secrets/checker.ts';
import type {
  NewVersion,
  SealedValue,
  SecretAggregate,
  SecretCommand,
  SecretCommandOf,
  SecretDraft,
  SecretIdRef,
  SecretRef,
  SecretUpdate,
  Tag,
} from '../../src/core/secrets/secrets.ts';
import type { TestStore } from './acting.ts';
import { aCommand, aDraft, aNewVersion, DAY_MS } from './builders.ts';

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

/** A way to store things; the contract runs on each. */
export interface StoreEngine {
  readonly name: string;
  /** Opens an empty store. */
  open(): Promise<StoreHarness>;
}

/** 2030-01-01, far from any clock, so that nothing in a test depends on one. */
export const T0 = 1_893_456_000_000;
export { DAY_MS };

export const DRAFT: SecretDraft = Object.freeze(aDraft({ description: 'a plain secret' }));

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

export function newVersion(changes: Partial<NewVersion> = {}): NewVersion {
  const uid = randomBytes(16).toString('hex');
  return aNewVersion({ uid, kmsKeyId: 'key-1', sealed: sealedValue(), ...changes });
}

/** What a command may have instead of what is usual here. */
type Changes<K extends SecretCommand['kind']> = Partial<SecretCommandOf<K>>;

export function create(ref: SecretRef, changes: Changes<'create-secret'> = {}) {
  const made = { id: randomUUID(), draft: DRAFT, version: newVersion() };
  return aCommand('create-secret', { ref, nowMs: T0, ...made, ...changes });
}

/** A draft whose secret is subscribed to these events. */
export function subscribedTo(...eventSubscriptions: string[]): { readonly draft: SecretDraft } {
  return { draft: { ...DRAFT, eventSubscriptions } };
}

/** Restores what `findVersions` answered, with new sealed values of its own. */
export function restore(backup: SecretAggregate, changes: Changes<'restore-secret'> = {}) {
  const { projectId, name } = backup.secret;
  const versions = backup.versions.map(({ kind, expireTimeMs }) => newVersion({ kind, expireTimeMs }));
  const made = { ref: { projectId, name }, backup, versions, firstRevision: randomInt(2 ** 40) };
  return aCommand('restore-secret', { nowMs: T0, ...made, ...changes });
}

export function setStrengthCheck(projectId: string, checksStrength: boolean, nowMs = T0): CheckerCommand {
  return { aggregate: 'checker', kind: 'set-strength-check', ref: { projectId }, checksStrength, nowMs };
}

export function addVersion(ref: SecretRef, id: string, changes: Changes<'add-version'> = {}) {
  return aCommand('add-version', { ref, id, nowMs: T0, version: newVersion(), ...changes });
}

export function update(ref: SecretRef, changes: SecretUpdate, nowMs = T0) {
  return aCommand('update-secret', { ref, update: changes, nowMs });
}

export function remove(ref: SecretRef) {
  return aCommand('delete-secret', { ref, nowMs: T0 });
}

export function schedule(ref: SecretRef, recoveryWindowDays: number, nowMs = T0) {
  return aCommand('schedule-deletion', { ref, recoveryWindowDays, nowMs });
}

export function cancel(ref: SecretRef, nowMs = T0) {
  return aCommand('cancel-deletion', { ref, nowMs });
}

export function purge(ref: SecretRef, id: string, nowMs: number) {
  return aCommand('purge-secret', { ref, id, nowMs });
}

export function expire(ref: SecretRef, versionNumber: number, expireTimeMs: number) {
  return aCommand('set-version-expiry', { ref, versionNumber, expireTimeMs, nowMs: T0 });
}

export function putStage(ref: SecretRef, name: string, versionNumber: number, limits = DEFAULT_LIMITS) {
  return aCommand('put-stage', { ref, name, versionNumber, limits, nowMs: T0 });
}

export function removeStage(ref: SecretRef, name: string) {
  return aCommand('remove-stage', { ref, name, nowMs: T0 });
}

export function putTags(ref: SecretRef, id: string, tags: readonly Tag[], limits = DEFAULT_LIMITS) {
  return aCommand('put-tags', { ref, id, tags, limits, nowMs: T0 });
}

export function removeTags(ref: SecretRef, id: string, keys: readonly string[], absent: 'refuse' | 'ignore') {
  return aCommand('remove-tags', { ref, id, keys, absent, nowMs: T0 });
}

/** An enabled event for all types. */
export function createEvent(ref: EventRef, overrides: Partial<EventCommandOf<'create-event'>> = {}) {
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

/** What became of the delivery of a notification. */
export function settle(id: string, outcome: DeliveryOutcome, attempts = 0) {
  const kind = 'settle-notification';
  return { aggregate: 'notification', kind, ref: { id }, attempts, outcome, nowMs: T0 } as const;
}

export function recordClock(record: ClockRecord) {
  return { aggregate: 'clock', kind: 'record-clock', record, nowMs: T0 } as const;
}

/** Revokes a token of someone that expires a day later. */
export function revokeToken(id: string, userId = 'someone', nowMs = T0) {
  const expireTimeMs = nowMs + DAY_MS;
  return { aggregate: 'revocation', kind: 'revoke-token', ref: { id }, userId, expireTimeMs, nowMs } as const;
}

/** A signing key that is made of this text. */
export function ensureSigningKey(text = 'pem', createTimeMs = T0) {
  const key = { certificatePem: text, sealedPrivateKey: Buffer.from(text), createTimeMs };
  return { aggregate: 'signing-key', kind: 'ensure-signing-key', key, nowMs: T0 } as const;
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
  overrides: Partial<KeyCommandOf<'ensure-key'>> = {},
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

export function createKey(ref: KeyRef, overrides: Partial<KeyCommandOf<'create-key'>> = {}) {
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

/** Destroys a key in the way of the product: at the end of its waiting period. */
export async function destroyKey(store: TestStore, ref: KeyRef) {
  await store.change(changeKey(ref, { kind: 'schedule-key-deletion', pendingDays: 7 }));
  return store.change(changeKey(ref, { kind: 'purge-key' }, T0 + 7 * DAY_MS));
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
