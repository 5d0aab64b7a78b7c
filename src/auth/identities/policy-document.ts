import type { PolicyConditions, PolicyDocument, PolicyStatement } from '../../core/policy/document.ts';
import {
  entriesOf,
  fieldsOf,
  isList,
  printable,
  problemAt,
  requiredField,
  type TextRule,
  textOf,
  type YamlNode,
} from '../../yaml/yaml-node.ts';

const LIMITS = Object.freeze({ statements11: 8, statements: 100, strings: 100, operators: 10 });
const VERSION: TextRule = { pattern: /^(?:1\.1|5\.0)$/, rule: '"1.1" or "5.0"' };
const EFFECT: TextRule = { pattern: /^(?:Allow|Deny)$/, rule: 'Allow or Deny' };
const SID: TextRule = { pattern: /^[^\p{Cc}]{1,128}$/u, rule: '1 to 128 characters' };
const ACTION: TextRule = {
  pattern: /^(?:\*|[\w.*?-]{1,64}:[\w.*?-]{0,64}:[\w.*?-]{1,64})$/,
  rule: 'an action such as csms:secret:get, csms::createEvent or csms:*:*',
};
const RESOURCE: TextRule = {
  pattern: /^(?:\*|(?:[^:\p{Cc}]{0,128}:){4}[^\p{Cc}]{1,256})$/u,
  rule: '* or service:region:account:type:path',
};
const CONDITION_VALUE: TextRule = { pattern: /^[^\p{Cc}]{0,1024}$/u, rule: 'at most 1024 characters' };
const OPERATOR = /^(?:ForAllValues:|ForAnyValue:)?[A-Z][A-Za-z]{1,63}$/;
const CONDITION_KEY = /^[^\p{Cc}]{1,256}$/u;

/**
 * Reads a policy document and checks its shape, not its meaning.
 * 1.1: at most 8 statements with Action; 5.0: Sid, NotAction and NotResource as well.
 * Throws FileError with file, line and key.
 */
export function readPolicyDocument(node: YamlNode): PolicyDocument {
  const fields = fieldsOf(node, ['Version', 'Statement', 'Depends']);
  // The pattern of VERSION admits nothing else.
  const version = textOf(requiredField(node, fields, 'Version'), VERSION) as PolicyDocument['Version'];
  const depends = fields.get('Depends');
  if (depends !== undefined && (version === '5.0' || entriesOf(depends).length > 0)) {
    throw problemAt(depends, 'must be absent, or an empty list in version 1.1');
  }
  const list = requiredField(node, fields, 'Statement');
  const statements = entriesOf(list);
  const most = version === '1.1' ? LIMITS.statements11 : LIMITS.statements;
  if (statements.length < 1 || statements.length > most)
    throw problemAt(list, `must hold 1 to ${most} statements`);
  return Object.freeze({
    Version: version,
    Statement: Object.freeze(statements.map((statement) => readStatement(statement, version))),
  });
}

function readStatement(node: YamlNode, version: PolicyDocument['Version']): PolicyStatement {
  const only50 = version === '5.0' ? ['Sid', 'NotAction', 'NotResource'] : [];
  const fields = fieldsOf(node, ['Effect', 'Action', 'Resource', 'Condition', ...only50]);
  const sid = fields.get('Sid');
  const condition = fields.get('Condition');
  const actions = fields.get('Action');
  const notActions = fields.get('NotAction');
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
    Action: readStrings(actions, ACTION),
    NotAction: readStrings(notActions, ACTION),
    Resource: readStrings(fields.get('Resource'), RESOURCE),
    NotResource: readStrings(notResources, RESOURCE),
    Condition: condition === undefined ? undefined : readConditions(condition),
  });
}

function readStrings(node: YamlNode | undefined, rule: TextRule): readonly string[] | undefined {
  if (node === undefined) return undefined;
  const entries = entriesOf(node);
  if (entries.length < 1 || entries.length > LIMITS.strings) {
    throw problemAt(node, `must hold 1 to ${LIMITS.strings} entries`);
  }
  return Object.freeze(entries.map((entry) => textOf(entry, rule)));
}

function readConditions(node: YamlNode): PolicyConditions {
  const operators = fieldsOf(node);
  if (operators.size < 1 || operators.size > LIMITS.operators) {
    throw problemAt(node, `must hold 1 to ${LIMITS.operators} operators`);
  }
  const conditions = [...operators].map(([operator, keys]) => {
    if (!OPERATOR.test(operator)) throw problemAt(keys, `${printable(operator)} is no operator`);
    const values = [...fieldsOf(keys)].map(([key, value]) => {
      if (!CONDITION_KEY.test(key)) throw problemAt(value, 'must have a key of 1 to 256 characters');
      return [key, readConditionValues(value)] as const;
    });
    if (values.length === 0) throw problemAt(keys, 'must hold a condition key');
    return [operator, Object.freeze(Object.fromEntries(values))] as const;
  });
  return Object.freeze(Object.fromEntries(conditions));
}

/** A single value may be given without a list. */
function readConditionValues(node: YamlNode): readonly string[] {
  if (!isList(node)) return Object.freeze([textOf(node, CONDITION_VALUE)]);
  return readStrings(node, CONDITION_VALUE) ?? [];
}
