import { StartError } from '../../../app/start-error.ts';
import { type Migration, pendingMigrations } from '../../migrate.ts';
import type { RowMac } from '../../row-mac.ts';
import { connect } from '../engine/connection.ts';
import { APPLICATION_ID, type Connection } from '../engine/open.ts';
import { readInstallation } from './installation-record.ts';
import { signNamedFields } from './named-fields.ts';

/** A table, index, trigger or view as SQLite lists it. */
interface SchemaRow {
  readonly type: string;
  readonly name: string;
  readonly tbl_name: string;
  /** Null for indexes that SQLite creates by itself. */
  readonly sql: string | null;
}

/** What migrations do beside their SQL, in the same transaction, to rows that are authenticated. */
const SIGNINGS: Readonly<Record<number, (db: Connection, mac: RowMac) => void>> = { 13: signNamedFields };

/**
 * Applies missing migrations, up to the first that needs `mac`, which is absent until the root key is known to fit. An
 * empty database needs none. Returns whether none is left. Nothing is applied to a changed schema, whose triggers would
 * run. Throws StartError: configuration (a newer program's database); damaged (a changed schema, or rows that must not be
 * signed anew).
 */
export function migrate(db: Connection, migrations: readonly Migration[], mac?: RowMac): boolean {
  const pending = pendingOf(db, migrations);
  const [finding] = schemaFindings(db, migrations);
  if (finding !== undefined) throw new StartError('damaged', `the database’s schema was changed: ${finding}`);
  for (const migration of pending) {
    const sign = SIGNINGS[migration.number];
    const isSigning = sign !== undefined && readInstallation(db) !== undefined;
    if (isSigning && mac === undefined) return false;
    db.transaction(() => {
      db.exec(migration.sql);
      if (isSigning && mac !== undefined) sign(db, mac);
      db.pragma(`application_id = ${APPLICATION_ID}`);
      db.pragma(`user_version = ${migration.number}`);
    }).immediate();
  }
  return true;
}

/** Throws StartError (configuration) unless the database has every migration of this program and no other. */
export function requirePresent(db: Connection, migrations: readonly Migration[]): void {
  if (pendingOf(db, migrations).length === 0) return;
  const version = versionOf(db);
  throw new StartError(
    'configuration',
    `the database has schema ${version} and this program ${migrations.length}: start the server once, which brings it up`,
  );
}

/**
 * What the schema of a database has beyond its migrations, and what it lacks: one text for each table, index, trigger or
 * view, by name.
 */
export function schemaFindings(db: Connection, migrations: readonly Migration[]): string[] {
  const expected = new Map(schemaOf(migrations.slice(0, versionOf(db))).map((row) => [nameOf(row), row]));
  const findings: string[] = [];
  for (const row of readSchema(db)) {
    const wanted = expected.get(nameOf(row));
    // Removed, so that a second row of the name is one too many.
    expected.delete(nameOf(row));
    if (wanted === undefined) findings.push(`${nameOf(row)} does not belong there`);
    else if (textOf(row) !== textOf(wanted)) findings.push(`${nameOf(row)} is another one`);
  }
  return [...findings, ...[...expected.keys()].map((name) => `${name} is missing`)];
}

function pendingOf(db: Connection, migrations: readonly Migration[]): Migration[] {
  try {
    return pendingMigrations(migrations, versionOf(db));
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : 'unknown schema';
    throw new StartError('configuration', message, { cause });
  }
}

function versionOf(db: Connection): number {
  return Number(db.pragma('user_version', { simple: true }));
}

/** The schema that these migrations create; takes a few milliseconds in memory. */
function schemaOf(migrations: readonly Migration[]): SchemaRow[] {
  const db = connect(':memory:');
  try {
    for (const { sql } of migrations) db.exec(sql);
    return readSchema(db);
  } finally {
    db.close();
  }
}

function readSchema(db: Connection): SchemaRow[] {
  return db
    .prepare<[], SchemaRow>('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid')
    .all();
}

function nameOf({ type, name }: SchemaRow): string {
  return `${type} ${name}`;
}

/** SQLite keeps the statement as it was written; white space is insignificant in ours. */
function textOf({ tbl_name: table, sql }: SchemaRow): string {
  return JSON.stringify([table, sql?.replaceAll(/\s+/g, ' ') ?? null]);
}
