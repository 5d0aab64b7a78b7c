import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Scalar, visit, type YAMLMap } from 'yaml';
import { FileError } from './file-error.ts';

/** A node of a YAML file, with the key that leads to it: every complaint can name file, line and key. */
export interface YamlPlace {
  /** `domains[0].users[2].name`; `(file)` for the whole. */
  readonly key: string;
  readonly file: string;
  readonly line: number;
  readonly node: unknown;
  readonly lineAt: (offset: number) => number;
}

/** What a text must look like; `rule` continues the sentence "must be". */
export interface TextRule {
  readonly pattern: RegExp;
  readonly rule: string;
}

/** Entries of one list, and characters of one file. */
export const YAML_LIMITS = Object.freeze({ entries: 100_000, characters: 16_777_216 });

/**
 * Parses one YAML document in which every scalar is text: an id of digits stays what was written.
 * Throws FileError for syntax errors, unknown tags, doubled keys, aliases, too deep nesting and too large
 * files; the messages never quote the file, which may hold secret keys.
 */
export function parseYaml(input: { readonly file: string; readonly text: string }): YamlPlace {
  const { file, text } = input;
  const whole = { file, line: 1, key: '(file)' };
  if (text.length > YAML_LIMITS.characters) throw new FileError(whole, 'is too large');
  const lines = new LineCounter();
  const parsed = parseDocument(text, {
    schema: 'failsafe',
    prettyErrors: false,
    lineCounter: lines,
    // The library compares each key with each other one; `doubledKey` looks each up once.
    uniqueKeys: false,
    strict: true,
    merge: false,
  });
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  const [problem] = [...parsed.errors, ...parsed.warnings];
  if (problem !== undefined) {
    const kind = problem.code.toLowerCase().replaceAll('_', ' ');
    throw new FileError({ ...whole, line: lineAt(problem.pos[0]) }, `YAML error: ${kind}`);
  }
  visit(parsed, {
    Map: (_, map) => {
      const doubled = doubledKey(map);
      if (doubled === undefined) return;
      const line = lineAt(doubled.range?.[0] ?? 0);
      throw new FileError({ ...whole, line }, 'YAML error: duplicate key');
    },
    Alias: (_, alias) => {
      const line = lineAt(alias.range?.[0] ?? 0);
      throw new FileError({ ...whole, line }, 'aliases are not accepted');
    },
  });
  return { ...whole, node: parsed.contents, lineAt };
}

/** The first key of a mapping that was there before. */
function doubledKey(map: YAMLMap): Scalar | undefined {
  const seen = new Set<unknown>();
  for (const { key } of map.items) {
    if (!isScalar(key)) continue;
    if (seen.has(key.value)) return key;
    seen.add(key.value);
  }
  return undefined;
}

/** The fields of a mapping. Throws FileError when it is none or has keys other than `allowed`. */
export function fieldsOf(place: YamlPlace, allowed?: readonly string[]): ReadonlyMap<string, YamlPlace> {
  if (!isMap(place.node)) throw problemAt(place, 'must be a mapping');
  const fields = new Map<string, YamlPlace>();
  for (const pair of place.node.items) {
    const name = isScalar(pair.key) ? pair.key.value : undefined;
    const line = lineOf(place, pair.key);
    if (typeof name !== 'string') throw problemAt({ ...place, line }, 'has a key that is no text');
    const parent = place.key === '(file)' ? '' : `${place.key}.`;
    const field = { ...place, key: `${parent}${printable(name)}`, line, node: pair.value };
    if (allowed?.includes(name) === false) throw problemAt(field, 'is not known here');
    fields.set(name, field);
  }
  return fields;
}

/** The entries of a list; none when the field is absent. Throws FileError when it is no list. */
export function entriesOf(place: YamlPlace | undefined): readonly YamlPlace[] {
  if (place === undefined) return [];
  if (!isSeq(place.node)) throw problemAt(place, 'must be a list');
  if (place.node.items.length > YAML_LIMITS.entries) throw problemAt(place, 'has too many entries');
  return place.node.items.map((node, index) => ({
    ...place,
    key: `${place.key}[${index}]`,
    line: lineOf(place, node),
    node,
  }));
}

/** The field of that name. Throws FileError at the mapping when it is absent. */
export function requiredField(
  place: YamlPlace,
  fields: ReadonlyMap<string, YamlPlace>,
  name: string,
): YamlPlace {
  const field = fields.get(name);
  if (field === undefined) throw problemAt(place, `${name} is missing`);
  return field;
}

/** The text of a scalar. Throws FileError, without quoting it, when it does not follow the rule. */
export function textOf(place: YamlPlace, rule: TextRule): string {
  const value = isScalar(place.node) ? place.node.value : undefined;
  if (typeof value !== 'string') throw problemAt(place, 'must be text');
  if (!rule.pattern.test(value)) throw problemAt(place, `must be ${rule.rule}`);
  return value;
}

/** True when the place holds a list. */
export function isList(place: YamlPlace): boolean {
  return isSeq(place.node);
}

/** The error to throw about a place. */
export function problemAt(place: YamlPlace, reason: string): FileError {
  return new FileError(place, reason);
}

/** A name out of the file, fit for a message: at most 64 printable ASCII characters. */
export function printable(name: string): string {
  const shown = name.slice(0, 64).replaceAll(/[^\x20-\x7e]/g, '?');
  return name.length > 64 ? `${shown}...` : shown;
}

function lineOf(place: YamlPlace, node: unknown): number {
  // The cast asks for the one property that all nodes of the library share.
  const range = (node as { readonly range?: readonly number[] | null } | null)?.range;
  return range?.[0] === undefined ? place.line : place.lineAt(range[0]);
}
