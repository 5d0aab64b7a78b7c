import { type Form, type Row, requireFewColumns, type Stored } from './fields.ts';

/** How a table's part of a text begins when these columns are kept. */
interface Head {
  readonly kept: readonly number[];
  readonly text: string;
}

/** The text of a row below a head: a row that stays is written again whenever another one changes. */
export interface RowText {
  head: Head | undefined;
  text: string;
}

/**
 * One unambiguous text for everything that one MAC covers: a JSON array of the kind, then for each table with rows its
 * name, the names of its columns and the rows. A column is omitted where every row holds its fallback. So a field or a
 * table that is added later changes no text that was ever signed, while any value of it does.
 */
export function textOf(
  kind: string,
  parts: readonly (readonly [form: Form, rows: readonly Row[], texts?: readonly RowText[]])[],
): string {
  const written = [JSON.stringify(kind)];
  for (const [form, rows, texts = []] of parts)
    if (rows.length > 0) written.push(writePart(form, rows, texts));
  return `[${written.join(',')}]`;
}

function writePart(form: Form, rows: readonly Row[], texts: readonly RowText[]): string {
  const head = headOf(form, rows);
  const written = [head.text];
  for (let place = 0; place < rows.length; place += 1) {
    const known = texts[place] ?? { head: undefined, text: '' };
    if (known.head !== head) {
      known.head = head;
      known.text = writeRow(rows[place] ?? [], head.kept);
    }
    written.push(known.text);
  }
  return `${written.join(',')}]`;
}

/** The heads of a form that were ever needed, by the set of omitted columns. */
const headsOf = new WeakMap<Form, Map<number, Head>>();

function headOf(form: Form, rows: readonly Row[]): Head {
  const { columns, fallbacks, name } = form;
  let omitted = 0;
  for (let index = 0; index < fallbacks.length; index += 1) {
    const fallback = fallbacks[index];
    if (fallback !== undefined && holdsOnly(rows, index, fallback)) omitted |= 1 << index;
  }
  const heads = headsOf.get(form) ?? new Map<number, Head>();
  const known = heads.get(omitted);
  if (known !== undefined) return known;
  requireFewColumns(form);
  const kept = [...columns.keys()].filter((index) => (omitted & (1 << index)) === 0);
  const head = {
    kept,
    text: `[${JSON.stringify(name)},${JSON.stringify(kept.map((index) => columns[index]))}`,
  };
  headsOf.set(form, heads.set(omitted, head));
  return head;
}

function holdsOnly(rows: readonly Row[], index: number, value: Stored): boolean {
  for (const row of rows) if (row[index] !== value) return false;
  return true;
}

function writeRow(row: Row, kept: readonly number[]): string {
  const values: unknown[] = [];
  for (const index of kept) {
    const stored = row[index];
    // Unlike any text, this is an array.
    values.push(stored instanceof Uint8Array ? [base64Of(stored)] : stored);
  }
  return JSON.stringify(values);
}

function base64Of({ buffer, byteLength, byteOffset }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}
