import { required } from '../../app/required.ts';
import type { SecretEvent } from '../../core/events/events.ts';
import type { Key } from '../../core/kms/keys.ts';
import { versionId } from '../../core/names.ts';
import type { SecretAggregate, Version } from '../../core/secrets/secrets.ts';
import { stageNames } from '../../core/secrets/stages.ts';
import { formatTime } from '../times.ts';
import { type Contents, listEvents, listSecrets, openSecret, zero } from './loading.ts';
import type { PresentSecret } from './present.ts';
import { seedUpdateMs } from './update-time.ts';
import { SHORT_MEMBERS } from './version-entries.ts';
import { linesOf, type Member } from './yaml-lines.ts';

/** What is exported, beside contents. */
export interface ExportContext {
  readonly projectId: string;
  readonly region: string;
  /** Where the clock stands, epoch milliseconds; undefined: it runs. */
  readonly clockMs: number | undefined;
}

/**
 * A project's keys, events and secrets as a seed, by name, with values, ids and absolute times. A version whose key has
 * been destroyed cannot be read by anyone, and is left out. The contents must not change meanwhile. Throws damaged.
 */
export async function exportSeed(contents: Contents, context: ExportContext): Promise<string> {
  const { clockMs, projectId } = context;
  const { store } = contents;
  const keys = await store.listKeys(projectId);
  const events = await listEvents(store, projectId);
  const secrets: Member[][] = [];
  for (const { name } of await listSecrets(store, projectId)) {
    const secret = await openSecret(contents, { projectId, name });
    if (secret === undefined) continue;
    const members = secretMembers(secret, keys, context);
    if (members !== undefined) secrets.push(members);
    zero([secret]);
  }
  const lines = linesOf([
    ['clock', timeOf(clockMs)],
    ['keys', itemsOf(keys.toSorted((a, b) => (a.alias < b.alias ? -1 : 1)).map(keyMembers))],
    ['events', itemsOf(events.map((event) => eventMembers(event, context)))],
    ['secrets', itemsOf(secrets)],
  ]);
  return ['csms: 1', ...lines, ''].join('\n');
}

function itemsOf(items: readonly (readonly Member[])[]) {
  return items.length === 0 ? undefined : { items };
}

function timeOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : formatTime(ms);
}

function tagsOf(tags: readonly { readonly key: string; readonly value: string }[]) {
  return tags.length === 0 ? undefined : new Map(tags.map(({ key, value }) => [key, value]));
}

/** The text, unless it is the one that counts when there is none. */
function unless(text: string | undefined, absent: string): string | undefined {
  return text === absent ? undefined : text;
}

function keyMembers(key: Key): Member[] {
  const { alias, aliases, createTimeMs, description, enterpriseProjectId, id, rotation, tags } = key;
  const others = aliases.map((each) => each.alias).filter((each) => each !== alias);
  return [
    ['key_alias', alias],
    ['key_id', id],
    ['key_description', unless(description, '')],
    ['enterprise_project_id', unless(enterpriseProjectId, '0')],
    ['aliases', others.length === 0 ? undefined : others],
    ['tags', tagsOf(tags)],
    ['rotation_interval', rotation && { word: String(rotation.intervalDays) }],
    ['enabled', key.state === 'DISABLED' ? { word: 'false' } : undefined],
    ['create_time', formatTime(createTimeMs)],
    ['scheduled_delete_time', timeOf(key.scheduledDeleteTimeMs)],
  ];
}

function eventMembers(event: SecretEvent, { projectId, region }: ExportContext): Member[] {
  const { createTimeMs, id, name, state, target, types, updateTimeMs } = event;
  const isOwn = target.id === `urn:smn:${region}:${projectId}:${target.name}`;
  const notification = new Map([
    ['target_id', target.id],
    ['target_name', target.name],
  ]);
  return [
    ['name', name],
    ['id', id],
    ['event_types', types],
    ['state', unless(state, 'ENABLED')],
    isOwn ? ['topic', target.name] : ['notification', notification],
    ['create_time', formatTime(createTimeMs)],
    ['update_time', updateTimeMs === createTimeMs ? undefined : formatTime(updateTimeMs)],
  ];
}

