import { isRefusal, type SecretError } from '../../core/errors.ts';
import type { Limits } from '../../core/limits.ts';
import { DAY_MS } from '../../std/durations.ts';
import {
  entriesOf,
  fieldsOf,
  isList,
  keyIn,
  printable,
  problemAt,
  type TextRule,
  textOf,
  type YamlNode,
} from '../../yaml/yaml-node.ts';
import { parseDuration, parseTime, YEAR_9999_END_MS } from '../times.ts';
import { derivedId, type NamedKind } from './ids.ts';
import type { SeedTime, Written } from './seed.ts';

/** What the things of a seed are read for. */
export interface Reading {
  readonly projectId: string;
  readonly region: string;
  readonly limits: Limits;
  /** The world's clock when the seed is applied, epoch milliseconds. */
  readonly nowMs: number;
  /** The line of each id and name by its kind, to refuse a second one. */
  readonly seen: Map<string, number>;
}

const TEXT: TextRule = { pattern: /^[\s\S]*$/, rule: 'text' };
const FLAG: TextRule = { pattern: /^(?:true|false)$/, rule: 'true or false' };
const WHOLE: TextRule = { pattern: /^[0-9]{1,9}$/, rule: 'a whole number' };
const UUID: TextRule = {
  pattern: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  rule: 'a UUID in lower case',
};
const TIME_RULE = 'must be a time such as 2030-01-31T00:00:00Z, now, now+30d or now-12h';

/** The thing at a node. Throws FileError for members other than `allowed`. */
export function writtenAt(node: YamlNode, allowed: readonly string[]): Written {
  return { node, fields: fieldsOf(node, allowed) };
}

/** The member of that name as text that follows the rule; undefined: absent. Throws FileError. */
export function optionalText(written: Written, name: string, rule: TextRule = TEXT): string | undefined {
  const field = written.fields.get(name);
  return field && textOf(field, rule);
}

/** The same, of a member that must be there. Throws FileError. */
export function requiredText(written: Written, name: string, rule: TextRule = TEXT): string {
  return textOf(requiredMember(written, name), rule);
}

/** The member of that name. Throws FileError, by the key that it would have, when it is absent. */
export function requiredMember({ fields, node }: Written, name: string): YamlNode {
  const field = fields.get(name);
  if (field !== undefined) return field;
  throw problemAt({ ...node, key: keyIn(node, name) }, 'is missing');
}

/** True or false; undefined: absent. Throws FileError. */
export function optionalFlag(written: Written, name: string): boolean | undefined {
  const text = optionalText(written, name, FLAG);
  return text === undefined ? undefined : text === 'true';
}

/** A whole number within bounds, which are inclusive; undefined: absent. Throws FileError. */
export function optionalNumber(
  written: Written,
  name: string,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  const text = optionalText(written, name, WHOLE);
  if (text === undefined) return undefined;
  if (Number(text) < min || Number(text) > max)
    throw problem(written, name, `must be a whole number from ${min} to ${max}`);
  return Number(text);
}

/** One of some words; undefined: absent. Throws FileError. */
export function optionalWord<const T extends string>(
  written: Written,
  name: string,
  words: readonly T[],
): T | undefined {
  const field = written.fields.get(name);
  return field && wordOf(field, words);
}

/** One of some words. Throws FileError. */
export function wordOf<const T extends string>(node: YamlNode, words: readonly T[]): T {
  const text = textOf(node, TEXT);
  const found = words.find((word) => word === text);
  if (found === undefined)
    throw problemAt(node, `must be ${words.join(', ').replace(/, (?=[^,]*$)/, ' or ')}`);
  return found;
}

/** A time up to `maxMs`, or one that counts from now; undefined: absent. Throws FileError. */
export function optionalTime(
  written: Written,
  name: string,
  nowMs: number,
  maxMs = YEAR_9999_END_MS,
): SeedTime | undefined {
  const field = written.fields.get(name);
  if (field === undefined) return undefined;
  const text = textOf(field, TEXT);
  const [isRelative, sign, distance] = /^now(?:([+-])(.+))?$/.exec(text) ?? [];
  const awayMs = distance === undefined ? 0 : (parseDuration(distance) ?? Number.NaN);
  const ms = isRelative === undefined ? parseTime(text) : nowMs + (sign === '-' ? -awayMs : awayMs);
  if (ms === undefined || Number.isNaN(ms)) throw problemAt(field, TIME_RULE);
  if (ms < 0 || ms > maxMs)
    throw problemAt(field, `must be a time from 1970 to ${new Date(maxMs).getUTCFullYear()}`);
  return { ms, isRelative: isRelative !== undefined };
}

