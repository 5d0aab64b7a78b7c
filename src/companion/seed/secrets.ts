import type { Limits } from '../../core/limits.ts';
import { requireStrongValue } from '../../core/secrets/checker.ts';
import type { Secret } from '../../core/secrets/secrets.ts';
import { stageNames } from '../../core/secrets/stages.ts';
import { type Compared, compareAll, isSameTime, requireRoom } from './comparison.ts';
import type { EventPlan } from './events.ts';
import type { KeyPlan } from './keys.ts';
import { checked, problem } from './members.ts';
import type { PresentContents, PresentSecret } from './present.ts';
import type { SeedSecret, SeedVersion, Written } from './seed.ts';

/** A secret that is to be stored, with the ids of its keys. */
export interface PlannedSecret {
  readonly secret: SeedSecret;
  readonly kmsKeyId: string;
  /** In the order of the versions. */
  readonly versionKeyIds: readonly string[];
}

/** What becomes of a project's secrets. */
export interface SecretPlan {
  readonly put: readonly PlannedSecret[];
  readonly compared: Compared<PlannedSecret>;
}

/** Plans the secrets of a seed. Throws FileError for names that lead nowhere, ids of others, too many, weak values. */
export function planSecrets(
  seedSecrets: readonly SeedSecret[],
  present: PresentContents,
  { events, keys, limits }: { readonly keys: KeyPlan; readonly events: EventPlan; readonly limits: Limits },
): SecretPlan {
  const planned = seedSecrets.map((secret) => {
    if (present.otherSecrets.has(secret.id)) throw problem(secret, 'id', 'is the id of another secret');
    if (!secret.draft.eventSubscriptions.every(events.has))
      throw problem(secret, 'event_subscriptions', 'names an event that does not exist');
    return plan(secret, keys);
  });
  const compared = compareAll(planned, (one) => {
    const former = present.secrets.get(one.secret.name);
    return former && isSameSecret(one, former);
  });
  const { created, replaced } = compared;
  requireRoom(
    created.map(({ secret }) => secret),
    {
      others: present.secretCount,
      limit: limits.secrets,
      noun: 'secrets',
    },
  );
  const put = [...created, ...replaced];
  if (present.checksStrength) for (const { secret } of put) requireStrong(secret);
  return { put, compared };
}

function plan(secret: SeedSecret, keys: KeyPlan): PlannedSecret {
  const kmsKeyId = keyIdOf(secret, secret.keyName, keys) ?? keys.findDefault();
  const versionKeyIds = secret.versions.map((version) => keyIdOf(version, version.keyName, keys) ?? kmsKeyId);
  return { secret, kmsKeyId, versionKeyIds };
}

function keyIdOf(written: Written, name: string | undefined, keys: KeyPlan): string | undefined {
  if (name === undefined) return undefined;
  const id = keys.find(name);
  if (id === undefined) throw problem(written, 'kms_key_id', 'names a key that does not exist');
  return id;
}

function requireStrong(secret: SeedSecret): void {
  for (const version of secret.versions) checked(version, () => requireStrongValue(version.value));
}

function isSameSecret(planned: PlannedSecret, present: PresentSecret): boolean {
  const { secret: wanted, kmsKeyId } = planned;
  const { secret, tags, versions } = present.aggregate;
  return (
    wanted.id === secret.id &&
    kmsKeyId === secret.kmsKeyId &&
    isSameDraft(wanted, secret) &&
    isSameState(wanted, secret) &&
    isSameTime(wanted.createTime, secret.createTimeMs) &&
    (wanted.updateTime === undefined || isSameTime(wanted.updateTime, secret.updateTimeMs)) &&
    JSON.stringify(wanted.tags) === JSON.stringify(tags.map(({ key, value }) => ({ key, value }))) &&
    wanted.versions.length === versions.length &&
    wanted.versions.every((version, index) =>
      isSameVersion(version, planned.versionKeyIds[index], present, index),
    )
  );
}

const DRAFT = [
  'description',
  'secretType',
  'autoRotation',
  'rotationPeriod',
  'rotationConfig',
  'rotationFuncUrn',
  'enterpriseProjectId',
] as const satisfies readonly (keyof SeedSecret['draft'])[];

function isSameDraft({ draft }: SeedSecret, secret: Secret): boolean {
  const isSameList = JSON.stringify(draft.eventSubscriptions) === JSON.stringify(secret.eventSubscriptions);
  return isSameList && DRAFT.every((name) => draft[name] === secret[name]);
}

function isSameState({ scheduledDeleteTime, state }: SeedSecret, secret: Secret): boolean {
  const { scheduledDeleteTimeMs, stateBeforeDeletion } = secret;
  const present = secret.state === 'PENDING_DELETE' ? stateBeforeDeletion : secret.state;
  return state === present && isSameTime(scheduledDeleteTime, scheduledDeleteTimeMs);
}

function isSameVersion(
  wanted: SeedVersion,
  keyId: string | undefined,
  { aggregate, opened }: PresentSecret,
  index: number,
): boolean {
  const [version, bytes] = [aggregate.versions[index], opened[index]];
  if (version === undefined || bytes === undefined) return false;
  const stages = stageNames(aggregate.stages, version.number);
  return (
    wanted.number === version.number &&
    wanted.value.kind === version.kind &&
    wanted.value.bytes.equals(bytes) &&
    keyId === version.kmsKeyId &&
    JSON.stringify(wanted.stages.toSorted()) === JSON.stringify(stages.toSorted()) &&
    isSameTime(wanted.createTime, version.createTimeMs) &&
    isSameTime(wanted.expireTime, version.expireTimeMs)
  );
}
