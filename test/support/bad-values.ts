import { Ajv } from 'ajv';
import fc from 'fast-check';
import type { Operation, Schema } from './answers.ts';

/** A place in a body: the keys that lead to it, and what may stand there. The key of every array item is 0. */
export interface Field {
  readonly keys: readonly (string | number)[];
  readonly schema: Schema;
}

const common = { allErrors: false, strict: false } as const;
const bodies = new Ajv(common);
// A query is text; the server reads numbers and booleans from it in the same way.
const queries = new Ajv({ ...common, coerceTypes: true });
for (const ajv of [bodies, queries]) ajv.addFormat('int64', true);

const UUID = 'c0a80101-0000-4000-8000-00000000abcd';
/** Text of many shapes: the first that fits a schema is its sample. */
const TEXTS = ['x', 'v1', '7', '30d', 'AAEC', '2030-01-01', 'true', UUID, 'ab'.repeat(16), 'A'.repeat(128)];
const HUGE = 100_000;
/** Values that have broken some server: types, bounds, encodings, names that mean something to a language or a store. */
const POOL: readonly unknown[] = [
  ...[null, true, false, 0, 1, -1, 1.5, 2 ** 31, 2 ** 53, -1e308, 1e308],
  ...['', ' ', '\t\n', '\0', '\ud800', '\ufeff', 'é', '🔑', 'x\n', '-', '.', '..', '../x', '%00'],
  ...['%', '{}', '[]', 'NaN', '1e400', '0x10', '__proto__', 'constructor', '$ne', '<script>', UUID],
  "'; DROP TABLE secret; --",
  ...['x'.repeat(37), 'x'.repeat(65), 'x'.repeat(129), 'x'.repeat(256), 'x'.repeat(2_049), 'x'.repeat(HUGE)],
  ...[[], [null], [1], [[]], [{}], ['x', 'x'], Array(1_001).fill('x')],
  ...[{}, { length: 1 }, { toString: 'x' }, { constructor: { prototype: 1 } }],
];
/** Lists and objects of as many levels as a body may hold values, as JSON text. */
export const DEEP = [
  '['.repeat(49_000) + ']'.repeat(49_000),
  `${'{"a":'.repeat(49_000)}1${'}'.repeat(49_000)}`,
];
/** What a list must refuse as the size or the place of a page, whatever its schema says. */
export const PAGES: Readonly<Record<string, readonly string[]>> = {
  limit: ['0', '-1', '1.5', 'x', '1001', '99999999999999999999'],
  offset: ['-1', '1.5', 'x'],
  marker: ['a b', '\0', 'x'.repeat(300)],
};

/** Every field of a body, also those of objects and of lists in it. */
export function fieldsOf(schema: Schema, keys: Field['keys'] = []): Field[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => {
    const field = { keys: [...keys, name], schema: inner };
    return [field, ...fieldsOf(inner, field.keys)];
  });
  const item = schema.items;
  if (item === undefined) return own;
  const field = { keys: [...keys, 0], schema: item };
  return [...own, field, ...fieldsOf(item, field.keys)];
}

/**
 * A value that the schema accepts: an object has the fields that are required or known. `known` has the values of some
 * names, so that what is asked for exists. Throws when nothing is found.
 */
export function sampleOf(schema: Schema, known: Readonly<Record<string, unknown>>, name = ''): unknown {
  if (name in known && accepts(schema, known[name])) return known[name];
  const [option] = schema.anyOf ?? schema.oneOf ?? [];
  if (option !== undefined) return sampleOf(option, known, name);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const [type] = [schema.type ?? 'object'].flat();
  if (type === 'boolean') return true;
  if (type === 'integer' || type === 'number') return schema.minimum ?? Math.min(1, schema.maximum ?? 1);
  if (type === 'string') return sampleText(schema);
  const { items, minItems = 1, properties = {}, required = [] } = schema;
  if (type === 'array') return Array.from({ length: minItems }, () => sampleOf(items ?? {}, known, name));
  const keys = Object.keys(properties).filter((key) => required.includes(key) || key in known);
  return Object.fromEntries(keys.map((key) => [key, sampleOf(properties[key] ?? {}, known, key)]));
}

function sampleText(schema: Schema): string {
  const found = TEXTS.find((text) => accepts(schema, text));
  if (found !== undefined) return found;
  const [made] = fc.sample(fc.stringMatching(new RegExp(schema.pattern ?? '', 'u')), { numRuns: 1, seed: 1 });
  if (made === undefined || !accepts(schema, made))
    throw new Error(`no sample for ${JSON.stringify(schema)}`);
  return made;
}

/** A copy of the body with another value in a field; what leads there is made from samples. */
export function withField(body: unknown, whole: Schema, field: Field, value: unknown): unknown {
  const copy = structuredClone(body) as Record<string | number, unknown>;
  let schema = whole;
  let place = copy;
  field.keys.forEach((key, index) => {
    schema = (typeof key === 'number' ? schema.items : schema.properties?.[key]) ?? {};
    if (index === field.keys.length - 1) place[key] = value;
    else {
      place[key] ??= sampleOf(schema, {}, String(key));
      place = place[key] as Record<string | number, unknown>;
    }
  });
  return copy;
}

/** The pool, and what breaks this very schema: one item too many, one twice, a choice in another case. */
export function valuesFor(schema: Schema, name: string): unknown[] {
  const { items, maxItems, enum: choices = [] } = schema;
  const item = items && sampleOf(items, {}, name);
  const lists = items === undefined ? [] : [[item, item], Array((maxItems ?? 100) + 1).fill(item)];
  const texts = choices.filter((choice) => typeof choice === 'string');
  const cases = texts.flatMap((text) => [text.toLowerCase(), text.toUpperCase(), `${text} `]);
  return [...POOL, ...lists, ...cases, ...(PAGES[name] ?? [])];
}

/** The same as JSON text, with what no value of JavaScript stands for. */
export function textsFor(schema: Schema, name: string): string[] {
  const values = valuesFor(schema, name).map((value) => JSON.stringify(value));
  return [...values, '1e400', '-1e400', '9007199254740993', ...DEEP];
}

/** Whether a body, or a part of one, fits its schema. */
export function accepts(schema: Schema, value: unknown): boolean {
  return bodies.validate(schema, value);
}

/** Whether a query parameter may have this value; a list stands for one that is given more than once. */
export function acceptsQuery(schema: Schema, value: string | readonly string[]): boolean {
  return queries.validate({ type: 'object', properties: { value: schema } }, { value });
}

/** The parameters of an operation that are in its query or in its path. */
export function parametersOf(operation: Operation, place: 'query' | 'path') {
  return (operation.parameters ?? []).filter((parameter) => parameter.in === place);
}
