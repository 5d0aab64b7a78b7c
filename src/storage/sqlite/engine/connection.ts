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

/** How to open a database. `preparesLate`: its statements are prepared when they first run. */
export interface ConnectOptions extends Database.Options {
  readonly preparesLate?: boolean;
}

/**
 * Opens a database, in a file or in memory: the one way to do so. The connection and all that is prepared on it live as
 * long as the thread, closed or not; so what runs again and again is prepared once, or is text for `exec`. Throws what
 * SQLite throws.
 */
export function connect(
  file: string | Buffer,
  { preparesLate = false, ...options }: ConnectOptions = {},
): Database.Database {
  const db = new Database(file, options);
  const made: object[] = [];
  kept.set(db, made);
  const prepareNow = db.prepare as (source: string) => Database.Statement;
  const prepare = (source: string) => {
    const statement = prepareNow.call(db, source);
    made.push(statement);
    return statement;
  };
  return Object.assign(db, {
    prepare: (preparesLate ? (source: string) => late(() => prepare(source)) : prepare) as typeof db.prepare,
    pragma(source: string, { simple = false }: Database.PragmaOptions = {}): unknown {
      // The binding's own pragma creates a statement that could not be kept.
      const statement = prepare(`PRAGMA ${source}`);
      if (!statement.reader) statement.run();
      const rows = statement.reader ? statement.raw(simple).all() : [];
      return simple ? (rows as unknown[][])[0]?.[0] : rows;
    },
  });
}

/**
 * A statement that is prepared when it first runs: most of those of a copy never do, and preparing all takes most of the
 * time and of the memory of one. It has what this program uses of a statement.
 */
function late(prepare: () => Database.Statement): Database.Statement {
  let [isRaw, isPluck] = [false, false];
  let statement: Database.Statement | undefined;
  const ready = () => {
    if (statement === undefined) {
      statement = prepare();
      if (isRaw) statement.raw();
      if (isPluck) statement.pluck();
    }
    return statement;
  };
  const outer = {
    get: (...parameters: unknown[]) => ready().get(...parameters),
    all: (...parameters: unknown[]) => ready().all(...parameters),
    run: (...parameters: unknown[]) => ready().run(...parameters),
    raw() {
      isRaw = true;
      return outer;
    },
    pluck() {
      isPluck = true;
      return outer;
    },
  };
  return outer as unknown as Database.Statement;
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
