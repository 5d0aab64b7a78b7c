import type { PolicyDocument, PolicyStatement } from '../../core/policy/document.ts';
import { splitResource } from '../../core/policy/resources.ts';
import { parseJson } from '../../yaml/json-text.ts';
import {
  entriesOf,
  fieldsOf,
  isList,
  problemAt,
  requiredField,
  type TextRule,
  textOf,
  type YamlNode,
} from '../../yaml/yaml-node.ts';
import { readConditions } from './policy-conditions.ts';

type Version = PolicyDocument['Version'];

/** How many entries a list has at most; Infinity: no limit but that of the document. */
const LIMITS = {
  '1.1': { statements: 8, actions: 100, resources: 10, actionLength: Infinity, resourceLength: 128 },
  '5.0': {
    statements: Infinity,
    actions: Infinity,
    resources: Infinity,
    actionLength: 128,
    resourceLength: Infinity,
  },
} as const;
/** Of a document of version 5.0 as JSON. */
const CHARACTERS_MAX = 131_072;
const VERSION: TextRule = { pattern: /^(?:1\.1|5\.0)$/, rule: '"1.1" or "5.0"' };
const EFFECT: TextRule = { pattern: /^(?:Allow|Deny)$/, rule: 'Allow or Deny' };
const SID: TextRule = { pattern: /^[^\p{Cc}]{0,128}$/u, rule: 'at most 128 characters' };
const ACTIONS: Readonly<Record<Version, TextRule>> = {
  '1.1': {
    pattern: /^[\w.*?-]+:[\w.*?-]*:[\w.*?-]+$/,
    rule: 'an action such as csms:secret:get, csms::createEvent or csms:*:*',
  },
  '5.0': {
    pattern: /^(?:\*|[\w.*?-]+:[\w.*?-]*:[\w.*?-]+)$/,
    rule: '* or an action such as csms:secret:get, csms::createEvent or csms:*:*',
  },
};
const RESOURCE: TextRule = { pattern: /^[^\p{Cc}]+$/u, rule: '* or service:region:account:type:path' };

/**
 * Reads and checks a policy document that is part of a YAML file, or a file of its own.
 * Throws FileError with file, line and key. @see docs/adr/0070-policies.md
 */
export function readPolicyDocument(node: YamlNode): PolicyDocument {
  const document = readDocument(node);
  requireLength(node, document.Version, JSON.stringify(document).length);
  return document;
}

/** The same from strict JSON; `file` is what complaints name. */
export function readPolicyJson(input: { readonly file: string; readonly text: string }): PolicyDocument {
  const node = parseJson(input);
  const document = readDocument(node);
  requireLength(node, document.Version, input.text.length);
  return document;
}

function requireLength(node: YamlNode, version: Version, characters: number): void {
  if (version === '1.1' || characters <= CHARACTERS_MAX) return;
  throw problemAt(node, `must have at most ${CHARACTERS_MAX} characters of JSON`);
}

function readDocument(node: YamlNode): PolicyDocument {
  const fields = fieldsOf(node, ['Version', 'Statement', 'Depends']);
  // The pattern of VERSION admits nothing else.
  const version = textOf(requiredField(node, fields, 'Version'), VERSION) as Version;
  const depends = fields.get('Depends');
  if (depends !== undefined && (version === '5.0' || entriesOf(depends).length > 0)) {
    throw problemAt(depends, 'must be absent, or an empty list in version 1.1');
  }
  const list = requiredField(node, fields, 'Statement');
  const statements = entriesOf(list);
  requireCount(list, statements.length, LIMITS[version].statements, 'statements');
  return Object.freeze({
    Version: version,
    Statement: Object.freeze(statements.map((statement) => readStatement(statement, version))),
  });
}

function readStatement(node: YamlNode, version: Version): PolicyStatement {
  const only50 = version === '5.0' ? ['Sid', 'NotAction', 'NotResource'] : [];
  const fields = fieldsOf(node, ['Effect', 'Action', 'Resource', 'Condition', ...only50]);
  const sid = fields.get('Sid');
  const condition = fields.get('Condition');
  const [actions, notActions] = [fields.get('Action'), fields.get('NotAction')];
  if ((actions === undefined) === (notActions === undefined)) {
    throw problemAt(node, version === '1.1' ? 'Action is missing' : 'must have one of Action and NotAction');
  }
  const notResources = fields.get('NotResource');
  if (notResources !== undefined && fields.has('Resource')) {
    throw problemAt(notResources, 'must not stand beside Resource');
  }
  return Object.freeze({
    Sid: sid === undefined ? undefined : textOf(sid, SID),
    // The pattern of EFFECT admits nothing else.
    Effect: textOf(requiredField(node, fields, 'Effect'), EFFECT) as PolicyStatement['Effect'],
    Action: readTexts(actions, LIMITS[version].actions, (entry) => readAction(entry, version)),
    NotAction: readTexts(notActions, LIMITS[version].actions, (entry) => readAction(entry, version)),
    Resource: readTexts(fields.get('Resource'), LIMITS[version].resources, (entry) =>
      readResource(entry, version),
    ),
    NotResource: readTexts(notResources, LIMITS[version].resources, (entry) => readResource(entry, version)),
    Condition: condition === undefined ? undefined : readConditions(condition, version),
  });
}

/** A list of texts, or one text without a list around it. */
function readTexts(
  node: YamlNode | undefined,
  most: number,
  read: (entry: YamlNode) => string,
): readonly string[] | undefined {
  if (node === undefined) return undefined;
  if (!isList(node)) return Object.freeze([read(node)]);
  const entries = entriesOf(node);
  requireCount(node, entries.length, most, 'entries');
  return Object.freeze(entries.map(read));
}

function readAction(node: YamlNode, version: Version): string {
  const action = textOf(node, ACTIONS[version]);
  requireCharacters(node, action, LIMITS[version].actionLength);
  return action;
}

function readResource(node: YamlNode, version: Version): string {
  const resource = textOf(node, RESOURCE);
  const parts = resource === '*' ? undefined : splitResource(resource);
  if (resource !== '*' && (parts === undefined || parts[4] === ''))
    throw problemAt(node, `must be ${RESOURCE.rule}`);
  requireCharacters(node, resource, LIMITS[version].resourceLength);
  return resource;
}

function requireCharacters(node: YamlNode, text: string, most: number): void {
  if (text.length > most) throw problemAt(node, `must have at most ${most} characters`);
}

function requireCount(node: YamlNode, count: number, most: number, what: string): void {
  if (count >= 1 && count <= most) return;
  throw problemAt(node, most === Infinity ? `must hold 1 or more ${what}` : `must hold 1 to ${most} ${what}`);
}
