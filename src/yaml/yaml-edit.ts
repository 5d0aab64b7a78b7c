import {
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  parseDocument,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { FileError } from './file-error.ts';

/** What is added to a file: texts, lists of texts and of mappings, in the order in which they are to stand. */
export type NewValue = string | readonly NewValue[] | { readonly [name: string]: NewValue };

/** A YAML text, and what is changed in it. Everything else stays as it is, to the byte. */
export interface YamlEdit {
  text(): string;
  /** The mappings of a list at this path of names, each with those of the lists before it. */
  mapsAt(...path: readonly string[]): readonly YAMLMap[];
  /** Adds a field to a mapping that does not have it, or gives it another text. */
  setField(map: YAMLMap, name: string, value: NewValue): void;
  /** Adds an entry to a list of a mapping, which need not have the list yet. */
  append(map: YAMLMap, list: string, entry: NewValue): void;
}

/** Texts that no reader of YAML takes for anything else, wherever they stand. */
const PLAIN = /^[A-Za-z][A-Za-z0-9._-]*(?: [A-Za-z0-9._-]+)*$/;
const WORDS: ReadonlySet<string> = new Set(['null', 'yes', 'no', 'on', 'off', 'y', 'n']);
const STEP = 2;

/**
 * Starts to change a text that `parseYaml` accepts. Its methods put new text between what is there, and throw FileError
 * where there is no place for it. What `mapsAt` returns is of the text at that time, so it is asked anew after a change.
 */
export function createYamlEdit(given: Source): YamlEdit {
  let source = given;
  const replace = (start: number, end: number, by: string) => {
    source = { ...source, text: `${source.text.slice(0, start)}${by}${source.text.slice(end)}` };
  };
  const insert = ({ at, text }: Insertion) => replace(at, at, text);

  function addField(map: YAMLMap, name: string, value: NewValue): void {
    const flow = `${name}: ${flowText(value)}`;
    const [first] = map.items;
    if (first === undefined) insert(firstIn(source, map, flow));
    else {
      const column = map.flow === true ? undefined : columnOf(source, first.key);
      insert(behind(source, map.items.at(-1), { column, flow, lines: blockField(name, value) }));
    }
  }

  return {
    text: () => source.text,
    mapsAt(...path) {
      const { contents } = parseDocument(source.text, { schema: 'failsafe', prettyErrors: false });
      const root = [contents].filter((node) => isMap(node));
      return path.reduce<readonly YAMLMap[]>((maps, name) => maps.flatMap((map) => mapsIn(map, name)), root);
    },
    setField(map, name, value) {
      const present = map.get(name, true);
      if (present === undefined) addField(map, name, value);
      else if (isScalar(present) && present.range != null && present.type?.startsWith('BLOCK') !== true)
        replace(present.range[0], present.range[1], flowText(value));
      else throw noPlace(source, map);
    },
    append(map, list, entry) {
      const present = map.get(list, true);
      if (present === undefined) addField(map, list, [entry]);
      else if (!isSeq(present)) throw noPlace(source, map);
      else if (present.items.length === 0) insert(firstIn(source, present, flowText(entry)));
      else {
        const column = present.flow === true ? undefined : dashColumn(source, present);
        const text = { column, flow: flowText(entry), lines: blockEntry(entry) };
        insert(behind(source, present.items.at(-1), text));
      }
    },
  };
}

/** A text with the name of its file. */
interface Source {
  readonly file: string;
  readonly text: string;
}

/** What is put in: on a line between brackets or braces, or on lines of its own. */
interface NewText {
  /** Undefined: between brackets or braces. */
  readonly column: number | undefined;
  readonly flow: string;
  readonly lines: readonly string[];
}

/** Text to put in, and where. */
interface Insertion {
  readonly at: number;
  readonly text: string;
}

function behind(source: Source, last: unknown, { column, flow, lines }: NewText): Insertion {
  const { text } = source;
  const end = endOf(source, last);
  if (column === undefined) return { at: end, text: `, ${flow}` };
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const at = lineEnd(text, end);
  const block = lines.map((line) => `${' '.repeat(column)}${line}`).join(newline);
  const isLineEnded = text[at - 1] === '\n';
  return { at, text: isLineEnded ? `${block}${newline}` : `${newline}${block}` };
}

function firstIn(source: Source, empty: YAMLMap | YAMLSeq, flow: string): Insertion {
  const start = empty.range?.[0] ?? -1;
  if (!['[', '{'].includes(source.text[start] ?? '')) throw noPlace(source, empty);
  return { at: start + 1, text: flow };
}

function mapsIn(map: YAMLMap, name: string): YAMLMap[] {
  const list = map.get(name, true);
  return isSeq(list) ? list.items.filter((entry) => isMap(entry)) : [];
}

/** Where the last text of a node ends, before a comment. */
function endOf(source: Source, node: unknown): number {
  if (isPair(node)) return endOf(source, node.value ?? node.key);
  if (isCollection(node) && node.flow !== true && node.items.length > 0)
    return endOf(source, node.items.at(-1));
  const range = isNode(node) ? node.range : undefined;
  if (range == null) throw noPlace(source, node);
  return range[1];
}

/** Where the line ends that is in progress at this offset, behind its newline. */
function lineEnd(text: string, offset: number): number {
  if (text[offset - 1] === '\n') return offset;
  const newline = text.indexOf('\n', offset);
  return newline === -1 ? text.length : newline + 1;
}

function columnOf(source: Source, node: unknown): number {
  const start = isNode(node) ? node.range?.[0] : undefined;
  if (start === undefined) throw noPlace(source, node);
  return start - (source.text.lastIndexOf('\n', start - 1) + 1);
}

/** The column of the dashes of a list whose entries begin on the lines of theirs. */
function dashColumn(source: Source, list: YAMLSeq): number {
  const [first] = list.items;
  const column = columnOf(source, first);
  const start = isNode(first) ? (first.range?.[0] ?? 0) : 0;
  const before = source.text.slice(start - column, start);
  const dash = before.lastIndexOf('-');
  if (dash === -1 || before.slice(dash + 1).trim() !== '') throw noPlace(source, list);
  return dash;
}

function noPlace({ file, text }: Source, node: unknown): FileError {
  const offset = (isNode(node) ? node.range?.[0] : undefined) ?? 0;
  const line = text.slice(0, offset).split('\n').length;
  return new FileError({ file, line, key: '(file)' }, 'has a form in which nothing can be added');
}

function flowText(value: NewValue): string {
  if (typeof value === 'string') return scalarText(value);
  if (isNewList(value)) return `[${value.map(flowText).join(', ')}]`;
  const fields = Object.entries(value).map(([name, field]) => `${name}: ${flowText(field)}`);
  return `{ ${fields.join(', ')} }`;
}

function scalarText(text: string): string {
  return PLAIN.test(text) && !WORDS.has(text.toLowerCase()) ? text : JSON.stringify(text);
}

function blockField(name: string, value: NewValue): string[] {
  const isList = isNewList(value) && value.some((entry) => typeof entry !== 'string');
  if (!isList) return [`${name}: ${flowText(value)}`];
  return [`${name}:`, ...value.flatMap(blockEntry).map((line) => `${' '.repeat(STEP)}${line}`)];
}

/** A mapping that holds mappings or lists has a line for each field. */
function blockEntry(entry: NewValue): string[] {
  if (typeof entry === 'string' || isNewList(entry)) return [`- ${flowText(entry)}`];
  const fields = Object.entries(entry);
  if (fields.every(([, value]) => typeof value === 'string')) return [`- ${flowText(entry)}`];
  const lines = fields.flatMap(([name, value]) => blockField(name, value));
  return lines.map((line, index) => `${index === 0 ? '- ' : '  '}${line}`);
}

/** `Array.isArray` alone does not tell read-only lists from mappings. */
function isNewList(value: NewValue): value is readonly NewValue[] {
  return Array.isArray(value);
}
