import type Database from 'better-sqlite3';

/** Tables with what finds the rows of one project in them. */
const VERSION_ROWS =
  'SELECT v.row FROM version v JOIN secret s ON s.row = v.secret_row WHERE s.project_id = :project';
const SECRET_ROWS = 'SELECT row FROM secret WHERE project_id = :project';
export const ROWS = {
  secret: 'project_id = :project',
  version: `secret_row IN (${SECRET_ROWS})`,
  stage: `secret_row IN (${SECRET_ROWS})`,
  secret_tag: `secret_row IN (${SECRET_ROWS})`,
  secret_grant: `secret_row IN (${SECRET_ROWS})`,
  version_key: `version_row IN (${VERSION_ROWS})`,
  version_body: `version_row IN (${VERSION_ROWS})`,
  kms_key: 'project_id = :project',
  kms_key_version: 'project_id = :project',
  kms_key_alias: 'project_id = :project',
  kms_key_tag: 'project_id = :project',
  event: 'project_id = :project',
  // A notification that was moved to another project is found by its own place.
  notification: "instr(id, :project || '-') = 1",
  checker_config: 'project_id = :project',
  task: "instr(id, :project || '-') = 1",
} as const;

type Table = keyof typeof ROWS;

/** One thing that is done to the stored rows of one project. */
export interface Tampering {
  readonly claim: string;
  readonly tamper: (db: Database.Database, project: string) => void;
}

interface Column {
  readonly name: string;
  readonly type: string;
}

/** Every column of every row of a project: another value, and NULL where there is a value and NULL is allowed. */
export function everyColumn(db: Database.Database, project: string): Tampering[] {
  return (Object.keys(ROWS) as Table[]).flatMap((table) => {
    const rows = rowsOf(db, table, project);
    return columnsOf(db, table).flatMap((column) =>
      rows.flatMap((row, index) => {
        const values = [changedValue(column)];
        if (column.nullable && row[column.name] !== null) values.push('NULL');
        return values.map((value): Tampering => {
          const claim = `${table}.${column.name} of row ${index} set to ${value}`;
          const where = { table, column: column.name, index, value };
          return { claim, tamper: (target, projectId) => changeColumn(target, { ...where, projectId }) };
        });
      }),
    );
  });
}

function columnsOf(db: Database.Database, table: Table): (Column & { readonly nullable: boolean })[] {
  const columns = db.prepare<[string], Column & { mandatory: number; pk: number }>(
    'SELECT name, type, "notnull" AS mandatory, pk FROM pragma_table_info(?)',
  );
  return columns
    .all(table)
    .map((column) => ({ ...column, nullable: column.mandatory === 0 && column.pk === 0 }));
}

function rowsOf(db: Database.Database, table: Table, project: string): Record<string, unknown>[] {
  const order = primaryKey(db, table).join(', ');
  const rows = db.prepare<[object], Record<string, unknown>>(
    `SELECT * FROM ${table} WHERE ${ROWS[table]} ORDER BY ${order}`,
  );
  return rows.all({ project });
}

/** An expression for another value of the column's type; numbers go where no other row is. */
function changedValue({ name, type }: Column): string {
  const switches = ['is_default', 'auto_rotation', 'expiry_notified', 'checks_strength', 'is_automatic'];
  if (switches.includes(name)) return `1 - ${name}`;
  if (type === 'INTEGER') return `coalesce("${name}", 0) + 1000000`;
  if (type === 'TEXT') return `coalesce("${name}", '') || 'x'`;
  const lastByte = `hex(substr("${name}", -1))`;
  return `cast(substr("${name}", 1, length("${name}") - 1) || iif(${lastByte} = '00', x'01', x'00') AS BLOB)`;
}

function changeColumn(
  db: Database.Database,
  change: { table: Table; column: string; index: number; value: string; projectId: string },
): void {
  const { table, column, index, value, projectId } = change;
  const row = rowsOf(db, table, projectId)[index]!;
  const key = primaryKey(db, table);
  const conditions = key.map((name) => `"${name}" = ?`).join(' AND ');
  db.prepare(`UPDATE ${table} SET "${column}" = ${value} WHERE ${conditions}`).run(
    ...key.map((name) => row[name]),
  );
}

function primaryKey(db: Database.Database, table: string): string[] {
  return db
    .prepare<[string], string>('SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk')
    .pluck()
    .all(table);
}
