import { createSecretKey } from 'node:crypto';
import type { Store } from '../../../src/app/ports.ts';
import type { Key } from '../../../src/core/key.ts';
import type { SecretRef } from '../../../src/core/secret.ts';
import { createKeyring } from '../../../src/crypto/keyring.ts';
import {
  addVersion,
  codeOf,
  create,
  createEvent,
  ensureKey,
  expire,
  failAttempt,
  newVersion,
  putStage,
  ROTATED_DRAFT,
  schedule,
  startRotation,
  T0,
} from '../../support/stores.ts';

const KEK = createSecretKey(Buffer.alloc(32, 3));
const INSTALLATION_ID = 'installation-1';
const KEYS = ['key-1', 'key-2'];
const VERSIONS = [1, 2, 3];
/** The secrets of a filled project. */
export const NAMES = ['open', 'pending'] as const;

/** What every read of a project answers: by name of the read, the answer or the code of the refusal. */
export type Answers = ReadonlyMap<string, unknown>;

/** A project with everything that can be stored in it: two secrets, one of which waits for deletion, and two keys. */
export async function fillProject(store: Store, projectId: string): Promise<void> {
  const keyring = createKeyring({ installationId: INSTALLATION_ID, kek: KEK });
  const keys: Key[] = [];
  for (const id of KEYS) {
    const material = keyring.createKeyMaterial({ projectId, id }, 1);
    keys.push(
      await store.change(
        ensureKey({ projectId, id }, { alias: `alias/${id}`, material, isDefault: id === 'key-1' }),
      ),
    );
  }
  await store.change(createEvent({ projectId, name: 'alarm' }));
  for (const name of NAMES) {
    const ref = { projectId, name };
    const id = `${projectId}-${name}`;
    const sealed = (number: number) => {
      const version = newVersion({ kmsKeyId: 'key-1', kind: number === 2 ? 'binary' : 'string' });
      const binding = {
        projectId,
        secretId: id,
        secretName: name,
        versionUid: version.uid,
        kind: version.kind,
      };
      return {
        ...version,
        sealed: keyring.seal(keys[0]!, binding, Buffer.from(`value ${number} of ${name}`)),
      };
    };
    const eventSubscriptions = name === 'open' ? ['alarm'] : [];
    const draft = { ...ROTATED_DRAFT, eventSubscriptions };
    await store.change(create(ref, { id, draft, version: sealed(1) }));
    for (const number of VERSIONS.slice(1))
      await store.change(addVersion(ref, id, { version: sealed(number) }));
    await store.change(expire(ref, 2, T0 + 77));
    await store.change(putStage(ref, 'blue', 1));
    await store.change(putStage(ref, 'green', 3));
  }
  await store.change(schedule({ projectId, name: 'pending' }, 7));
  const rotated = { projectId, name: 'open' };
  await store.change(startRotation(rotated, rotationId(projectId)));
  await store.change(failAttempt(rotated, rotationId(projectId), 'create', T0 + 5));
  await store.change({
    aggregate: 'notification',
    kind: 'settle-notification',
    ref: { id: notificationId(projectId, 1) },
    attempts: 0,
    outcome: { status: 'SUCCESS' },
    nowMs: T0,
  });
}

/** The rotation of `open`, which waits for its second attempt. */
function rotationId(projectId: string): string {
  return `${projectId}-rotation`;
}

/** The notification about one of the versions of `open`; all but the first wait for their delivery. */
function notificationId(projectId: string, version: number): string {
  return `${projectId}-open.${version}.SECRET_VERSION_CREATED`;
}

/** Carries out every read, up to the opened value. */
export async function readAnswers(store: Store, projectId: string): Promise<Answers> {
  const keyring = createKeyring({ installationId: INSTALLATION_ID, kek: KEK });
  const answers = new Map<string, unknown>();
  const note = async (name: string, read: () => unknown) => {
    try {
      answers.set(name, await read());
    } catch (error) {
      answers.set(name, `refused: ${codeOf(error)}`);
    }
  };
  const openValue = async (ref: SecretRef, number: number | 'latest') => {
    const found = await store.findValue(ref, number);
    // The use case refuses a value whose key is gone.
    if (found?.key === undefined) return undefined;
    const { kind, uid } = found.version;
    const binding = { projectId, secretId: found.secret.id, secretName: ref.name, versionUid: uid, kind };
    return { ...found, value: keyring.open(found.key, binding, found.sealed).toString() };
  };
  await note('list of events', () => store.listEvents({ projectId, limit: 9, afterName: '' }));
  await note('list of records', () => store.listNotifications(projectId));
  await note('list of tasks', () => store.listTasks({ projectId, limit: 9 }));
  await note('task', () => store.findTask(rotationId(projectId)));
  await note('event', () => store.findEvent({ projectId, name: 'alarm' }));
  for (const version of VERSIONS)
    await note(`notification ${version}`, () => store.findNotification(notificationId(projectId, version)));
  await note('list', () => store.listSecrets({ projectId, limit: 9 }));
  for (const name of NAMES) {
    const ref = { projectId, name };
    await note(`secret ${name}`, () => store.findSecret(ref));
    await note(`versions ${name}`, () => store.findVersions(ref));
    for (const number of [...VERSIONS, 'latest' as const])
      await note(`value ${name} ${number}`, () => openValue(ref, number));
  }
  for (const id of KEYS) {
    await note(`key ${id}`, () => store.findKey({ projectId, id }));
    await note(`alias ${id}`, () => store.findKeyByAlias(projectId, `alias/${id}`));
  }
  return answers;
}