/** A version that can be read, with its value. */
interface ReadVersion {
  readonly version: Version;
  readonly stages: readonly string[];
  readonly text: string;
}

/** Undefined when no version can be read, or the secret's key is gone. */
function secretMembers(
  present: PresentSecret,
  keys: readonly Key[],
  context: ExportContext,
): Member[] | undefined {
  const { secret, tags } = present.aggregate;
  const versions = readVersions(present);
  const key = keys.find(({ id }) => id === secret.kmsKeyId);
  if (versions.length === 0 || key === undefined) return undefined;
  const { createTimeMs, eventSubscriptions: events, updateTimeMs } = secret;
  const derivedMs = seedUpdateMs(
    createTimeMs,
    versions.map(({ version }) => version),
  );
  return [
    ['name', secret.name],
    ['id', secret.id],
    ['kms_key_id', key.isDefault ? undefined : keyName(key.id, keys)],
    ['description', unless(secret.description, '')],
    ['secret_type', unless(secret.secretType, 'COMMON')],
    ['state', unless(secret.stateBeforeDeletion ?? secret.state, 'ENABLED')],
    ['auto_rotation', secret.autoRotation ? { word: 'true' } : undefined],
    ['rotation_period', secret.rotationPeriod],
    ['rotation_config', secret.rotationConfig],
    ['rotation_func_urn', functionName(secret.rotationFuncUrn, context)],
    ['event_subscriptions', events.length === 0 ? undefined : events],
    ['enterprise_project_id', unless(secret.enterpriseProjectId, '0')],
    ['tags', tagsOf(tags)],
    ['create_time', formatTime(createTimeMs)],
    ['update_time', updateTimeMs === derivedMs ? undefined : formatTime(updateTimeMs)],
    ['scheduled_delete_time', timeOf(secret.scheduledDeleteTimeMs)],
    ...versionsMembers(present.aggregate, versions, keys),
  ];
}

function readVersions({ aggregate, opened }: PresentSecret): ReadVersion[] {
  return aggregate.versions.flatMap((version, index) => {
    const bytes = opened[index];
    if (bytes === undefined) return [];
    const stages = stageNames(aggregate.stages, version.number);
    return [{ version, stages, text: bytes.toString('utf8') }];
  });
}

/** The only version of a secret that has had no other is in the secret itself, whose time and key are its own. */
function versionsMembers(
  { secret }: SecretAggregate,
  versions: readonly ReadVersion[],
  keys: readonly Key[],
): Member[] {
  const items = versions.map(({ stages, text, version }, index): Member[] => {
    const { createTimeMs, expireTimeMs, kind, kmsKeyId, number } = version;
    const least = (versions[index - 1]?.version.number ?? 0) + 1;
    return [
      ['id', number === least ? undefined : versionId(number)],
      [kind === 'string' ? 'secret_string' : 'secret_binary', text],
      ['kms_key_id', kmsKeyId === secret.kmsKeyId ? undefined : keyName(kmsKeyId, keys)],
      ['version_stages', stages.length === 0 ? undefined : stages],
      ['create_time', formatTime(createTimeMs)],
      ['expire_time', timeOf(expireTimeMs)],
    ];
  });
  const [only = []] = items;
  const short = only.filter(([name, value]) => value !== undefined && name !== 'create_time');
  const isShort =
    versions.length === 1 &&
    versions[0]?.version.createTimeMs === secret.createTimeMs &&
    short.every(([name]) => SHORT.has(name));
  return isShort ? short : [['versions', { items }]];
}

const SHORT: ReadonlySet<string> = new Set(SHORT_MEMBERS);

/** The alias of the key, or its id where the alias may be taken for the id of another, or for a URN. */
function keyName(id: string, keys: readonly Key[]): string {
  const { alias } = required(keys.find((key) => key.id === id));
  return alias.includes(':') || keys.some((other) => other.id === alias) ? id : alias;
}

/** The name alone of a function of the project's own. */
function functionName(urn: string | undefined, { projectId, region }: ExportContext): string | undefined {
  const prefix = `urn:fss:${region}:${projectId}:function:default:`;
  const name = urn?.startsWith(prefix) ? urn.slice(prefix.length) : undefined;
  return name && !name.includes(':') ? name : urn;
}
