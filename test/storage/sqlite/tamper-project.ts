import { createSecretKey } from 'node:crypto';
import type { StoredValue } from '../../../src/app/ports/deps.ts';
import type { Key, KeyChange, KeyRef } from '../../../src/core/kms/keys.ts';
import type { SecretRef } from '../../../src/core/secrets/secrets.ts';
import { createKeyring } from '../../../src/crypto/keyring.ts';
import type { TestStore } from '../../support/acting.ts';
import {
  addVersion,
  changeKey,
  codeOf,
  create,
  createEvent,
  createGrant,
  createKey,
  destroyKey,
  ensureKey,
  ensureSigningKey,
  expire,
  failAttempt,
  newVersion,
  putStage,
  putTags,
  ROTATED_DRAFT,
  recordClock,
  revokeToken,
  schedule,
  setStrengthCheck,
  settle,
  startRotation,
  T0,
} from '../../support/stores.ts';
import { searched, tagsOfProject } from '../../support/walks.ts';

/** What values are sealed with where nothing else is given. */
const KEYRING = createKeyring({
  installationId: 'installation-1',
  kek: createSecretKey(Buffer.alloc(32, 3)),
});
/** The keys of a filled project; the second has everything that a key can have. */
export const KEYS = ['key-1', 'key-2'];
const VERSIONS = [1, 2, 3];
/** The secrets of a filled project. */
export const NAMES = ['open', 'pending'] as const;

/** One tag that both have, with values of their own, and one that only this one has. */
const tagsOf = (name: string) => [
  { key: 'owner', value: name },
  { key: `only-${name}`, value: 'yes' },
];

/** What every read of a project answers: by name of the read, the answer or the code of the refusal. */
export type Answers = ReadonlyMap<string, unknown>;

/**
 * A project with everything that can be stored in it: two secrets, one of which waits for deletion, two keys
 * and the choice of a checker.
 */
export async function fillProject(store: TestStore, projectId: string, keyring = KEYRING): Promise<void> {
  const keys: Key[] = [];
  for (const id of KEYS) {
    const material = keyring.createKeyMaterial({ projectId, id }, 1);
    const made = ensureKey({ projectId, id }, { alias: `alias/${id}`, material, isDefault: id === 'key-1' });
    keys.push((await store.change(made)).key);
  }
  await fillKey(store, { projectId, id: 'key-2' });
  await store.change(createEvent({ projectId, name: 'alarm' }));
  for (const name of NAMES) {
    const ref = { projectId, name };
    const id = `${projectId}-${name}`;
    const sealed = (number: number) => {
      const version = newVersion({ kmsKeyId: 'key-1', kind: number === 2 ? 'binary' : 'string' });
      const { uid: versionUid, kind } = version;
      const binding = { projectId, secretId: id, secretName: name, versionUid, kind };
      const value = Buffer.from(`value ${number} of ${name}`);
      return { ...version, sealed: keyring.seal(keys[0]!, binding, value) };
    };
    const eventSubscriptions = name === 'open' ? ['alarm'] : [];
    const draft = { ...ROTATED_DRAFT, eventSubscriptions };
    await store.change(create(ref, { id, draft, version: sealed(1) }));
    for (const number of VERSIONS.slice(1))
      await store.change(addVersion(ref, id, { version: sealed(number) }));
    await store.change(expire(ref, 2, T0 + 77));
    await store.change(putStage(ref, 'blue', 1));
    await store.change(putStage(ref, 'green', 3));
    await store.change(putTags(ref, id, tagsOf(name)));
    // Ids in the same order in every project, as rows are found by it.
    const grantRef = { projectId, secretId: id };
    await store.change(createGrant(grantRef, 'ann', { id: `${id}-1`, expireTimeMs: T0 + 99 }));
    await store.change(createGrant(grantRef, 'bob', { id: `${id}-2`, nowMs: T0 + 1 }));
  }
  await store.change(schedule({ projectId, name: 'pending' }, 7));
  const rotated = { projectId, name: 'open' };
  await store.change(startRotation(rotated, rotationId(projectId)));
  await store.change(failAttempt(rotated, rotationId(projectId), 'create', T0 + 5));
  await store.change(settle(notificationId(projectId, 1), { status: 'SUCCESS' }));
  await store.change(setStrengthCheck(projectId, true));
}

