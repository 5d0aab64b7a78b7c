import { SecretError } from '../../core/errors.ts';

/** What a column holds, whatever the engine. */
export type Stored = string | number | Uint8Array | null;

/** What the columns of one row hold, in the order of its table. */
export type Row = readonly Stored[];

/** How one field of a thing is kept in a column; what has no functions is stored as it is. */
export interface Field<V> {
  readonly encode?: (value: V) => Stored;
  /** Reverses `encode` for authenticated values: only checked values were ever signed, so nothing is checked again. */
  readonly decode?: (stored: Stored) => V;
  /**
   * The value in rows older than the field. Authenticated texts omit it, so it must never change. A field that its table
   * has always had needs none.
   */
  readonly fallback?: Stored;
  /** The column; default: the field's name in snake case. */
  readonly column?: string;
}

/** A field that is stored as it is: text, a whole number, bytes. */
export function plain<V extends string | number | Uint8Array>(): Field<V> {
  return {};
}

/** A field that is true or false: 1 or 0. */
export function flag(): Field<boolean> {
  return { encode: (value) => (value ? 1 : 0), decode: (stored) => stored === 1 };
}

/** A list of names, as JSON. */
export function names<V extends string>(): Field<readonly V[]> {
  return { encode: (value) => JSON.stringify(value), decode: (stored) => JSON.parse(stored as string) };
}

/** A field that may be absent, and is by default. */
export function optional<V extends string | number>(): Field<V | undefined> {
  return { encode: (value) => value ?? null, decode: (stored) => (stored ?? undefined) as V, fallback: null };
}

/** A field that is newer than its table, or rarely differs: its default is `value`. */
export function otherwise<V>(value: V, field: Field<V>): Field<V> {
  return { ...field, fallback: field.encode === undefined ? (value as Stored) : field.encode(value) };
}

/** A part of a thing with all its fields or none: the tables allow nothing else. */
export function allOf<T extends object>(parts: { readonly [N in keyof T]: T[N] | undefined }): T | undefined {
  // The cast holds because one absent field means that all are.
  return Object.values(parts).includes(undefined) ? undefined : (parts as T);
}

/** What an authenticated text says about a table: its name, its columns in the order of their rows, and their fallbacks. */
export interface Form {
  readonly name: string;
  readonly columns: readonly string[];
  readonly fallbacks: readonly (Stored | undefined)[];
}

/** A table, with everything that follows from the fields of what it holds. */
export interface Table<T> extends Form {
  /** Begins the texts that the MAC in this row covers. */
  readonly kind: string;
  /** What findings call a row, before its key. */
  readonly label: string;
  /** Columns of the fields alone, in the order of their names: what `encode` fills. */
  readonly own: readonly string[];
  /** Columns that identify a row; none where there is only one row. */
  readonly key: readonly string[];
  encode(thing: T): Stored[];
  /** `row` may have more columns after those of the fields. */
  decode(row: Row): T;
  /**
   * A thing from JSON that an older program may have written. Throws damaged when a field without a fallback is missing.
   */
  complete(written: unknown): T;
}

/** How a kind of thing is stored. `F`: its fields, all on one level. */
export interface Layout<T, F> {
  readonly name: string;
  /**
   * For rows with a MAC: distinguishes texts of one kind and form from all others. When the meaning of stored values
   * changes, so does the number, and a migration signs the rows anew.
   */
  readonly kind?: string;
  /** Absent: the word of the kind. */
  readonly label?: string;
  readonly fields: { readonly [N in keyof F]-?: Field<F[N]> };
  readonly key?: readonly string[];
  /** Columns that are authenticated with the row without being fields of the thing. */
  readonly more?: readonly string[];
  /** Flattens a thing with parts into fields. */
  readonly flatten?: (thing: T) => F;
  readonly gather?: (flat: F) => T;
}

/** Derives once what follows from the fields. */
export function defineTable<T extends object, F extends object = T>(layout: Layout<T, F>): Table<T> {
  const { flatten, gather, key = [], more = [], name, kind = name, label = wordOf(kind) } = layout;
  // The cast drops which value belongs to which field: they are always used in pairs.
  const fields = (Object.entries(layout.fields) as [string, Field<unknown>][])
    .map(([field, { column = snakeCase(field), ...rest }]) => ({ field, column, ...rest }))
    .sort((one, other) => (one.column < other.column ? -1 : 1));
  const blank = Object.fromEntries(fields.map(({ field }) => [field, undefined]));
  const own = fields.map(({ column }) => column);
  return {
    name,
    kind,
    label,
    own,
    key,
    columns: [...own, ...more],
    fallbacks: fields.map(({ fallback }) => fallback),
    encode(thing) {
      const flat = (flatten === undefined ? thing : flatten(thing)) as Record<string, Stored>;
      const row: Stored[] = [];
      for (const { encode, field } of fields) {
        const value = flat[field] as Stored;
        row.push(encode === undefined ? value : encode(value));
      }
      return row;
    },
    decode(row) {
      // A copy that starts with all fields keeps its shape.
      const flat: Record<string, unknown> = { ...blank };
      for (const [index, { decode, field }] of fields.entries()) {
        const stored = row[index] as Stored;
        flat[field] = decode === undefined ? stored : decode(stored);
      }
      return gather === undefined ? (flat as T) : gather(flat as F);
    },
    complete: (written) => complete(fields, written) as T,
  };
}

interface NamedField extends Field<unknown> {
  readonly field: string;
}

function complete(fields: readonly NamedField[], written: unknown): Record<string, unknown> {
  const known = (written ?? {}) as Record<string, unknown>;
  const lacking = fields.find(
    ({ fallback, field }) => fallback === undefined && !Object.hasOwn(known, field),
  );
  if (lacking !== undefined) throw new SecretError('damaged', `A ${lacking.field} is missing.`);
  return Object.fromEntries(
    fields.map(({ decode, fallback = null, field }) => {
      const isWritten = Object.hasOwn(known, field);
      const absent = decode === undefined ? fallback : decode(fallback);
      return [field, isWritten ? known[field] : absent];
    }),
  );
}

/** Throws RangeError for a table with so many columns that a set of them is not a number of 32 bits. */
export function requireFewColumns({ columns, name }: Pick<Form, 'columns' | 'name'>): void {
  if (columns.length > 32) throw new RangeError(`${name} has too many columns`);
}

/** The word for things of a kind: `signing key` for `signing-key/2`. */
export function wordOf(kind: string): string {
  return kind.replace(/\/.*/, '').replaceAll('-', ' ');
}

/** Kind and address of a row, as findings name it. */
export function addressOf({ label }: Pick<Table<never>, 'label'>, key: readonly unknown[]): string {
  return key.length === 0 ? label : `${label} ${key.join('/')}`;
}

function snakeCase(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
