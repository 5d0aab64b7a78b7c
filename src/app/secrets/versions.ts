import { SecretError } from '../../core/errors.ts';
import { requireUsableKey } from '../../core/kms/keys.ts';
import type { Secret, SecretRef, StagedVersion, ValueKind } from '../../core/secrets/secrets.ts';
import type { SecretValue } from '../../core/secrets/values.ts';
import { findVersion, requireEnabled } from '../../core/secrets/versions.ts';
import { change } from '../change.ts';
import { sealingKey } from '../kms/keys.ts';
import type { Page } from '../pages.ts';
import type { Deps, StoredValue } from '../ports/deps.ts';
import { required } from '../required.ts';
import { requireStrength } from './checker.ts';
import { sealVersion, untilSealed } from './seal.ts';
import { loadVersions, showSecret } from './secrets.ts';

/** The start of the year 2000. One of the service's own documents speaks of seconds where milliseconds are meant. */
const YEAR_2000_MS = 946_684_800_000;

/** A new version, as its creator describes it. */
export interface AddVersion {
  readonly ref: SecretRef;
  readonly value: SecretValue;
  /** Absent: SYSCURRENT. */
  readonly stages: readonly string[] | undefined;
  readonly expireTimeMs: number | undefined;
}

/** A version with its opened value. The caller zeroes `bytes` after use. */
export interface OpenedVersion extends StagedVersion {
  readonly kind: ValueKind;
  readonly bytes: Buffer;
}

/**
 * Adds a version. Throws secret-not-found, secret-not-enabled, key-unusable, stage-limit, version-limit,
 * invalid-parameter (a weak value where values are checked).
 * @see API page CreateSecretVersion
 */
export async function addVersion(deps: Deps, input: AddVersion): Promise<StagedVersion> {
  const { ref, stages } = input;
  await requireStrength(deps, ref.projectId, input.value);
  let current: Secret | undefined;
  return untilSealed(async () => {
    current = await deps.store.findForSealing(ref, current);
    if (current === undefined) throw new SecretError('secret-not-found');
    requireEnabled({ secret: current });
    const { id, kmsKeyId } = current;
    const key = await sealingKey(deps, ref.projectId, kmsKeyId);
    const version = sealVersion(deps, { ref, secretId: id, key }, input);
    const command = { aggregate: 'secret', kind: 'add-version', ref, id, version, stages } as const;
    const result = await change(deps, command);
    warnOfSeconds(deps, ref, version.expireTimeMs);
    return required(result.version);
  });
}

/**
 * Opens a version's value; `latest` is the holder of SYSCURRENT.
 * Throws secret-not-found, secret-not-enabled, version-not-found, key-unusable, damaged. @see API page ShowSecretVersion
 */
export async function showVersion(
  deps: Pick<Deps, 'store' | 'keyring'>,
  ref: SecretRef,
  version: number | 'latest',
): Promise<OpenedVersion> {
  const stored = await deps.store.findValue(ref, version);
  if (stored === undefined) {
    requireEnabled({ secret: await showSecret(deps, ref) });
    throw new SecretError('version-not-found');
  }
  requireEnabled(stored);
  return {
    version: stored.version,
    stages: stored.stages,
    kind: stored.version.kind,
    bytes: openValue(deps, ref, stored),
  };
}

/** Opens a stored value; the caller zeroes it after use. Throws key-unusable, damaged. */
export function openValue(deps: Pick<Deps, 'keyring'>, ref: SecretRef, stored: StoredValue): Buffer {
  const { key, secret, sealed, version } = stored;
  if (key === undefined) throw new SecretError('key-unusable', 'There is no such key.');
  requireUsableKey(key);
  const { kind, uid } = version;
  const binding = {
    projectId: ref.projectId,
    secretId: secret.id,
    secretName: ref.name,
    versionUid: uid,
    kind,
  };
  return deps.keyring.open(key, binding, sealed);
}

/**
 * A page of a secret's versions, ascending by number, without values. `afterNumber` is exclusive.
 * Throws secret-not-found. @see API page ListSecretVersions
 */
export async function listVersions(
  deps: Deps,
  ref: SecretRef,
  page: { readonly limit: number; readonly afterNumber: number },
): Promise<Page<StagedVersion>> {
  const current = await loadVersions(deps, ref);
  const following = current.versions.filter((version) => version.number > page.afterNumber);
  const entries = following
    .slice(0, page.limit)
    .map((version) => required(findVersion(current, version.number)));
  return { entries, hasMore: following.length > page.limit };
}

/**
 * Sets when a version expires. Throws secret-not-found, secret-not-enabled, version-not-found.
 * @see API page UpdateVersion
 */
export async function setVersionExpiry(
  deps: Deps,
  ref: SecretRef,
  input: { readonly versionNumber: number; readonly expireTimeMs: number },
): Promise<StagedVersion> {
  const result = await change(deps, { aggregate: 'secret', kind: 'set-version-expiry', ref, ...input });
  warnOfSeconds(deps, ref, input.expireTimeMs);
  return required(result.version);
}

function warnOfSeconds(
  { log }: Pick<Deps, 'log'>,
  { projectId, name: secretName }: SecretRef,
  expireTimeMs: number | undefined,
): void {
  if (expireTimeMs === undefined || expireTimeMs >= YEAR_2000_MS) return;
  const reason = 'expire_time is before the year 2000: milliseconds are meant, not seconds';
  log.warn({ projectId, secretName, expireTimeMs }, reason);
}
