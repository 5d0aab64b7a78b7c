import Database from 'better-sqlite3';

/**
 * The objects of SQLite's binding in this thread, from the first connection to the end of the thread. None of them may
 * ever be collected. @see docs/adr/0034-what-the-binding-makes-is-kept.md
 */
const kept = new Map<Database.Database, object[]>();
/** Closed by `discard` and still held. */
const discarded: Database.Database[] = [];
/** So many are released together, since each release collects garbage. */
const DISCARDED_MAX = 16;

/**
 * Opens a database, in a file or in memory: the one way to do so. The connection and all that is prepared on it live as
 * long as the thread, closed or not; so what runs again and again is prepared once, or is text for `exec`. Throws what
 * SQLite throws.
 */
export function connect(file: string | Buffer, options: Database.Options = {}): Database.Database {
  const db = new Database(file, options);
  const made: object[] = [];
  kept.set(db, made);
  const prepare = db.prepare as (source: string) => Database.Statement;
  const keep = (statement: Database.Statement) => {
    made.push(statement);
    return statement;
  };
  return Object.assign(db, {
    prepare: ((source: string) => keep(prepare.call(db, source))) as typeof db.prepare,
    pragma(source: string, { simple = false }: Database.PragmaOptions = {}): unknown {
      // The binding's own pragma creates a statement that could not be kept.
      const statement = db.prepare(`PRAGMA ${source}`);
      if (!statement.reader) statement.run();
      const rows = statement.reader ? statement.raw(simple).all() : [];
      return simple ? (rows as unknown[][])[0]?.[0] : rows;
    },
  });
}

/**
 * Closes a database that ends before its thread does. What was made for it may be collected, but only when many have
 * gone, and right then: `collect` does so, and nothing of it is left for the end of the thread.
 */
export function discard(db: Database.Database, collect: () => void): void {
  db.close();
  discarded.push(db);
  if (discarded.length < DISCARDED_MAX) return;
  for (const each of discarded.splice(0)) kept.delete(each);
  collect();
}
