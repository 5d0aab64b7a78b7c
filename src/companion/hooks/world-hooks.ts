import { createSecretKey } from 'node:crypto';
import type { Hooks } from '../../app/outbound/webhooks.ts';
import type { AddressRules } from '../../webhook/address-rules.ts';
import {
  createHooks,
  type HookEntry,
  type HookList,
  type HookWriting,
  readHooks,
  readUrl,
  SECRET_BYTES,
} from '../../webhook/hooks-file.ts';
import { problemAt, requiredField, textOf, type YamlNode } from '../../yaml/yaml-node.ts';
import { BUILTIN } from './builtin.ts';

/** Stands for every URN that has no entry of its own. */
const OTHERS = '*';
const TEXT = { pattern: /^/, rule: 'text' };

/** Hooks as they are shown: without secrets. */
export interface ShownHooks {
  readonly topics: readonly { readonly urn: string; readonly endpoints: readonly string[] }[];
  readonly functions: readonly { readonly urn: string; readonly url: string }[];
}

/** Where the topics and functions of one world lead. */
export interface WorldHooks extends Hooks {
  /** Replaces all of them. */
  replace(entries: readonly HookEntry[]): void;
  /** Lead again where they led at the start. */
  restart(): void;
  show(): ShownHooks;
}

/** Everything stays inside. */
export const INSIDE: HookList = createHooks([
  { kind: 'topic', urn: OTHERS, urls: [BUILTIN], key: undefined },
  { kind: 'function', urn: OTHERS, urls: [BUILTIN], key: undefined },
]);

/** Creates hooks that lead where those at the `start` lead at each moment, until they are replaced. */
export function createWorldHooks(start: HookList): WorldHooks {
  let present: HookList = start;
  return {
    findTopic: (urn) => present.findTopic(urn) ?? present.findTopic(OTHERS),
    findFunction: (urn) => present.findFunction(urn) ?? present.findFunction(OTHERS),
    replace(entries) {
      present = createHooks(entries);
    },
    restart() {
      present = start;
    },
    show() {
      const all = present.list();
      const topics = all.filter(({ kind }) => kind === 'topic');
      const functions = all.filter(({ kind }) => kind === 'function');
      return {
        topics: topics.map(({ urn, urls }) => ({ urn, endpoints: urls })),
        functions: functions.map(({ urn, urls: [url = ''] }) => ({ urn, url })),
      };
    },
  };
}

/**
 * Reads hooks with the members of hooks.yaml, and `secret` for `secret_file`: none for what stays inside. Throws
 * FileError, which does not quote a secret.
 */
export function readWorldHooks(node: YamlNode, rules: AddressRules): HookEntry[] {
  return readHooks(node, {
    secret: 'secret',
    readUrl: (url) => (isText(url, BUILTIN) ? BUILTIN : readUrl(url, rules)),
    readUrn: (urn, rule) => (isText(urn, OTHERS) ? OTHERS : textOf(urn, rule)),
    readKey,
  });
}

const readKey: HookWriting['readKey'] = (node, own, urls) => {
  if (urls.every((url) => url === BUILTIN)) {
    const needless = own.get('secret');
    if (needless !== undefined) throw problemAt(needless, `is of no use for ${BUILTIN}`);
    return undefined;
  }
  const secret = requiredField(node, own, 'secret');
  const bytes = Buffer.from(textOf(secret, TEXT), 'utf8');
  const { max, min } = SECRET_BYTES;
  if (bytes.length < min || bytes.length > max) throw problemAt(secret, `must have ${min} to ${max} bytes`);
  return createSecretKey(bytes);
};

function isText(node: YamlNode, text: string): boolean {
  return textOf(node, TEXT) === text;
}
