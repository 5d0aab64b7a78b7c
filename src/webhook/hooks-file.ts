import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import type { Hook, Hooks } from '../app/outbound/webhooks.ts';
import type { FileReader } from '../files/file-reader.ts';
import { FileFault } from '../files/guarded-file.ts';
import { FileError } from '../yaml/file-error.ts';
import {
  entriesOf,
  fieldsOf,
  parseYaml,
  problemAt,
  requiredField,
  type TextRule,
  textOf,
  type YamlNode,
} from '../yaml/yaml-node.ts';
import type { AddressRules } from './address-rules.ts';

/** Endpoints of one topic. */
const ENDPOINTS_MAX = 16;
const HOOKS_BYTES_MAX = 1_048_576;
/** Bytes of a secret. */
export const SECRET_BYTES = Object.freeze({ min: 16, max: 4_096 });
const URL_CHARACTERS_MAX = 2_048;

const TOPIC_URN: TextRule = {
  pattern: /^urn:smn:[a-z0-9-]{1,64}:[0-9A-Za-z]{32,64}:[A-Za-z0-9_-]{1,128}$/,
  rule: 'a topic such as urn:smn:<region>:<project id>:<name>',
};
const FUNCTION_URN: TextRule = {
  pattern: /^urn:fss:[A-Za-z0-9_:.-]{1,247}$/,
  rule: 'a function such as urn:fss:<region>:<project id>:function:<package>:<name>',
};
const URL_TEXT: TextRule = {
  pattern: new RegExp(`^[\\x21-\\x7e]{1,${URL_CHARACTERS_MAX}}$`),
  rule: 'an absolute URL',
};
const PATH: TextRule = { pattern: /^[^\p{Cc}]{1,4096}$/u, rule: 'a path' };

/** What reading a hooks file takes. */
export interface HooksSource {
  readonly file: string;
  readonly rules: AddressRules;
  readonly reader: FileReader;
  /** True: a missing file means no hooks. */
  readonly mayBeAbsent: boolean;
}

/** One entry of the file, as it is sent between threads. */
export interface HookEntry {
  readonly kind: 'topic' | 'function';
  readonly urn: string;
  readonly urls: readonly string[];
  /** Undefined where nothing is called that could check a signature. */
  readonly key: KeyObject | undefined;
}

/** Where topics and functions lead, without secrets. */
export type HookPlace = Omit<HookEntry, 'key'>;

/** Hooks that can be shown. */
export interface HookList extends Hooks {
  list(): readonly HookPlace[];
}

/** Collects entries, which may come one by one. */
export function createHooks(entries: Iterable<HookEntry> = []): HookList & { add(entry: HookEntry): void } {
  const hooks = { topic: new Map<string, Hook>(), function: new Map<string, Hook>() };
  const placesOf = (kind: HookEntry['kind']) =>
    [...hooks[kind]].map(([urn, { urls }]): HookPlace => ({ kind, urn, urls }));
  const add = ({ kind, urn, urls, key }: HookEntry) => {
    const sign = (text: string) => (key ? createHmac('sha256', key).update(text, 'utf8').digest('hex') : '');
    hooks[kind].set(urn, { urls, sign });
  };
  for (const entry of entries) add(entry);
  return {
    add,
    findTopic: (urn) => hooks.topic.get(urn),
    findFunction: (urn) => hooks.function.get(urn),
    list: () => [...placesOf('topic'), ...placesOf('function')],
  };
}

/**
 * Loads hooks.yaml and the secret files that it names. Throws FileError (`file:line: key: reason`) for unknown keys,
 * repeated URNs, URLs that must not be called, secrets that cannot be read. @see docs/behaviour/rotation-function.md
 */
export function loadHooks({ file, rules, reader, mayBeAbsent }: HooksSource): HookEntry[] {
  let text: string;
  try {
    text = reader.read({ path: file, content: 'authority', bytesMax: HOOKS_BYTES_MAX }).toString('utf8');
  } catch (error) {
    if (!(error instanceof FileFault)) throw error;
    if (mayBeAbsent && error.code === 'ENOENT') return [];
    throw new FileError({ file, line: 1, key: '(file)' }, error.reason);
  }
  return parseHooks({ file, text, rules, reader });
}

