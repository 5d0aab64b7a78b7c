import { createHash } from 'node:crypto';
import { StartError } from '../../../app/start-error.ts';
import type { Row, Stored } from '../../columns/fields.ts';
import { textOf } from '../../columns/texts.ts';
import type { RowMac } from '../../row-mac.ts';
import type { Connection } from '../engine/open.ts';
import { parseNames } from '../tables/subscriptions.ts';

/**
 * A row of schema 12, its columns in their declared order. Nothing here depends on the program's tables, which keep
 * changing.
 */
type OldRow = Readonly<Record<string, Stored>>;

/** What a MAC covers of one table: the values in the old text, and the part of the new text. */
interface Covered {
  readonly old: readonly unknown[][];
  readonly part: Parameters<typeof textOf>[1][number];
}

/** Rows that are authenticated alone, by kind: the table, and its key. */
const WHOLES = {
  event: ['event', 'project_id, name'],
  notification: ['notification', 'id'],
  task: ['task', 'id'],
  checker: ['checker_config', 'project_id'],
  'destroyed-key': ['kms_key_destroyed', 'project_id, id'],
  'signing-key': ['signing_key', 'only_row'],
} as const;

/** Columns that locate a row, or repeat what is authenticated elsewhere. */
const PLACES = ['row', 'only_row', 'row_mac', 'contents_digest', 'secret_row', 'key_id', 'expiry_project_id'];
const FLAGS = ['auto_rotation', 'is_default', 'expiry_notified', 'checks_strength', 'is_automatic'];
const LISTS = ['event_subscriptions', 'types'];
/** Rows that are read at a time. */
const PAGE_ROWS = 500;

/**
 * Signs every row anew whose MAC was right for the texts up to schema 12. All others stay as they are: what was damaged
 * before is damaged afterwards. Runs inside the transaction of its migration. Throws StartError (damaged) when the record
 * of the installation is not the signed one.
 */
export function signNamedFields(db: Connection, mac: RowMac): void {
  signInstallation(db, mac);
  for (const [kind, [table, key]] of Object.entries(WHOLES)) {
    signAll(db, { table, key }, (row) => {
      const covered = cover(table, [row]);
      return resign(mac, row, { kind, old: covered.old.flat(), parts: [covered] });
    });
  }
  signAll(db, { table: 'clock', key: 'only_row' }, (row) => {
    const covered = cover('clock', [row]);
    const [seen, ...hold] = covered.old.flat();
    return resign(mac, row, { kind: 'clock', old: [seen, presentPair(hold)], parts: [covered] });
  });
  signGrants(db, mac);
  signKeys(db, mac);
  signSecrets(db, mac);
}

/** An unsigned record is left to the start, which knows whether that is allowed. */
function signInstallation(db: Connection, mac: RowMac): void {
  signAll(db, { table: 'installation', key: 'only_row' }, (row) => {
    if (row.row_mac === null) return undefined;
    const covered = cover('installation', [row], ['roll']);
    const signed = resign(mac, row, { kind: 'installation', old: covered.old.flat(), parts: [covered] });
    if (signed !== undefined) return signed;
    throw new StartError('damaged', 'the database’s record of its installation has been changed');
  });
}

function signGrants(db: Connection, mac: RowMac): void {
  const find = db.prepare<[Stored?], OldRow>('SELECT project_id, id AS secret_id FROM secret WHERE row = ?');
  signAll(db, { table: 'secret_grant', key: 'id' }, (row) => {
    const owner = find.get(row.secret_row) ?? {};
    const covered = cover('secret_grant', [{ ...row, ...owner }], ['project_id', 'secret_id']);
    // The old text began with the address.
    const fields = covered.old.flat();
    const old = [...fields.slice(-2), ...fields.slice(0, -2)];
    return resign(mac, row, { kind: 'grant', old, parts: [covered] });
  });
}

function signKeys(db: Connection, mac: RowMac): void {
  const where = 'project_id = ? AND key_id = ?';
  const read = (table: string, order: string) => createPartRead(db, { table, where, order });
  const readAliases = read('kms_key_alias', 'alias');
  const readTags = read('kms_key_tag', 'position');
  const readVersions = read('kms_key_version', 'number');
  signAll(db, { table: 'kms_key', key: 'project_id, id' }, (row) => {
    const key = [row.project_id, row.id] as const;
    const [aliases, tags, versions] = [readAliases(...key), readTags(...key), readVersions(...key)];
    const covered = cover('kms_key', [row]);
    const fields = covered.old.flat();
    const rotation = presentPair(fields.slice(-3, -1));
    const pairs = tags.old.map(([key, value, position], index) => (position === index ? [key, value] : []));
    const old = [
      ...fields.slice(0, 3),
      aliases.old,
      ...fields.slice(3, -3),
      rotation,
      pairs,
      ...fields.slice(-1),
      versions.old,
    ];
    return resign(mac, row, { kind: 'key', old, parts: [covered, aliases, tags, versions] });
  });
}

/**
 * Where the row is right and its contents are not, the row keeps its digest: no contents have that digest in the new
 * form.
 */
