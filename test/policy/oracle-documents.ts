import { isReadable } from './oracle-values.ts';
import { findTableKey, TABLE_OPERATORS } from './tables.ts';

/** Whether a document is as it should be, by the table of documents, and what is wrong with it. Naive, as `oracle.ts`. */

const LIMITS = {
  '1.1': {
    statements: 8,
    members: ['Effect', 'Action', 'Resource', 'Condition'],
    actions: 100,
    actionLength: Infinity,
    resources: 10,
    resourceLength: 128,
  },
  '5.0': {
    statements: Infinity,
    members: ['Effect', 'Action', 'Resource', 'Condition', 'Sid', 'NotAction', 'NotResource'],
    actions: Infinity,
    actionLength: 128,
    resources: Infinity,
    resourceLength: Infinity,
  },
};
type Limits = (typeof LIMITS)['1.1'];

/** Undefined: nothing. */
export function faultOf(document: unknown): string | undefined {
  if (!isObject(document)) return 'no object';
  const { Version, Statement, ...others } = document;
  if (Version !== '1.1' && Version !== '5.0') return 'Version';
  const hasDepends = Version === '1.1' && Array.isArray(others.Depends) && others.Depends.length === 0;
  if (Object.keys(others).some((name) => name !== 'Depends' || !hasDepends)) return 'another member';
  const limits = LIMITS[Version];
  if (!Array.isArray(Statement) || Statement.length < 1) return 'Statement';
  if (Statement.length > limits.statements) return 'too many statements';
  if (Version === '5.0' && JSON.stringify(document).length > 131_072) return 'too long';
  return firstOf(Statement.map((statement) => statementFault(statement, Version, limits)));
}

const firstOf = (faults: readonly (string | undefined)[]) => faults.find((fault) => fault !== undefined);

const isObject = (written: unknown): written is Record<string, unknown> =>
  typeof written === 'object' && written !== null && !Array.isArray(written);

function statementFault(written: unknown, version: string, limits: Limits): string | undefined {
  if (!isObject(written)) return 'a statement that is no object';
  const { Effect, Sid, Action, NotAction, Resource, NotResource, Condition } = written;
  if (Object.keys(written).some((name) => !limits.members.includes(name))) return 'another member';
  if (Effect !== 'Allow' && Effect !== 'Deny') return 'Effect';
  if (Sid !== undefined && (typeof Sid !== 'string' || Sid.length > 128)) return 'Sid';
  if ((Action === undefined) === (NotAction === undefined)) return 'Action or NotAction';
  if (Resource !== undefined && NotResource !== undefined) return 'Resource and NotResource';
  const isAction = (text: string) =>
    text.length <= limits.actionLength &&
    (/^[^:]+:[^:]*:[^:]+$/.test(text) || (text === '*' && version === '5.0'));
  const isResource = (text: string) =>
    text.length <= limits.resourceLength && (text === '*' || hasFiveParts(text));
  return firstOf([
    listFault(Action ?? NotAction, limits.actions, isAction, 'Action'),
    listFault(Resource ?? NotResource ?? '*', limits.resources, isResource, 'Resource'),
    Condition === undefined ? undefined : conditionFault(Condition, version),
  ]);
}

/** Lists may be one string. */
function listFault(
  written: unknown,
  most: number,
  isRight: (text: string) => boolean,
  name: string,
): string | undefined {
  const all: unknown[] = Array.isArray(written) ? written : [written];
  if (all.length < 1 || all.length > most) return `${name}: how many`;
  return all.every((one) => typeof one === 'string' && isRight(one)) ? undefined : name;
}

/** Colons inside `${…}` do not separate. */
function hasFiveParts(text: string): boolean {
  const withoutVariables = text.replace(/\$\{(?:'[^']*'|[^'}])*\}/gsu, 'v');
  return /^(?:(?!\$\{)[^:])*(?::(?:(?!\$\{)[^:])*){3}:.+$/su.test(withoutVariables);
}

function conditionFault(written: unknown, version: string): string | undefined {
  if (!isObject(written) || Object.keys(written).length > 10) return 'operators';
  return firstOf(
    Object.entries(written).map(([operator, keys]) => {
      if (!isObject(keys)) return 'keys';
      return firstOf(
        Object.entries(keys).map(([key, values]) => comparisonFault(operator, key, values, version)),
      );
    }),
  );
}

const OPERATOR = /^(ForAllValues:|ForAnyValue:)?([A-Za-z]+?)(IfExists)?$/;

function comparisonFault(operator: string, key: string, values: unknown, version: string) {
  const [, prefix, name = '', suffix] = OPERATOR.exec(operator) ?? [];
  const type = Object.entries(TABLE_OPERATORS).find(([, names]) => names.includes(name))?.[0];
  if (type === undefined) return 'operator';
  if (name === 'Null' && suffix !== undefined) return 'IfExists behind Null';
  if (prefix !== undefined && type !== 'string') return 'a set of what is no string';
  const found = findTableKey(key);
  if (found === undefined && /^(?:g|csms|kms):/i.test(key)) return 'unknown key';
  if (found !== undefined && type !== 'any' && found.key.type !== type) return 'operator of another type';
  const isMulti = found?.key.isMulti === true;
  if (isMulti && prefix === undefined && name !== 'Null') return 'no prefix';
  if (!isMulti && prefix !== undefined) return 'prefix';
  const isRight = (text: string) => {
    const literal = text.replace(version === '5.0' ? /\$\{ *([$*?]) *\}/g : /\$\{ *(\$) *\}/g, '$1');
    const hasVariable = literal.includes(`\${`);
    return hasVariable || isReadable(name.replace('Not', ''), literal);
  };
  return listFault(values, Infinity, isRight, 'value');
}
