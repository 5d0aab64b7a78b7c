import Database from 'better-sqlite3';

/**
 * The objects of SQLite's binding in this thread, from the first connection to the end of the thread. None of them may
 * ever be collected. @see docs/adr/0034-what-the-binding-makes-is-kept.md
 */
const kept = new Map<Database.Database, object[]>();
/** Closed by `discard` and still held. */
const discarded: Database.Database[] = [];
/** So many are released together, since each release collects garbage; fewer when no more come for a while. */
const DISCARDED_MAX = 128;
const RELEASE_MS = 1_000;
let releaseTimer: NodeJS.Timeout | undefined;

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
    prepare: (preparesLate
      ? (source: string) => new LateStatement(prepare, source)
      : prepare) as unknown as typeof db.prepare,
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
 * time and of the memory of one. It has what this program uses of a statement; a class, as there are hundreds for a copy.
 */
class LateStatement {
  readonly #prepare: (source: string) => Database.Statement;
  readonly #source: string;
  #isRaw = false;
  #isPluck = false;
  #statement: Database.Statement | undefined;

  constructor(prepare: (source: string) => Database.Statement, source: string) {
    this.#prepare = prepare;
    this.#source = source;
  }

  get(...parameters: unknown[]): unknown {
    return this.#ready().get(...parameters);
  }

  all(...parameters: unknown[]): unknown[] {
    return this.#ready().all(...parameters);
  }

  run(...parameters: unknown[]): Database.RunResult {
    return this.#ready().run(...parameters);
  }

  raw(): this {
    this.#isRaw = true;
    return this;
  }

  pluck(): this {
    this.#isPluck = true;
    return this;
  }

  #ready(): Database.Statement {
    if (this.#statement === undefined) {
      this.#statement = this.#prepare(this.#source);
      if (this.#isRaw) this.#statement.raw();
      if (this.#isPluck) this.#statement.pluck();
    }
    return this.#statement;
  }
}

/**
 * Closes a database that ends before its thread does. What was made for it may be collected, but only when many have
 * gone or a while has passed, and right then: `collect` does so, in some tens of milliseconds, and nothing of it is left
 * for the end of the thread.
 */
export function discard(db: Database.Database, collect: () => void): void {
  db.close();
  discarded.push(db);
  clearTimeout(releaseTimer);
  const release = () => {
    for (const each of discarded.splice(0)) kept.delete(each);
    collect();
  };
  if (discarded.length >= DISCARDED_MAX) release();
  else releaseTimer = setTimeout(release, RELEASE_MS).unref();
}
