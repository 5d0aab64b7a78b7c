import { isWithin, type Network } from './addresses.ts';
import type { PolicyConditions, PolicyDocument } from './document.ts';
import { type ContextValue, UNKNOWN, type Unknown } from './facts.ts';
import { findKey, type NamedKey } from './keys.ts';
import { findOperator, type Operand, type Operator, readOperand } from './operators.ts';
import { fitsPattern } from './pattern.ts';
import { fitsTemplate, readTemplate, resolvePieces, resolveText, type Template } from './template.ts';
import { type View, valueFor } from './view.ts';

/** A value of a condition; without variables it is read once. */
interface Value {
  readonly template: Template;
  readonly operand: Operand | undefined;
}

/** One operator on one key: plain data. */
export interface Condition {
  readonly key: NamedKey;
  readonly operator: Operator;
  readonly values: readonly Value[];
}

/** Whether a value fits; undefined: it cannot be read, so it fits nothing and spoils a negative operator. */
type Fit = boolean | Unknown | undefined;

/** Prepares the conditions of a statement. Throws Error for operators and keys that no checked document has. */
export function compileConditions(
  conditions: PolicyConditions | undefined,
  version: PolicyDocument['Version'],
): readonly Condition[] {
  return Object.entries(conditions ?? {}).flatMap(([name, keys]) => {
    const operator = findOperator(name);
    return Object.entries(keys).map(([written, values]) => {
      const key = findKey(written);
      if (operator === undefined || key === undefined) throw new Error('the document is not checked');
      return { key, operator, values: values.map((value) => compileValue(operator, value, version)) };
    });
  });
}

function compileValue(operator: Operator, written: string, variables: PolicyDocument['Version']): Value {
  const isPattern = operator.comparison === 'match';
  const template = readTemplate(written, { variables, hasWildcards: isPattern });
  const isFixed = template.kind === 'exact' && !isPattern;
  return { template, operand: isFixed ? readOperand(operator, template.text) : undefined };
}

/** Whether a condition of a statement with this effect is met. */
export function isMet(
  { key, operator, values }: Condition,
  effect: 'Allow' | 'Deny',
  view: View,
): boolean | Unknown {
  const actual = valueFor(view, key);
  if (actual === UNKNOWN) return UNKNOWN;
  if (operator.comparison === 'absent') {
    return negatedIf(false, fitOfAny(operator, values, actual === undefined, view));
  }
  if (actual === undefined) return isMetByAbsence(operator, effect);
  if (operator.set !== undefined && Array.isArray(actual)) return isMetBySet(operator, values, actual, view);
  return negatedIf(operator.isNegative, fitOfAny(operator, values, actual, view));
}

function isMetByAbsence({ isIfExists, isNegative, set }: Operator, effect: 'Allow' | 'Deny'): boolean {
  if (isIfExists || set === 'all') return true;
  return set === undefined && isNegative && effect === 'Deny';
}

function isMetBySet(
  operator: Operator,
  values: readonly Value[],
  actual: readonly string[],
  view: View,
): boolean | Unknown {
  const fits = actual.map((one) => fitOfAny(operator, values, one, view));
  if (operator.isNegative && fits.includes(undefined)) return false;
  const met = fits.map((fit) => negatedIf(operator.isNegative, fit));
  if (operator.set === 'any') return anyOf(met, (one) => one);
  return negated(anyOf(met, negated));
}

/** Whether any of the values fits; undefined when the operator is negative and one of them cannot be read. */
function fitOfAny(operator: Operator, values: readonly Value[], actual: ContextValue, view: View): Fit {
  let fit: boolean | Unknown = false;
  for (const value of values) {
    const one = fitOf(operator, value, actual, view);
    if (one === undefined && operator.isNegative) return undefined;
    if (one === true && !operator.isNegative) return true;
    if (one === true || (one === UNKNOWN && fit === false)) fit = one;
  }
  return fit;
}

function fitOf(operator: Operator, { template, operand }: Value, actual: ContextValue, view: View): Fit {
  if (operand !== undefined) return compare(operator, actual, operand);
  if (operator.comparison === 'match') return fitOfPattern(template, String(actual), view);
  const text = resolveText(template, view);
  if (text === undefined || text === UNKNOWN) return text;
  const read = readOperand(operator, text);
  return read === undefined ? undefined : compare(operator, actual, read);
}

function fitOfPattern(template: Template, actual: string, view: View): Fit {
  if (template.kind === 'nothing') return undefined;
  if (template.kind !== 'variable') return fitsTemplate(template, actual, view);
  const pieces = resolvePieces(template, view);
  return pieces === undefined || pieces === UNKNOWN ? pieces : fitsPattern(pieces, actual);
}

function compare({ comparison }: Operator, actual: ContextValue, operand: Operand): boolean {
  switch (comparison) {
    case 'equal':
    case 'absent':
      return actual === operand;
    case 'equal-in-any-case':
      return String(actual).toLowerCase() === operand;
    case 'start':
      return String(actual).startsWith(String(operand));
    case 'end':
      return String(actual).endsWith(String(operand));
    case 'less':
      return actual < operand;
    case 'less-or-equal':
      return actual <= operand;
    case 'greater':
      return actual > operand;
    case 'greater-or-equal':
      return actual >= operand;
    case 'within':
      // Operands of this comparison are networks.
      return isWithin(String(actual), operand as Network);
    case 'match':
      // Patterns are compared as templates.
      return false;
  }
}

function negatedIf(isNegative: boolean, fit: Fit): boolean | Unknown {
  if (fit === undefined) return false;
  return isNegative ? negated(fit) : fit;
}

/** The opposite; of the unknown, the unknown. */
export function negated(value: boolean | Unknown): boolean | Unknown {
  return value === UNKNOWN ? UNKNOWN : !value;
}

/** True when one is; else unknown when one is; else false. */
export function anyOf<T>(all: readonly T[], test: (one: T) => boolean | Unknown): boolean | Unknown {
  let result: boolean | Unknown = false;
  for (const one of all) {
    const met = test(one);
    if (met === true) return true;
    if (met === UNKNOWN) result = UNKNOWN;
  }
  return result;
}
