import { type Attributes, keyAttributes, secretAttributes } from '../../core/attributes.ts';
import { isDamaged, isOfOne } from '../../core/errors.ts';
import type { Key } from '../../core/kms/keys.ts';
import { SYSCURRENT } from '../../core/names.ts';
import type { SecretAggregate } from '../../core/secrets/secrets.ts';
import { aliasIn } from '../kms/keys.ts';
import type { Deps } from '../ports/deps.ts';
import type { CiphertextSubject, Subject } from './subject.ts';

/** A resource that a request names, as it was found. */
export interface FoundSubject {
  readonly attributes: Attributes;
  /** The version that `latest` stands for. */
  readonly version?: number | undefined;
}

/** Finds what a request names. Undefined: it does not exist, is damaged, or the request makes it. */
export async function findSubject(
  deps: Pick<Deps, 'cipher' | 'store'>,
  projectId: string,
  subject: Subject,
): Promise<FoundSubject | undefined> {
  try {
    return await find(deps, projectId, subject);
  } catch (error) {
    if (!isDamaged(error)) throw error;
    return undefined;
  }
}

async function find(
  { cipher, store }: Pick<Deps, 'cipher' | 'store'>,
  projectId: string,
  subject: Subject,
): Promise<FoundSubject | undefined> {
  switch (subject.kind) {
    case 'secret':
      return subject.name === undefined
        ? undefined
        : foundSecret(await store.findVersions({ projectId, name: subject.name }));
    case 'secret-by-id':
      return subject.id === undefined
        ? undefined
        : foundSecret(await store.findSecretById(projectId, subject.id));
    case 'key':
      return subject.keyId === undefined
        ? undefined
        : foundKey(await findKeyNamed(store, projectId, subject.keyId));
    case 'ciphertext':
      return foundKey(await findKeyOf({ cipher, store }, projectId, subject));
    default:
      return undefined;
  }
}

/** The key that is named by id, alias, or URN of an alias. */
async function findKeyNamed(
  store: Deps['store'],
  projectId: string,
  keyId: string,
): Promise<Key | undefined> {
  const alias = aliasIn(keyId);
  return alias === undefined
    ? await store.findKey({ projectId, id: keyId })
    : await store.findKeyByAlias(projectId, alias);
}

function foundKey(key: Key | undefined): FoundSubject | undefined {
  return key && { attributes: keyAttributes(key) };
}

function foundSecret(aggregate: SecretAggregate | undefined): FoundSubject | undefined {
  if (aggregate === undefined) return undefined;
  const version = aggregate.stages.find(({ name }) => name === SYSCURRENT)?.versionNumber;
  return { attributes: secretAttributes(aggregate), version };
}

/** The key that a ciphertext names, which only counts if it opens it. */
async function findKeyOf(
  { cipher, store }: Pick<Deps, 'cipher' | 'store'>,
  projectId: string,
  { aad = '', text = '' }: CiphertextSubject,
): Promise<Key | undefined> {
  const ciphertext = Buffer.from(text, 'base64');
  try {
    const key = await store.findKey({ projectId, id: cipher.keyIdOf('data', ciphertext) });
    if (key !== undefined) cipher.decrypt(key, { use: 'data', ciphertext, aad }).fill(0);
    return key;
  } catch (error) {
    if (!isOfOne(error)) throw error;
    return undefined;
  }
}
