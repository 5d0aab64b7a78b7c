import { type Network, readNetwork } from './addresses.ts';
import type { ValueType } from './keys.ts';

/** How a value is compared. */
export type Comparison =
  | 'equal'
  | 'equal-in-any-case'
  | 'match'
  | 'start'
  | 'end'
  | 'less'
  | 'less-or-equal'
  | 'greater'
  | 'greater-or-equal'
  | 'within'
  | 'absent';

/** A condition operator: plain data. */
export interface Operator {
  readonly comparison: Comparison;
  /** Undefined: any. */
  readonly type: ValueType | undefined;
  /** True when no value may fit. */
  readonly isNegative: boolean;
  /** True when an absent key meets it. */
  readonly isIfExists: boolean;
  /** Whether all or one of a key’s several values have to fit. */
  readonly set: 'all' | 'any' | undefined;
}

/** What values are compared with. */
export type Operand = string | number | boolean | Network;

type Row = readonly [comparison: Comparison, type: ValueType | undefined, isNegative?: true];

const ROWS: Readonly<Record<string, Row>> = {
  StringEquals: ['equal', 'string'],
  StringNotEquals: ['equal', 'string', true],
  StringEqualsIgnoreCase: ['equal-in-any-case', 'string'],
  StringNotEqualsIgnoreCase: ['equal-in-any-case', 'string', true],
  StringMatch: ['match', 'string'],
  StringNotMatch: ['match', 'string', true],
  StringStartWith: ['start', 'string'],
  StringEndWith: ['end', 'string'],
  NumberEquals: ['equal', 'number'],
  NumberNotEquals: ['equal', 'number', true],
  NumberLessThan: ['less', 'number'],
  NumberLessThanEquals: ['less-or-equal', 'number'],
  NumberGreaterThan: ['greater', 'number'],
  NumberGreaterThanEquals: ['greater-or-equal', 'number'],
  DateLessThan: ['less', 'date'],
  DateLessThanEquals: ['less-or-equal', 'date'],
  DateGreaterThan: ['greater', 'date'],
  DateGreaterThanEquals: ['greater-or-equal', 'date'],
  Bool: ['equal', 'bool'],
  IpAddress: ['within', 'ip'],
  NotIpAddress: ['within', 'ip', true],
  Null: ['absent', undefined],
};

const PREFIXES: Readonly<Record<string, 'all' | 'any'>> = { ForAllValues: 'all', ForAnyValue: 'any' };
const NAME = /^(?:(?<prefix>ForAllValues|ForAnyValue):)?(?<name>[A-Za-z]+?)(?<suffix>IfExists)?$/;

/** Finds an operator by its exact name; undefined when there is none. */
export function findOperator(written: string): Operator | undefined {
  const { prefix = '', name = '', suffix } = NAME.exec(written)?.groups ?? {};
  const row = Object.hasOwn(ROWS, name) ? ROWS[name] : undefined;
  if (row === undefined) return undefined;
  const [comparison, type, isNegative = false] = row;
  const set = PREFIXES[prefix];
  if (comparison === 'absent' && suffix !== undefined) return undefined;
  if (set !== undefined && type !== 'string') return undefined;
  return Object.freeze({ comparison, type, isNegative, isIfExists: suffix !== undefined, set });
}

/** Reads a value as its operator needs it; undefined when it cannot. Patterns are no operands. */
export function readOperand({ comparison, type }: Operator, text: string): Operand | undefined {
  if (comparison === 'absent' || type === 'bool') return readBool(text);
  if (type === 'number') return /^-?\d{1,15}(?:\.\d{1,15})?$/.test(text) ? Number(text) : undefined;
  if (type === 'date') return readDate(text);
  if (type === 'ip') return readNetwork(text);
  return comparison === 'equal-in-any-case' ? text.toLowerCase() : text;
}

/** What a value of this operator has to be, after “must be”. */
export function operandRule({ comparison, type }: Operator): string {
  if (comparison === 'absent' || type === 'bool') return 'true or false';
  if (type === 'number') return 'a number';
  if (type === 'date') return 'a time with seconds and zone, such as 2026-01-31T12:00:00Z';
  return type === 'ip' ? 'an IP address or a network such as 10.0.0.0/8' : 'text';
}

function readBool(text: string): boolean | undefined {
  const folded = text.toLowerCase();
  return folded === 'true' ? true : folded === 'false' ? false : undefined;
}

const DATE =
  /^(\d{4}-(\d\d)-(\d\d))T(?:[01]\d|2[0-3])(?::[0-5]\d){2}(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** Epoch milliseconds of an ISO 8601 time with seconds and zone. */
export function readDate(text: string): number | undefined {
  const [, day = ''] = DATE.exec(text) ?? [];
  if (day === '') return undefined;
  // A day that its month does not have becomes one of the next.
  const midnight = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== day) return undefined;
  return Date.parse(text);
}
