import { SecretError } from '../../core/errors.ts';
import type {
  Secret,
  SecretAggregate,
  SecretDraft,
  SecretIdRef,
  SecretRef,
  SecretUpdate,
} from '../../core/secrets/secrets.ts';
import type { SecretValue } from '../../core/secrets/values.ts';
import { change } from '../change.ts';
import { findSealingKey, sealingKey } from '../kms/keys.ts';
import { type Scan, walkPage } from '../pages.ts';
import type { Deps, SecretQuery } from '../ports/deps.ts';
import { required } from '../required.ts';
import { requireStrength } from './checker.ts';
import { sealVersion } from './seal.ts';

/** A new secret, as its creator describes it. */
export interface CreateSecret {
  readonly ref: SecretRef;
  readonly draft: SecretDraft;
  readonly value: SecretValue;
  /** Absent: the project's default key. */
  readonly kmsKeyId: string | undefined;
}

/**
 * Creates a secret and its version v1. Throws secret-exists, secret-limit, key-unusable, invalid-parameter.
 * @see API page CreateSecret
 */
export async function createSecret(deps: Deps, input: CreateSecret): Promise<Secret> {
  const { ref, draft, value } = input;
  await requireStrength(deps, ref.projectId, value);
  const provideKey = await findSealingKey(deps, ref.projectId, input.kmsKeyId);
  // Avoids creating a key for a name in use; the rules decide again inside the transaction.
  if ((await deps.store.findSecret(ref)) !== undefined) throw new SecretError('secret-exists');
  const key = await provideKey();
  const id = deps.ids.uuid();
  const version = sealVersion(deps, { ref, secretId: id, key }, { value, expireTimeMs: undefined });
  const command = { aggregate: 'secret', kind: 'create-secret', ref, id, draft, version } as const;
  return required((await change(deps, command)).secret);
}

/** The secret's metadata. Throws secret-not-found. @see API page ShowSecret */
export async function showSecret(deps: Pick<Deps, 'store'>, ref: SecretRef): Promise<Secret> {
  const found = await deps.store.findSecret(ref);
  if (found === undefined) throw new SecretError('secret-not-found');
  return found;
}

/** The secret of that id, with its contents. Throws resource-not-found. */
export async function loadById(deps: Deps, ref: SecretIdRef): Promise<SecretAggregate> {
  const found = await deps.store.findSecretById(ref.projectId, ref.secretId);
  if (found === undefined) throw new SecretError('resource-not-found');
  return found;
}

/** The secret with its versions and stages, without values. Throws secret-not-found. */
export async function loadVersions(deps: Deps, ref: SecretRef): Promise<SecretAggregate> {
  const found = await deps.store.findVersions(ref);
  if (found === undefined) throw new SecretError('secret-not-found');
  return found;
}

/**
 * A page of a project's secrets, by name, some at a time; returns whether another page follows. @see API page ListSecrets
 */
export function walkSecrets(deps: Deps, query: SecretQuery): AsyncGenerator<readonly Secret[], boolean> {
  const { sees, turns } = deps;
  const pause = turns.pauseOf(query.projectId);
  const fits = sees && ((secret: Secret) => sees.secret({ secret }));
  return walkPage(secretsOf(deps, query), { limit: query.limit, fits, pause });
}

/** The secrets of a project, by name. */
export function secretsOf({ store }: Deps, query: Omit<SecretQuery, 'limit'>): Scan<Secret> {
  return (limit, last) =>
    store.listSecrets({ ...query, limit, afterName: last?.name ?? query.afterName ?? '' });
}

/**
 * Changes metadata. A new key must be usable; it seals the versions to come.
 * Throws secret-not-found, secret-pending-deletion, key-unusable, invalid-parameter. @see API page UpdateSecret
 */
export async function updateSecret(deps: Deps, ref: SecretRef, update: SecretUpdate): Promise<Secret> {
  const current = await showSecret(deps, ref);
  const isOpen = current.state !== 'PENDING_DELETE';
  const resolved = isOpen ? await withKeyId(deps, ref.projectId, update) : update;
  const command = { aggregate: 'secret', kind: 'update-secret', ref, update: resolved } as const;
  return required((await change(deps, command)).secret);
}

/** The update with the id of its key, which may be named by alias. */
async function withKeyId(deps: Deps, projectId: string, update: SecretUpdate): Promise<SecretUpdate> {
  if (update.kmsKeyId === undefined) return update;
  return { ...update, kmsKeyId: (await sealingKey(deps, projectId, update.kmsKeyId)).id };
}
