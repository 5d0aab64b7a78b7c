import { keyAttributes } from '../../core/attributes.ts';
import { invalidParameter, isDamaged, isOfOne, SecretError } from '../../core/errors.ts';
import { type Key, type KeyRef, requireUsableKey } from '../../core/kms/keys.ts';
import type { KeyUse } from '../../core/permit.ts';
import {
  boundHeader,
  decodeBackup,
  encodeBackup,
  formatBlob,
  parseBlob,
  type SecretBackup,
} from '../../core/secrets/blob.ts';
import type { Secret, SecretRef } from '../../core/secrets/secrets.ts';
import { requireEnabled } from '../../core/secrets/versions.ts';
import { change } from '../change.ts';
import { freshRevision } from '../fresh-revision.ts';
import type { Deps, SecretWithValues } from '../ports/deps.ts';
import { required } from '../required.ts';
import { sealVersion } from './seal.ts';
import { openValue } from './versions.ts';

/**
 * A backup of one secret with all its versions, sealed under the secret's own key.
 * Throws secret-not-found, secret-not-enabled, key-unusable, damaged. @see API operation DownloadSecretBlob
 */
export async function downloadBlob(deps: Deps, ref: SecretRef): Promise<string> {
  const contents = await deps.store.findContents(ref);
  if (contents === undefined) throw new SecretError('secret-not-found');
  requireEnabled(contents.aggregate);
  const { projectId, name } = ref;
  const { kmsKeyId } = contents.aggregate.secret;
  const found = await findKeyFor(deps, { projectId, id: kmsKeyId }, 'seal');
  // Whether the caller may use the keys comes before their state.
  for (const value of contents.values) void value.key;
  const key = requireKey(found);
  const timeMs = deps.clock.nowMs();
  const bound = boundHeader({ projectId, keyId: kmsKeyId, secretName: name, timeMs });
  const bytes = openAll(deps, ref, contents);
  try {
    return formatBlob(bound, deps.keyring.sealBackup(key, bound, bytes));
  } finally {
    bytes.fill(0);
  }
}

/**
 * Restores a secret from its backup, under the key that seals the backup. Its name must be free.
 * Throws invalid-parameter (not a blob of this project, or a damaged one), key-unusable, secret-exists, secret-limit,
 * version-limit, stage-limit. @see API operation UploadSecretBlob; docs/behaviour/blobs.md
 */
export async function uploadBlob(deps: Deps, projectId: string, text: string): Promise<Secret> {
  const { header, bound, sealed } = parseBlob(text);
  if (header.projectId !== projectId) throw invalidParameter('secret_blob', 'was made in another project');
  const key = requireKey(await findKeyFor(deps, { projectId, id: header.keyId }, 'open'));
  const bytes = openBackup(() => deps.keyring.openBackup(key, bound, sealed));
  try {
    const backup = openBackup(() => decodeBackup(bytes, deps.completeBackup));
    const ref = { projectId, name: backup.aggregate.secret.name };
    const versions = sealAll(deps, { ref, key, backup });
    const result = await change(deps, {
      aggregate: 'secret',
      kind: 'restore-secret',
      ref,
      backup: backup.aggregate,
      versions,
      firstRevision: freshRevision(deps.ids),
    });
    return required(result.secret);
  } finally {
    bytes.fill(0);
  }
}

/** The secret in a blob; undefined for one that does not open. Nothing of it is kept. */
export async function findBlob(deps: Deps, projectId: string, text: string): Promise<Secret | undefined> {
  let bytes: Buffer | undefined;
  try {
    const { header, bound, sealed } = parseBlob(text);
    const key =
      header.projectId === projectId ? await deps.store.findKey({ projectId, id: header.keyId }) : undefined;
    bytes = key && deps.keyring.openBackup(key, bound, sealed);
    return bytes && decodeBackup(bytes, deps.completeBackup).aggregate.secret;
  } catch (error) {
    if (!isOfOne(error)) throw error;
    return undefined;
  } finally {
    bytes?.fill(0);
  }
}

/** A blob that does not open is the caller's fault, and not damage in the store. */
function openBackup<T>(open: () => T): T {
  try {
    return open();
  } catch (cause) {
    if (!isDamaged(cause)) throw cause;
    throw invalidParameter('secret_blob', 'is damaged, or another installation has made it');
  }
}

async function findKeyFor(deps: Deps, ref: KeyRef, use: KeyUse): Promise<Key | undefined> {
  const key = await deps.store.findKey(ref);
  deps.requireNeeds?.({ aggregate: 'key', kind: 'look-up', ref, use }, key && keyAttributes(key));
  return key;
}

function requireKey(key: Key | undefined): Key {
  if (key === undefined) throw new SecretError('key-unusable', 'There is no such key.');
  requireUsableKey(key);
  return key;
}

function openAll(deps: Deps, ref: SecretRef, { aggregate, values }: SecretWithValues): Buffer {
  const opened: Buffer[] = [];
  try {
    for (const stored of values) opened.push(openValue(deps, ref, stored));
    return encodeBackup({ aggregate, values: opened });
  } finally {
    for (const value of opened) value.fill(0);
  }
}

function sealAll(
  deps: Deps,
  target: { readonly ref: SecretRef; readonly key: Key; readonly backup: SecretBackup },
) {
  const { ref, key, backup } = target;
  const { secret, versions } = backup.aggregate;
  return versions.map(({ kind, expireTimeMs }, index) => {
    const value = { kind, bytes: required(backup.values[index]) };
    return sealVersion(deps, { ref, secretId: secret.id, key }, { value, expireTimeMs });
  });
}