function signSecrets(db: Connection, mac: RowMac): void {
  const read = (table: string, order: string) =>
    createPartRead(db, { table, where: 'secret_row = ?', order });
  const [readVersions, readStages, readTags] = [
    read('version', 'number'),
    read('stage', 'slot'),
    read('secret_tag', 'key'),
  ];
  signAll(db, { table: 'secret', key: 'row', writes: 'row_mac = ?, contents_digest = ?' }, (row) => {
    const signed = Buffer.from(row.contents_digest as Uint8Array);
    const [versions, stages, tags] = [readVersions(row.row), readStages(row.row), readTags(row.row)];
    const isSame = sha256(JSON.stringify([versions.old, stages.old, tags.old])).equals(signed);
    const digest = isSame ? sha256(textOf('contents/2', [versions.part, stages.part, tags.part])) : signed;
    const next = cover('secret', [{ ...row, contents_digest: digest }], ['contents_digest']);
    const old = [...next.old.flat().slice(0, -1), signed.toString('hex')];
    const rowMacs = resign(mac, row, { kind: 'secret', old, parts: [next] });
    return rowMacs && [...rowMacs, digest];
  });
}

/** The new MAC of a row; undefined when the old one was not right. */
function resign(
  mac: RowMac,
  row: OldRow,
  {
    kind,
    old,
    parts,
  }: { readonly kind: string; readonly old: readonly unknown[]; readonly parts: readonly Covered[] },
): [Buffer] | undefined {
  if (!mac.verify(JSON.stringify([`${kind}/1`, ...old]), row.row_mac as Uint8Array)) return undefined;
  return [
    mac.sign(
      textOf(
        `${kind}/2`,
        parts.map(({ part }) => part),
      ),
    ),
  ];
}

/**
 * Walks a table by its key, and writes what `sign` returns for a row. It continues only after signed rows and counts the
 * others: text that is not UTF-8 reads as other text, which may sort before it.
 */
function signAll(
  db: Connection,
  {
    key,
    table,
    writes = 'row_mac = ?',
  }: { readonly table: string; readonly key: string; readonly writes?: string },
  sign: (row: OldRow) => readonly Buffer[] | undefined,
): void {
  const columns = key.split(', ');
  const marks = columns.map(() => '?').join(', ');
  const order = `ORDER BY ${key} LIMIT ${PAGE_ROWS} OFFSET ?`;
  const first = db.prepare<unknown[], OldRow>(`SELECT * FROM ${table} ${order}`);
  const next = db.prepare<unknown[], OldRow>(`SELECT * FROM ${table} WHERE (${key}) > (${marks}) ${order}`);
  const update = db.prepare(`UPDATE ${table} SET ${writes} WHERE (${key}) = (${marks})`);
  const keyOf = (row: OldRow) => columns.map((column) => row[column]);
  let [last, offset]: [OldRow | undefined, number] = [undefined, 0];
  for (;;) {
    const rows: OldRow[] = last === undefined ? first.all(offset) : next.all(...keyOf(last), offset);
    if (rows.length === 0) return;
    for (const row of rows) {
      const signed = sign(row);
      [last, offset] = signed === undefined ? [last, offset + 1] : [row, 0];
      if (signed !== undefined) update.run(...signed, ...keyOf(row));
    }
  }
}

function createPartRead(
  db: Connection,
  { order, table, where }: { readonly table: string; readonly where: string; readonly order: string },
): (...key: readonly (Stored | undefined)[]) => Covered {
  const rows = db.prepare<unknown[], OldRow>(`SELECT * FROM ${table} WHERE ${where} ORDER BY ${order}`);
  return (...key) =>
    cover(
      table,
      rows.all(...key).map(({ project_id: _, ...row }) => row),
    );
}

/** `more`: columns that the new text names after the others. */
function cover(table: string, rows: readonly OldRow[], more: readonly string[] = []): Covered {
  const declared = Object.keys(rows[0] ?? {}).filter(
    (column) => !PLACES.includes(column) && !more.includes(column),
  );
  const columns = [...declared.toSorted(), ...more];
  const fallbacks = columns.map((column) => (column === 'expiry_notified' ? 0 : null));
  const pick = (row: OldRow): Row => columns.map((column) => row[column] ?? null);
  const told = [...declared, ...more];
  return {
    old: rows.map((row) => told.map((column) => oldValue(column, row[column] ?? null))),
    part: [{ name: table, columns, fallbacks }, rows.map(pick)],
  };
}

/** The value of a column in the old texts: true and false for 1 and 0, a list for its JSON, Base64 for bytes. */
function oldValue(column: string, stored: Stored): unknown {
  if (stored instanceof Uint8Array) return Buffer.from(stored).toString('base64');
  if (FLAGS.includes(column) && (stored === 0 || stored === 1)) return stored === 1;
  if (!LISTS.includes(column)) return stored;
  const list = parseNames(String(stored));
  return JSON.stringify(list) === stored ? list : stored;
}

function presentPair(pair: readonly unknown[]): readonly unknown[] | null {
  return pair.every((value) => value === null) ? null : pair;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
