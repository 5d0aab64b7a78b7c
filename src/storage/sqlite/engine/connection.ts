import Database from 'better-sqlite3';

/**
 * What SQLite's binding has made for this thread, from the first connection to the end of the thread. Nothing of it may
 * ever be collected. @see docs/adr/0034-what-the-binding-makes-is-kept.md
 */
const kept: object[] = [];

function keep<T extends object>(made: T): T {
  kept.push(made);
  return made;
}

/**
 * Opens a database, in a file or in memory: the one way to do so. The connection and all that is prepared on it live as
 * long as the thread, closed or not; what runs again and again is therefore prepared once, or is text for `exec`.
 * Throws what SQLite throws.
 */
export function connect(file: string, options: Database.Options = {}): Database.Database {
  const db = keep(new Database(file, options));
  const prepare = db.prepare as (source: string) => Database.Statement;
  return Object.assign(db, {
    prepare: ((source: string) => keep(prepare.call(db, source))) as typeof db.prepare,
    pragma(source: string, { simple = false }: Database.PragmaOptions = {}): unknown {
      // The binding's own makes a statement that nobody could keep.
      const statement = db.prepare(`PRAGMA ${source}`);
      if (!statement.reader) statement.run();
      const rows = statement.reader ? statement.raw(simple).all() : [];
      return simple ? (rows as unknown[][])[0]?.[0] : rows;
    },
  });
}