/** Reads the text of a hooks file. Relative paths in it start at the file's own directory. Throws FileError. */
export function parseHooks(input: {
  readonly file: string;
  readonly text: string;
  readonly rules: AddressRules;
  readonly reader: FileReader;
}): HookEntry[] {
  const { reader, rules } = input;
  return readHooks(parseYaml(input), {
    readUrl: (node) => readUrl(node, rules),
    readUrn: textOf,
    secret: 'secret_file',
    readKey: (node, own) => readSecret(requiredField(node, own, 'secret_file'), reader),
  });
}

/** What differs between places where hooks are written down. Each part throws FileError. */
export interface HookWriting {
  readUrl(node: YamlNode): string;
  /** By the rule for a topic or a function. */
  readUrn(node: YamlNode, rule: TextRule): string;
  /** The member that holds the secret of a hook, or leads to it. */
  readonly secret: string;
  /** The key of a hook that calls these URLs, from its mapping and members. */
  readKey(node: YamlNode, own: ReadonlyMap<string, YamlNode>, urls: readonly string[]): KeyObject | undefined;
}

/** Reads where topics and functions lead. Throws FileError. */
export function readHooks(node: YamlNode, writing: HookWriting): HookEntry[] {
  const fields = fieldsOf(node, ['topics', 'functions']);
  const { readKey, readUrl, readUrn, secret } = writing;
  const topics = readEntries(fields.get('topics'), (topic) => {
    const own = fieldsOf(topic, ['urn', 'endpoints', secret]);
    const list = requiredField(topic, own, 'endpoints');
    const urls = entriesOf(list).map((entry) => readUrl(entry));
    if (urls.length === 0 || urls.length > ENDPOINTS_MAX) {
      throw problemAt(list, `must hold 1 to ${ENDPOINTS_MAX} URLs`);
    }
    if (new Set(urls).size < urls.length) throw problemAt(list, 'must not hold a URL twice');
    const urn = requiredField(topic, own, 'urn');
    const key = readKey(topic, own, urls);
    return { node: urn, entry: { kind: 'topic', urn: readUrn(urn, TOPIC_URN), urls, key } };
  });
  const functions = readEntries(fields.get('functions'), (called) => {
    const own = fieldsOf(called, ['urn', 'url', secret]);
    const urls = [readUrl(requiredField(called, own, 'url'))];
    const urn = requiredField(called, own, 'urn');
    const key = readKey(called, own, urls);
    return { node: urn, entry: { kind: 'function', urn: readUrn(urn, FUNCTION_URN), urls, key } };
  });
  return [...topics, ...functions];
}

/** A URL that the rules allow, as a URL spells it. Throws FileError. */
export function readUrl(node: YamlNode, rules: AddressRules): string {
  const url = URL.parse(textOf(node, URL_TEXT));
  if (url === null) throw problemAt(node, `must be ${URL_TEXT.rule}`);
  const refusal = rules.refuseUrl(url);
  if (refusal !== undefined) throw problemAt(node, refusal);
  return url.href;
}

interface ReadHook {
  readonly node: YamlNode;
  readonly entry: HookEntry;
}

function readEntries(list: YamlNode | undefined, read: (node: YamlNode) => ReadHook): HookEntry[] {
  const urns = new Set<string>();
  return entriesOf(list).map((node) => {
    const { node: at, entry } = read(node);
    if (urns.has(entry.urn)) throw problemAt(at, 'comes twice');
    urns.add(entry.urn);
    return entry;
  });
}

/** The bytes of the file without the newline at its end. */
function readSecret(node: YamlNode, reader: FileReader): KeyObject {
  const path = resolve(dirname(node.file), textOf(node, PATH));
  let bytes: Buffer;
  try {
    bytes = reader.read({ path, content: 'secret', bytesMax: SECRET_BYTES.max });
  } catch (error) {
    if (!(error instanceof FileFault)) throw error;
    throw problemAt(node, error.message);
  }
  const length = bytes.length - (bytes.at(-1) === 10 ? (bytes.at(-2) === 13 ? 2 : 1) : 0);
  if (length < SECRET_BYTES.min) throw problemAt(node, `must lead to at least ${SECRET_BYTES.min} bytes`);
  const key = createSecretKey(bytes.subarray(0, length));
  bytes.fill(0);
  return key;
}