/** Fills what belongs to no project: a destroyed key, the signing key, the record of the clock. */
export async function fillInstallation(store: TestStore): Promise<void> {
  const ref = { projectId: 'project', id: 'destroyed' };
  await store.change(createKey(ref));
  await destroyKey(store, ref);
  await store.change(ensureSigningKey());
  await store.change(revokeToken('revoked'));
  await store.change(recordClock({ seenMs: T0, hold: { seenMs: T0 + 1, passedMs: 2 } }));
}

/** The rotation of `open`, which waits for its second attempt. */
function rotationId(projectId: string): string {
  return `${projectId}-rotation`;
}

/** The notification about one of the versions of `open`; all but the first wait for their delivery. */
function notificationId(projectId: string, version: number): string {
  return `${projectId}-open.${version}.SECRET_VERSION_CREATED`;
}

/** Gives a key everything that a key can have. */
async function fillKey(store: TestStore, ref: KeyRef): Promise<void> {
  const changes: readonly KeyChange[] = [
    { kind: 'describe-key', description: 'a description' },
    { kind: 'add-alias', alias: 'second' },
    {
      kind: 'put-tags',
      tags: [
        { key: 'team', value: 'red' },
        { key: 'stage', value: '' },
      ],
    },
    { kind: 'enable-rotation' },
    { kind: 'schedule-key-deletion', pendingDays: 7 },
  ];
  for (const change of changes) await store.change(changeKey(ref, change));
}

/** Carries out every read, up to the opened value. */
export async function readAnswers(store: TestStore, projectId: string, keyring = KEYRING): Promise<Answers> {
  const answers = new Map<string, unknown>();
  const note = async (name: string, read: () => unknown) => {
    try {
      answers.set(name, await read());
    } catch (error) {
      answers.set(name, `refused: ${codeOf(error)}`);
    }
  };
  const openStored = (ref: SecretRef, found: StoredValue | undefined) => {
    // The use case refuses a value whose key is gone.
    if (found?.key === undefined) return undefined;
    const { kind, uid } = found.version;
    const binding = { projectId, secretId: found.secret.id, secretName: ref.name, versionUid: uid, kind };
    return { ...found, value: keyring.open(found.key, binding, found.sealed).toString() };
  };
  const openAll = async (ref: SecretRef) => {
    const contents = await store.findContents(ref);
    const opened = contents?.values.map((found) => openStored(ref, found));
    return opened?.includes(undefined) ? undefined : opened;
  };
  await note('list of events', () => store.listEvents({ projectId, limit: 9, afterName: '' }));
  await note('list of records', () => store.listNotifications(projectId));
  await note('list of tasks', () => store.listTasks({ projectId, limit: 9 }));
  await note('task', () => store.findTask(rotationId(projectId)));
  await note('event', () => store.findEvent({ projectId, name: 'alarm' }));
  for (const version of VERSIONS)
    await note(`notification ${version}`, () => store.findNotification(notificationId(projectId, version)));
  await note('list', () => store.listSecrets({ projectId, limit: 9 }));
  await note('tags', () => tagsOfProject(store, projectId));
  for (const tags of [[], [{ key: 'owner', values: [] }], [{ key: 'owner', values: ['open'] }]]) {
    const query = { projectId, tags, nameParts: [], limit: 9, offset: 0 };
    await note(`search ${JSON.stringify(tags)}`, async () => (await searched(store, query)).secrets);
  }
  for (const name of NAMES) {
    const ref = { projectId, name };
    await note(`grants ${name}`, () => store.listGrants({ projectId, secretId: `${projectId}-${name}` }));
    await note(`id ${name}`, () => store.findSecretById(projectId, `${projectId}-${name}`));
    await note(`secret ${name}`, () => store.findSecret(ref));
    await note(`versions ${name}`, () => store.findVersions(ref));
    await note(`contents ${name}`, () => openAll(ref));
    for (const number of [...VERSIONS, 'latest' as const])
      await note(`value ${name} ${number}`, async () => openStored(ref, await store.findValue(ref, number)));
  }
  await note('checker', () => store.findChecker(projectId));
  for (const id of KEYS) {
    await note(`key ${id}`, () => store.findKey({ projectId, id }));
    await note(`alias ${id}`, () => store.findKeyByAlias(projectId, `alias/${id}`));
  }
  await note('alias second', () => store.findKeyByAlias(projectId, 'second'));
  await note('keys', () => store.listKeys(projectId));
  return answers;
}
