import { TIME_MS_MAX } from '../../core/limits.ts';
import { isBuiltInStage, requireStageName, SYSCURRENT, SYSPREVIOUS } from '../../core/names.ts';
import { parseValue } from '../../core/secrets/values.ts';
import { entriesOf, problemAt, type TextRule, textOf } from '../../yaml/yaml-node.ts';
import {
  checked,
  optionalText,
  optionalTime,
  problem,
  type Reading,
  requireFirst,
  requireOneOf,
  writtenAt,
} from './members.ts';
import type { SeedTime, SeedVersion, Written } from './seed.ts';

/** What a secret of one version may say in place of a list of versions. */
export const SHORT_MEMBERS = ['secret_string', 'secret_binary', 'expire_time', 'version_stages'] as const;
const VALUES = ['secret_string', 'secret_binary'];

/** A key by its id, by its alias with or without `alias/`, or by the URN of its alias. */
export const KEY_NAME: TextRule = {
  pattern: /^(?:kms:[a-z0-9-]{1,64}:[a-zA-Z0-9-]{1,64}:alias:)?[a-zA-Z0-9:/_-]{1,255}$/,
  rule: 'the alias of a key or its id',
};
const VERSION_ID: TextRule = { pattern: /^v[1-9][0-9]{0,9}$/, rule: '"v" and a number from 1 to 9999999999' };

/**
 * Reads the versions of a secret: a list, or the members of its only one in the secret itself. Throws FileError.
 * @see CSMS API, CreateSecretVersion
 */
export function readVersions(reading: Reading, secret: Written): SeedVersion[] {
  const list = secret.fields.get('versions');
  const short = SHORT_MEMBERS.filter((name) => secret.fields.has(name));
  if (list === undefined) return withStages(reading, [readVersion(reading, secret, { isShort: true })]);
  if (short[0] !== undefined) throw problem(secret, short[0], 'must not be given beside versions');
  const { versions: limit } = reading.limits;
  const nodes = entriesOf(list);
  if (nodes.length === 0) throw problemAt(list, 'must hold a version');
  const surplus = nodes[limit];
  if (surplus !== undefined)
    throw problemAt(surplus, `is one too many: a secret has at most ${limit} versions`);
  const versions: SeedVersion[] = [];
  for (const node of nodes) {
    const written = writtenAt(node, [...SHORT_MEMBERS, 'id', 'create_time', 'kms_key_id']);
    versions.push(readVersion(reading, written, { before: versions.at(-1) }));
  }
  return withStages(reading, versions);
}

/** The version before it, if any; and whether its members are among those of the secret, whose id is then no number. */
interface VersionPlace {
  readonly before?: SeedVersion | undefined;
  readonly isShort?: boolean;
}

function readVersion(reading: Reading, written: Written, place: VersionPlace): SeedVersion {
  const { limits, nowMs } = reading;
  const { before, isShort = false } = place;
  requireOneOf(written, VALUES, 'must not be given beside the other kind of value');
  const [text, binary] = VALUES.map((name) => optionalText(written, name));
  if (text === undefined && binary === undefined)
    throw problem(
      written,
      '',
      `secret_string${isShort ? ', secret_binary or versions' : ' or secret_binary'} is missing`,
    );
  // An empty value counts as none for the API.
  const empty = [text === '' && 'secret_string', binary === '' && 'secret_binary'].find(Boolean);
  if (empty) throw problem(written, empty, 'must not be empty');
  return {
    ...written,
    number: isShort ? 1 : readNumber(written, before),
    value: checked(written, () => parseValue({ text, binary }, limits)),
    keyName: optionalText(written, 'kms_key_id', KEY_NAME),
    stages: readStages(written),
    createTime: readCreateTime(written, nowMs, before),
    expireTime: optionalTime(written, 'expire_time', nowMs, TIME_MS_MAX),
  };
}

function readNumber(written: Written, before: SeedVersion | undefined): number {
  const least = (before?.number ?? 0) + 1;
  const id = optionalText(written, 'id', VERSION_ID);
  const number = id === undefined ? least : Number(id.slice(1));
  if (number < least) throw problem(written, 'id', 'must be greater than that of the version before');
  if (number > 9_999_999_999) throw problem(written, 'id', 'is missing: no number is left');
  return number;
}

/** What is made at one moment has rising times all the same, as by the API; a given time stays as it is. */
function readCreateTime(written: Written, nowMs: number, before: SeedVersion | undefined): SeedTime {
  const given = optionalTime(written, 'create_time', nowMs);
  if (given !== undefined) return given;
  return { ms: Math.max(nowMs, (before?.createTime.ms ?? 0) + 1), isRelative: true };
}

function readStages(written: Written): string[] {
  return entriesOf(written.fields.get('version_stages')).map((node) => {
    const name = textOf(node, { pattern: /^/, rule: 'text' });
    checked({ node, fields: new Map() }, () => requireStageName(name));
    return name;
  });
}

/** Adds the stages that nobody has written, and checks that each marks one version and finds a place. */
function withStages({ limits }: Reading, versions: readonly SeedVersion[]): SeedVersion[] {
  const seen = new Map<string, number>();
  let own = 0;
  for (const { fields } of versions) {
    for (const node of entriesOf(fields.get('version_stages'))) {
      const name = textOf(node, { pattern: /^/, rule: 'text' });
      requireFirst({ node, fields: new Map() }, '', { kind: 'stage', text: name, seen });
      if (!isBuiltInStage(name)) own += 1;
      if (own > limits.stages - 2) {
        const rule = `a secret has at most ${limits.stages} stages, the two built-in ones included`;
        throw problemAt(node, `is one too many: ${rule}`);
      }
    }
  }
  const has = (name: string) => seen.has(`stage\n${name}`);
  if (has(SYSCURRENT)) return [...versions];
  return versions.map((version, index) => {
    if (index === versions.length - 1) return { ...version, stages: [SYSCURRENT, ...version.stages] };
    const isPrevious = index === versions.length - 2 && !has(SYSPREVIOUS);
    return isPrevious ? { ...version, stages: [SYSPREVIOUS, ...version.stages] } : version;
  });
}
