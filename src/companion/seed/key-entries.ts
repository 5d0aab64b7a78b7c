import { requireText } from '../../core/fields.ts';
import { aliasSpellings, KEY_ALIAS_PATTERN, requireOwnAlias } from '../../core/kms/aliases.ts';
import { DEFAULT_KEY_ALIAS, type KeyTag } from '../../core/kms/keys.ts';
import { OFFERED_KEY_SPEC } from '../../core/kms/specs.ts';
import { KEY_TAG_KEY_PATTERN, KEY_TAG_VALUE_PATTERN } from '../../core/kms/tags.ts';
import {
  KEY_ALIASES_MAX,
  KEY_DESCRIPTION_CHARACTERS_MAX,
  KEY_PENDING_DAYS,
  KEY_ROTATION_DAYS,
  KEY_TAGS_MAX,
} from '../../core/limits.ts';
import { entriesOf, problemAt, type TextRule, textOf, type YamlNode } from '../../yaml/yaml-node.ts';
import {
  checked,
  idOf,
  optionalDeletion,
  optionalFlag,
  optionalNumber,
  optionalText,
  optionalWord,
  problem,
  type Reading,
  requiredText,
  requireFirst,
  tagsOf,
  timeOrNow,
  writtenAt,
} from './members.ts';
import type { SeedKey, Written } from './seed.ts';

/** The members of a key. */
export const KEY_MEMBERS = [
  'key_alias',
  'key_id',
  'key_description',
  'key_spec',
  'key_usage',
  'origin',
  'keystore_id',
  'enterprise_project_id',
  'aliases',
  'tags',
  'rotation_interval',
  'enabled',
  'create_time',
  'scheduled_delete_time',
] as const;
/** The members that the key of the service itself can have. */
const DEFAULT_KEY_MEMBERS: readonly string[] = ['key_alias', 'key_id', 'create_time'];

const ALIAS: TextRule = {
  pattern: new RegExp(KEY_ALIAS_PATTERN),
  rule: '1 to 255 letters, digits or any of :/_-',
};
/** Callers can have such keys made in dev. @see docs/behaviour/keys.md */
const KEY_ID: TextRule = {
  pattern: /^[a-zA-Z0-9_-]{2,64}$/,
  rule: '2 to 64 letters, digits, _ or -, such as a UUID',
};
const DESCRIPTION: TextRule = {
  pattern: new RegExp(`^[\\s\\S]{0,${KEY_DESCRIPTION_CHARACTERS_MAX}}$`, 'u'),
  rule: `at most ${KEY_DESCRIPTION_CHARACTERS_MAX} characters`,
};
const ENTERPRISE_PROJECT: TextRule = { pattern: /^[\s\S]{0,36}$/, rule: 'at most 36 characters' };
const TAG_KEY = new RegExp(KEY_TAG_KEY_PATTERN, 'u');
const TAG_VALUE = new RegExp(KEY_TAG_VALUE_PATTERN, 'u');

/** Reads a key. Throws FileError. @see KMS API, CreateKey */
export function readKey(reading: Reading, node: YamlNode): SeedKey {
  const written = writtenAt(node, KEY_MEMBERS);
  const { nowMs, seen } = reading;
  const alias = requiredText(written, 'key_alias', ALIAS);
  const isDefault = alias === DEFAULT_KEY_ALIAS;
  if (isDefault) requireDefault(written);
  else checked(written, () => requireOwnAlias(alias, 'key_alias'));
  requireOffered(written);
  const [name] = aliasSpellings(alias);
  requireFirst(written, 'key_alias', { kind: 'alias', text: name, seen });
  return {
    ...written,
    alias,
    id: idOf(written, 'key_id', { kind: 'key', name, reading, rule: KEY_ID }),
    isDefault,
    draft: {
      description: freeText(written, 'key_description', DESCRIPTION) ?? '',
      enterpriseProjectId: freeText(written, 'enterprise_project_id', ENTERPRISE_PROJECT) || '0',
    },
    tags: tagsOf(written, { limit: KEY_TAGS_MAX, refuse: refuseTag }),
    otherAliases: readAliases(written, seen),
    rotationDays: optionalNumber(written, 'rotation_interval', KEY_ROTATION_DAYS),
    isEnabled: optionalFlag(written, 'enabled') ?? true,
    createTime: timeOrNow(written, 'create_time', nowMs),
    scheduledDeleteTime: optionalDeletion(written, nowMs, KEY_PENDING_DAYS.max),
  };
}

function requireDefault(written: Written): void {
  for (const name of written.fields.keys()) {
    if (!DEFAULT_KEY_MEMBERS.includes(name))
      throw problem(written, name, 'is not possible for the default key');
  }
}

/** The choices of which this server has one. */
function requireOffered(written: Written): void {
  optionalWord(written, 'key_spec', [OFFERED_KEY_SPEC]);
  optionalWord(written, 'key_usage', ['ENCRYPT_DECRYPT']);
  optionalWord(written, 'origin', ['kms']);
  optionalWord(written, 'keystore_id', ['0']);
}

function freeText(written: Written, name: string, rule: TextRule): string | undefined {
  const text = optionalText(written, name, rule);
  if (text !== undefined) checked(written, () => requireText(text, name));
  return text;
}

/** Why a key cannot have the tag, if it cannot. */
function refuseTag({ key, value }: KeyTag): string | undefined {
  if (!TAG_KEY.test(key)) return 'must have a key of 1 to 36 characters, none of them one of *<>\\=';
  if (!TAG_VALUE.test(value)) return 'must be at most 43 characters, none of them one of *<>\\=';
  return undefined;
}

function readAliases(written: Written, seen: Reading['seen']): string[] {
  const entries = entriesOf(written.fields.get('aliases'));
  const surplus = entries[KEY_ALIASES_MAX - 1];
  if (surplus !== undefined)
    throw problemAt(
      surplus,
      `is one too many: a key has at most ${KEY_ALIASES_MAX} aliases, its own included`,
    );
  const aliases = entries.map((node) => {
    const alias = textOf(node, ALIAS);
    const at = { node, fields: new Map() };
    checked(at, () => requireOwnAlias(alias, 'alias'));
    requireFirst(at, 'alias', { kind: 'alias', text: aliasSpellings(alias)[0], seen });
    return alias;
  });
  return aliases.toSorted();
}
