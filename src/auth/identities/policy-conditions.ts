import type { PolicyConditions, PolicyDocument } from '../../core/policy/document.ts';
import { findKey, type NamedKey } from '../../core/policy/keys.ts';
import { findOperator, type Operator, operandRule, readOperand } from '../../core/policy/operators.ts';
import { readTemplate } from '../../core/policy/template.ts';
import {
  entriesOf,
  fieldsOf,
  isList,
  printable,
  problemAt,
  type TextRule,
  textOf,
  type YamlNode,
} from '../../yaml/yaml-node.ts';

const OPERATORS_MAX = 10;
const VALUE: TextRule = { pattern: /^/, rule: 'text' };
/** A key belongs to a service, so that one that is misspelt is not taken for another service’s. */
const KEY = /^[\w-]+:[^\p{Cc}]+$/u;

/** Reads and checks the conditions of a statement. Throws FileError with file, line and key. */
export function readConditions(node: YamlNode, version: PolicyDocument['Version']): PolicyConditions {
  const operators = fieldsOf(node);
  if (operators.size > OPERATORS_MAX) throw problemAt(node, `must hold at most ${OPERATORS_MAX} operators`);
  const conditions = [...operators].map(([name, keys]) => {
    const operator = findOperator(name);
    if (operator === undefined) throw problemAt(keys, `${printable(name)} is no operator`);
    const values = [...fieldsOf(keys)].map(([written, value]) => {
      requireKey(value, written, operator);
      return [written, readValues(value, operator, version)] as const;
    });
    if (values.length === 0) throw problemAt(keys, 'must hold a condition key');
    return [name, Object.freeze(Object.fromEntries(values))] as const;
  });
  return Object.freeze(Object.fromEntries(conditions));
}

function requireKey(node: YamlNode, written: string, operator: Operator): void {
  const key = KEY.test(written) ? findKey(written) : undefined;
  if (key === undefined) throw problemAt(node, 'is no known condition key');
  if (operator.type !== undefined && (key.type ?? operator.type) !== operator.type) {
    throw problemAt(node, `is of type ${key.type}, which this operator does not compare`);
  }
  requireSet(node, key, operator);
}

function requireSet(node: YamlNode, { isMulti }: NamedKey, { comparison, set }: Operator): void {
  if (isMulti && set === undefined && comparison !== 'absent') {
    throw problemAt(node, 'has several values: the operator needs ForAllValues: or ForAnyValue: in front');
  }
  if (!isMulti && set !== undefined) {
    throw problemAt(node, 'has one value: the operator must not have ForAllValues: or ForAnyValue: in front');
  }
}

/** A single value may be given without a list. */
function readValues(
  node: YamlNode,
  operator: Operator,
  version: PolicyDocument['Version'],
): readonly string[] {
  const entries = isList(node) ? entriesOf(node) : [node];
  if (entries.length === 0) throw problemAt(node, 'must hold 1 or more entries');
  return Object.freeze(entries.map((entry) => readValue(entry, operator, version)));
}

/** What variables bring is only known later. */
function readValue(node: YamlNode, operator: Operator, version: PolicyDocument['Version']): string {
  const value = textOf(node, VALUE);
  const template = readTemplate(value, { variables: version, hasWildcards: false });
  if (template.kind === 'exact' && readOperand(operator, template.text) === undefined) {
    throw problemAt(node, `must be ${operandRule(operator)}`);
  }
  return value;
}
