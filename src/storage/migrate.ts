import { readdirSync, readFileSync } from 'node:fs';

/** One step of the schema: `0001_secrets.sql` has number 1. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

const FILE_NAME = /^(\d{4})_[a-z0-9_]+\.sql$/;

/**
 * Reads `migrations/<engine>/NNNN_*.sql` in order. Throws when a file has another name or a number is missing:
 * a gap would mean that two installations with one number have different tables.
 */
export function readMigrations(directory: URL): Migration[] {
  const names = readdirSync(directory).sort();
  return names.map((name, index) => {
    const number = Number(FILE_NAME.exec(name)?.[1]);
    if (number !== index + 1) throw new Error(`migrations are not numbered in order at ${name}`);
    return { number, name, sql: readFileSync(new URL(name, directory), 'utf8') };
  });
}

/** The steps that a database at `version` still lacks. Throws when a newer program has written it. */
export function pendingMigrations(migrations: readonly Migration[], version: number): Migration[] {
  if (version > migrations.length) {
    throw new Error(`the database has schema ${version}, this program knows ${migrations.length}`);
  }
  return migrations.slice(version);
}
