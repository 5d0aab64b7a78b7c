import { aliasSpellings } from '../../core/kms/aliases.ts';
import { DEFAULT_KEY_ALIAS, type Key } from '../../core/kms/keys.ts';
import { KEYS_MAX } from '../../core/limits.ts';
import { DAY_MS } from '../../std/durations.ts';
import { type Compared, compareAll, isSameTime, requireRoom } from './comparison.ts';
import { derivedId } from './ids.ts';
import { problem } from './members.ts';
import type { PresentContents } from './present.ts';
import type { SeedKey } from './seed.ts';

/** A key that is to be stored, without its material, which an existing one keeps. */
export type PlannedKey = Omit<Key, 'versions' | 'revision'>;

/** What becomes of a project's keys. */
export interface KeyPlan {
  /** The default key is added once it is needed. */
  readonly put: readonly PlannedKey[];
  readonly leavingIds: readonly string[];
  readonly compared: Compared<SeedKey>;
  /** The id of the key that a name leads to; undefined: there is none. */
  find(name: string): string | undefined;
  /** The id of the default key, which is made when there is none. */
  findDefault(): string;
}

/** Where keys are planned. */
export interface KeyContext {
  readonly projectId: string;
  readonly nowMs: number;
}

/** Plans the keys of a seed. Throws FileError for an id or an alias of a key that is not the seed's, and for too many. */
export function planKeys(
  seedKeys: readonly SeedKey[],
  present: PresentContents,
  context: KeyContext,
): KeyPlan {
  const named = new Map(seedKeys.map((key) => [bareAlias(key.alias), key]));
  const others = present.keys.filter((key) => !named.has(bareAlias(key.alias)));
  for (const key of seedKeys) requireFree(key, others);
  const formerOf = (key: SeedKey) =>
    present.keys.find(({ alias }) => bareAlias(alias) === bareAlias(key.alias));
  const compared = compareAll(seedKeys, (key) => {
    const former = formerOf(key);
    return former && isSameKey(key, former);
  });
  const { created, replaced, unchanged } = compared;
  requireRoom(created.filter(isCustom), {
    others: [...others, ...replaced, ...unchanged].filter(isCustom).length,
    limit: KEYS_MAX,
    noun: 'keys of its own',
  });
  const seedIds = new Set(seedKeys.map(({ id }) => id));
  const leaving = present.keys.filter((key) => !others.includes(key) && !seedIds.has(key.id));
  // What others are sealed under stays, and gives away nothing but its name.
  const isNeeded = ({ id }: Key) => present.otherKeyIds.has(id);
  const kept = leaving.filter(isNeeded).map(withoutName);
  const put = [...[...created, ...replaced].map((key) => toKey(key, context)), ...kept];
  const find = createSearch([...others, ...kept], seedKeys);
  function findDefault(): string {
    const there = [...others, ...seedKeys, ...put].find(({ isDefault }) => isDefault);
    if (there !== undefined) return there.id;
    const key = defaultKey(context);
    put.push(key);
    return key.id;
  }

  return {
    put,
    leavingIds: leaving.filter((key) => !isNeeded(key)).map(({ id }) => id),
    compared,
    find: (name) => find(name) ?? (aliasIn(name) === DEFAULT_KEY_ALIAS ? findDefault() : undefined),
    findDefault,
  };
}

function isCustom({ isDefault }: Pick<Key, 'isDefault'>): boolean {
  return !isDefault;
}

/** An alias without `alias/` in front. */
function bareAlias(alias: string): string {
  return aliasSpellings(alias)[0];
}

function requireFree(key: SeedKey, others: readonly Key[]): void {
  const other = others.find(({ id }) => id === key.id);
  if (other !== undefined) throw problem(key, 'key_id', 'is the id of a key with another alias');
  const aliases = new Set(others.flatMap((each) => each.aliases.map(({ alias }) => bareAlias(alias))));
  if (aliases.has(bareAlias(key.alias))) throw problem(key, 'key_alias', 'is an alias of another key');
  if (key.otherAliases.some((alias) => aliases.has(bareAlias(alias))))
    throw problem(key, 'aliases', 'has an alias of another key');
}

