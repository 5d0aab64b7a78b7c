import {
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Pair,
  parseDocument,
  type Scalar,
  visit,
  type YAMLMap,
} from 'yaml';
import { FileError } from './file-error.ts';

/** A node of a YAML file, with the key that leads to it: every complaint can name file, line and key. */
export interface YamlNode {
  /** `domains[0].users[2].name`; `(file)` for the whole. */
  readonly key: string;
  readonly file: string;
  readonly line: number;
  readonly content: unknown;
  readonly lineAt: (offset: number) => number;
}

/** What a text must match; `rule` continues the sentence "must be". */
export interface TextRule {
  readonly pattern: RegExp;
  readonly rule: string;
}

/** Most entries of one list, characters of one file, marks of structure in it, and lists and mappings in each other. */
export const YAML_LIMITS = Object.freeze({
  entries: 100_000,
  characters: 16_777_216,
  marks: 2_000_000,
  depth: 100,
});

/** Texts of so many characters are looked over before they are parsed. */
const LONG_CHARACTERS = 262_144;
/** What the library makes objects of, each a thousand times as large as its mark. */
const MARKS: ReadonlySet<string> = new Set(['[', '{', ',', '-', '?', ':', '\n', '\r\n']);

/**
 * Parses one YAML document in which every scalar is text: an id of digits stays as it was written.
 * Throws FileError for syntax errors, unknown tags, doubled keys, aliases, too deep nesting, and too large or too many
 * things; the messages never quote the file, which may hold secret keys.
 */
export function parseYaml(input: { readonly file: string; readonly text: string }): YamlNode {
  const { file, text } = input;
  const whole = { file, line: 1, key: '(file)' };
  if (text.length > YAML_LIMITS.characters) throw new FileError(whole, 'is too large');
  const excess = excessIn(text);
  if (excess !== undefined) throw new FileError(whole, excess);
  const lines = new LineCounter();
  const parsed = parseDocument(text, {
    schema: 'failsafe',
    prettyErrors: false,
    lineCounter: lines,
    // The library compares every two keys; `doubledKey` looks each up once.
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
    Map: (_, map, above) => {
      const doubled = doubledPair(map);
      if (doubled === undefined) return;
      const line = lineAt(doubled.key.range?.[0] ?? 0);
      throw new FileError({ file, line, key: keyOf([...above, map, doubled]) }, 'YAML error: duplicate key');
    },
    Alias: (_, alias) => {
      const line = lineAt(alias.range?.[0] ?? 0);
      throw new FileError({ ...whole, line }, 'aliases are not accepted');
    },
  });
  return { ...whole, content: parsed.contents, lineAt };
}

/** What a long text has too much of, if anything: with it the library would run out of memory. It copes with short ones. */
function excessIn(text: string): string | undefined {
  if (text.length < LONG_CHARACTERS) return undefined;
  let [depth, marks] = [0, 0];
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') depth += 1;
    else if (token === ']' || token === '}') depth -= 1;
    if (MARKS.has(token)) marks += 1;
    if (depth > YAML_LIMITS.depth) return 'is nested too deeply';
    if (marks > YAML_LIMITS.marks) return 'has too many entries and lines';
  }
  return undefined;
}

/** The first field of a mapping whose key repeats an earlier one. */
function doubledPair(map: YAMLMap): Pair<Scalar> | undefined {
  const seen = new Set<unknown>();
  return map.items.find((pair): pair is Pair<Scalar> => {
    if (!isScalar(pair.key)) return false;
    const isDoubled = seen.has(pair.key.value);
    seen.add(pair.key.value);
    return isDoubled;
  });
}

/** The key that leads to the last of these nodes, each of which is in the one before it. */
export function keyOf(nodes: readonly unknown[]): string {
  return nodes.reduce<string>((key, node, depth) => {
    if (isPair(node)) return `${key === '' ? '' : `${key}.`}${nameOf(node)}`;
    const list = nodes[depth - 1];
    return isSeq(list) ? `${key}[${list.items.indexOf(node)}]` : key;
  }, '');
}

