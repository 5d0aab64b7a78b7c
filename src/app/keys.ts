import { SecretError } from '../core/errors.ts';
import { DEFAULT_KEY_ALIAS, type Key, requireUsableKey } from '../core/key.ts';
import type { Deps } from './ports.ts';

/**
 * The enabled key that seals a project's new values: the named one, or `csms/default`, which comes into being on first
 * use. A key id that nobody has made is created (dev) or refused (serve), as the operator's policy says.
 * Throws key-unusable. @see CSMS API, CreateSecret, kms_key_id; error code CSMS.0401
 */
export async function sealingKey(deps: Deps, projectId: string, kmsKeyId: string | undefined): Promise<Key> {
  const key =
    kmsKeyId === undefined ? await defaultKey(deps, projectId) : await namedKey(deps, projectId, kmsKeyId);
  requireUsableKey(key);
  return key;
}

async function defaultKey(deps: Deps, projectId: string): Promise<Key> {
  const present = await deps.store.findKeyByAlias(projectId, DEFAULT_KEY_ALIAS);
  if (present !== undefined) return present;
  return ensureKey(deps, { projectId, id: deps.ids.uuid() }, { alias: DEFAULT_KEY_ALIAS, isDefault: true });
}

async function namedKey(deps: Deps, projectId: string, id: string): Promise<Key> {
  const present = await deps.store.findKey({ projectId, id });
  if (present !== undefined) return present;
  if (deps.policy.unknownKey === 'refuse') throw new SecretError('key-unusable', 'There is no such key.');
  deps.log.warn({ projectId, kmsKeyId: id }, 'created a key that no one had made, because dev allows it');
  return ensureKey(deps, { projectId, id }, { alias: `dev/${id}`, isDefault: false });
}

function ensureKey(
  deps: Deps,
  ref: { readonly projectId: string; readonly id: string },
  naming: { readonly alias: string; readonly isDefault: boolean },
): Promise<Key> {
  const material = deps.keyring.createKeyMaterial(ref, 1);
  return deps.store.change({
    aggregate: 'key',
    kind: 'ensure-key',
    ref,
    ...naming,
    material,
    nowMs: deps.clock.nowMs(),
  });
}