function isSameKey(key: SeedKey, present: Key): boolean {
  const others = present.aliases.map(({ alias }) => alias).filter((alias) => alias !== present.alias);
  return (
    key.id === present.id &&
    key.alias === present.alias &&
    key.isDefault === present.isDefault &&
    key.draft.description === present.description &&
    key.draft.enterpriseProjectId === present.enterpriseProjectId &&
    JSON.stringify(key.tags) ===
      JSON.stringify(present.tags.map(({ key: name, value }) => ({ key: name, value }))) &&
    JSON.stringify(key.otherAliases) === JSON.stringify(others.toSorted()) &&
    key.rotationDays === present.rotation?.intervalDays &&
    stateOf(key) === present.state &&
    isSameTime(key.createTime, present.createTimeMs) &&
    isSameTime(key.scheduledDeleteTime, present.scheduledDeleteTimeMs)
  );
}

function stateOf({ isEnabled, scheduledDeleteTime }: SeedKey): Key['state'] {
  if (scheduledDeleteTime !== undefined) return 'PENDING_DELETE';
  return isEnabled ? 'ENABLED' : 'DISABLED';
}

function toKey(key: SeedKey, { nowMs, projectId }: KeyContext): PlannedKey {
  const { alias, createTime, draft, id, isDefault, otherAliases, rotationDays, scheduledDeleteTime, tags } =
    key;
  return {
    projectId,
    id,
    alias,
    aliases: [alias, ...otherAliases].toSorted().map((each) => aliasOf(each, createTime.ms)),
    isDefault,
    state: stateOf(key),
    ...draft,
    createTimeMs: createTime.ms,
    scheduledDeleteTimeMs: scheduledDeleteTime?.ms,
    rotation:
      rotationDays === undefined
        ? undefined
        : { intervalDays: rotationDays, nextTimeMs: nowMs + rotationDays * DAY_MS },
    tags,
  };
}

function defaultKey({ nowMs, projectId }: KeyContext): PlannedKey {
  const alias = DEFAULT_KEY_ALIAS;
  return {
    projectId,
    id: derivedId({ projectId, kind: 'key', name: alias }),
    alias,
    aliases: [aliasOf(alias, nowMs)],
    isDefault: true,
    state: 'ENABLED',
    description: '',
    enterpriseProjectId: '0',
    createTimeMs: nowMs,
    scheduledDeleteTimeMs: undefined,
    rotation: undefined,
    tags: [],
  };
}

function aliasOf(alias: string, timeMs: number): Key['aliases'][number] {
  return { alias, createTimeMs: timeMs, updateTimeMs: timeMs };
}

/** The key under a name that nobody else wants. */
function withoutName(key: Key): PlannedKey {
  const alias = `former/${key.id}`;
  return { ...key, alias, aliases: [aliasOf(alias, key.createTimeMs)], isDefault: false };
}

/** The alias in the name of a key, which may be the URN of one. */
function aliasIn(name: string): string {
  return bareAlias(name.replace(/^kms:[^:]*:[^:]*:alias:/, ''));
}

/** A key is named by its id, by an alias, or by the URN of an alias. @see KMS API, key_id */
function createSearch(others: readonly PlannedKey[], seedKeys: readonly SeedKey[]): KeyPlan['find'] {
  const ids = new Set([...others, ...seedKeys].map(({ id }) => id));
  const aliases = new Map<string, string>();
  for (const { aliases: all, id } of others) for (const { alias } of all) aliases.set(bareAlias(alias), id);
  for (const { alias, id, otherAliases } of seedKeys)
    for (const each of [alias, ...otherAliases]) aliases.set(bareAlias(each), id);
  return (name) =>
    ids.has(name) ? name : aliases.get(bareAlias(name.replace(/^kms:[^:]*:[^:]*:alias:/, '')));
}
