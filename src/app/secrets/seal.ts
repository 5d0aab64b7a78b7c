import { SecretError, unavailable } from '../../core/errors.ts';
import type { Key } from '../../core/kms/keys.ts';
import type { NewVersion, SecretRef } from '../../core/secrets/secrets.ts';
import type { SecretValue } from '../../core/secrets/values.ts';
import type { Deps } from '../ports/deps.ts';

/** How often a value is sealed again because the secret's key changed meanwhile. */
const SEAL_ATTEMPTS_MAX = 5;

/** Seals a value as a version of a secret, before the transaction that adds it. */
export function sealVersion(
  deps: Pick<Deps, 'ids' | 'keyring'>,
  target: { readonly ref: SecretRef; readonly secretId: string; readonly key: Key },
  input: { readonly value: SecretValue; readonly expireTimeMs: number | undefined },
): NewVersion {
  const { ref, secretId, key } = target;
  const { kind, bytes } = input.value;
  const uid = deps.ids.uid();
  const binding = { projectId: ref.projectId, secretId, secretName: ref.name, versionUid: uid, kind };
  const sealed = deps.keyring.seal(key, binding, bytes);
  return { uid, kind, kmsKeyId: key.id, sealed, expireTimeMs: input.expireTimeMs };
}

/**
 * Repeats `attempt` while its value turns out to be sealed for a key or a secret that is no longer the present one.
 * Throws unavailable after too many attempts.
 */
export async function untilSealed<T>(attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 0; attempts < SEAL_ATTEMPTS_MAX; attempts += 1) {
    try {
      return await attempt();
    } catch (error) {
      const code = error instanceof SecretError ? error.code : undefined;
      // The first attempt may use a former key of the secret: it may be unusable or refused while the present one is not.
      const isOfKey = code === 'key-unusable' || code === 'action-forbidden';
      const isOutdated = code === 'seal-outdated' || (isOfKey && attempts === 0);
      if (!isOutdated) throw error;
    }
  }
  throw unavailable('its key was another one at every attempt');
}