/**
 * The name of a field that should not be there, for a message. One without a value may be the rest of a text that has a
 * comma and no quotes, and such a text may be a secret.
 */
function nameOf({ key, value }: Pair): string {
  const hasValue = isNode(value) && !(isScalar(value) && (value.value === null || value.value === ''));
  return hasValue && isScalar(key) && typeof key.value === 'string' ? printable(key.value) : '?';
}

/** The fields of a mapping. Throws FileError when it is not a mapping or has keys other than `allowed`. */
export function fieldsOf(node: YamlNode, allowed?: readonly string[]): ReadonlyMap<string, YamlNode> {
  if (!isMap(node.content)) throw problemAt(node, 'must be a mapping');
  const fields = new Map<string, YamlNode>();
  for (const pair of node.content.items) {
    const name = isScalar(pair.key) ? pair.key.value : undefined;
    const line = lineOf(node, pair.key);
    if (typeof name !== 'string' || !name.isWellFormed())
      throw problemAt({ ...node, line }, 'has a key that is no text');
    if (allowed?.includes(name) === false)
      throw problemAt({ ...node, key: keyIn(node, nameOf(pair)), line }, 'is not known here');
    const field = { ...node, key: keyIn(node, printable(name)), line, content: pair.value };
    fields.set(name, field);
  }
  return fields;
}

/** The key of a field of a mapping. */
export function keyIn({ key }: YamlNode, name: string): string {
  return key === '(file)' ? name : `${key}.${name}`;
}

/** The entries of a list; empty when the field is absent. Throws FileError when it is not a list. */
export function entriesOf(node: YamlNode | undefined): readonly YamlNode[] {
  if (node === undefined) return [];
  if (!isSeq(node.content)) throw problemAt(node, 'must be a list');
  if (node.content.items.length > YAML_LIMITS.entries) throw problemAt(node, 'has too many entries');
  return node.content.items.map((content, index) => ({
    ...node,
    key: `${node.key}[${index}]`,
    line: lineOf(node, content),
    content,
  }));
}

/** The field of that name. Throws FileError at the mapping when it is absent. */
export function requiredField(node: YamlNode, fields: ReadonlyMap<string, YamlNode>, name: string): YamlNode {
  const field = fields.get(name);
  if (field === undefined) throw problemAt(node, `${name} is missing`);
  return field;
}

/** The text of a scalar. Throws FileError, without quoting it, when it does not follow the rule. */
export function textOf(node: YamlNode, rule: TextRule): string {
  const value = isScalar(node.content) ? node.content.value : undefined;
  if (typeof value !== 'string') throw problemAt(node, 'must be text');
  // Half of a surrogate pair, which an escape can write, is stored as another character.
  if (!value.isWellFormed()) throw problemAt(node, 'must be well-formed text');
  if (!rule.pattern.test(value)) throw problemAt(node, `must be ${rule.rule}`);
  return value;
}

/** True for a list. */
export function isList(node: YamlNode): boolean {
  return isSeq(node.content);
}

/** True for a mapping. */
export function isMapping(node: YamlNode): boolean {
  return isMap(node.content);
}

/** The error to throw about a node. */
export function problemAt(node: YamlNode, reason: string): FileError {
  return new FileError(node, reason);
}

/** A name from the file, fit for a message: at most 64 printable ASCII characters. */
export function printable(name: string): string {
  const shown = name.slice(0, 64).replaceAll(/[^\x20-\x7e]/g, '?');
  return name.length > 64 ? `${shown}...` : shown;
}

function lineOf(node: YamlNode, content: unknown): number {
  // The cast asks for the one property that all nodes of the library share.
  const range = (content as { readonly range?: readonly number[] | null } | null)?.range;
  return range?.[0] === undefined ? node.line : node.lineAt(range[0]);
}