/** The time of a member that counts as `now` when it is absent. Throws FileError. */
export function timeOrNow(written: Written, name: string, nowMs: number): SeedTime {
  return optionalTime(written, name, nowMs) ?? { ms: nowMs, isRelative: true };
}

/**
 * A scheduled deletion; undefined: absent. One that counts from now is at most as far away as the API allows; an absolute
 * time may be of another clock. Throws FileError.
 */
export function optionalDeletion(written: Written, nowMs: number, daysMax: number): SeedTime | undefined {
  const name = 'scheduled_delete_time';
  const time = optionalTime(written, name, nowMs);
  if (time?.isRelative && time.ms > nowMs + daysMax * DAY_MS)
    throw problem(written, name, `must be at most ${daysMax} days away`);
  return time;
}

/** A tag of a seed. */
interface SeedTag {
  readonly key: string;
  readonly value: string;
}

/**
 * Tags, as a mapping or as the list that the API has. `refuse` says what is wrong with one, if anything. Throws FileError,
 * for a doubled key and for more than `limit` too.
 */
export function tagsOf(
  written: Written,
  { limit, refuse }: { readonly limit: number; refuse(tag: SeedTag): string | undefined },
): SeedTag[] {
  const field = written.fields.get('tags');
  if (field === undefined) return [];
  const seen = new Set<string>();
  return tagNodes(field).map(({ key, node, valueNode }, index) => {
    const tag = { key, value: valueNode === undefined ? '' : textOf(valueNode, TEXT) };
    const reason = seen.has(key) ? 'must not be repeated' : refuse(tag);
    if (reason !== undefined) throw problemAt(node, reason);
    if (index >= limit) throw problemAt(node, `is one too many: at most ${limit} tags are possible`);
    seen.add(key);
    return tag;
  });
}

function tagNodes(field: YamlNode) {
  if (!isList(field)) return [...fieldsOf(field)].map(([key, node]) => ({ key, node, valueNode: node }));
  return entriesOf(field).map((node) => {
    const tag = writtenAt(node, ['key', 'value']);
    return { key: requiredText(tag, 'key'), node, valueNode: tag.fields.get('value') };
  });
}

/** The id that a member gives, or the one that follows from the name. Throws FileError for one that is there already. */
export function idOf(
  written: Written,
  member: string,
  { kind, name, reading, rule = UUID }: NamedThing,
): string {
  const { projectId, seen } = reading;
  const id = optionalText(written, member, rule) ?? derivedId({ projectId, kind, name });
  requireFirst(written, member, { kind: `${kind} id`, text: id, seen });
  return id;
}

/** What has an id. */
interface NamedThing {
  readonly reading: Reading;
  readonly kind: NamedKind;
  readonly name: string;
  /** Absent: a UUID. */
  readonly rule?: TextRule;
}

/** Throws FileError when another thing of the seed has the same name or id. */
export function requireFirst(
  written: Written,
  name: string,
  what: { readonly kind: string; readonly text: string; readonly seen: Reading['seen'] },
): void {
  const { kind, seen, text } = what;
  const line = seen.get(`${kind}\n${text}`);
  if (line !== undefined) throw problem(written, name, `${printable(text)} is already in line ${line}`);
  seen.set(`${kind}\n${text}`, (written.fields.get(name) ?? written.node).line);
}

/** Throws FileError, at the first of these members, unless at most one of them is there. */
export function requireOneOf(written: Written, names: readonly string[], reason: string): void {
  const present = names.filter((name) => written.fields.has(name));
  if (present.length > 1) throw problem(written, present[1] ?? '', reason);
}

/** Runs a check of the API; a refusal names the member that it is about, also an absent one. Throws FileError. */
export function checked<T>(written: Written, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const { parameter = '' } = error;
    const { fields } = written;
    // A text has no members.
    const isAbsent = fields.size > 0 && parameter !== '' && !fields.has(parameter);
    throw problem(written, parameter, `${isAbsent ? `${parameter} ` : ''}${reasonOf(error)}`);
  }
}

/** A refusal of the API as the reason of a complaint, without the name of the parameter. */
export function reasonOf({ code, message, parameter = '' }: SecretError): string {
  const rest = message.startsWith(`${parameter} `) ? message.slice(parameter.length + 1) : message;
  return rest.replace(/\.$/, '') || code.replaceAll('-', ' ');
}

/** The error to throw about a member, or about the whole where it is absent. */
export function problem({ fields, node }: Written, name: string, reason: string) {
  return problemAt(fields.get(name) ?? node, reason);
}
