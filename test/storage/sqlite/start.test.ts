import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { StartError, type StartErrorKind } from '../../../src/app/start-error.ts';
import { readMigrations } from '../../../src/storage/migrate.ts';
import { openDirectory } from '../../../src/storage/sqlite/files/installation.ts';
import { create, ensureKey, freshRef } from '../../support/stores.ts';
import {
  databaseFile,
  INSTALLATION,
  killSqlite,
  MIGRATIONS,
  makeDirectory,
  openDirect,
  openRaw,
  openSqlite,
  ROW_MAC,
  removeDirectory,
  tamper,
} from './harness.ts';
import { fillInstallation, fillProject } from './tamper-project.ts';

describe('opening of a data directory', () => {
  let pattern: string;
  let directory: string;
  beforeAll(async () => {
    pattern = makeDirectory();
    const { store } = openDirect(pattern);
    const ref = freshRef();
    await store.change(ensureKey({ projectId: ref.projectId, id: 'key-1' }));
    for (let count = 0; count < 50; count += 1) await store.change(create({ ...ref, name: `s${count}` }));
    await store.close();
  });
  afterAll(() => removeDirectory(pattern));
  beforeEach(() => {
    directory = makeDirectory();
  });
  afterEach(() => removeDirectory(directory));

  /** A database with secrets and a key in it, closed in good order. */
  function filled(): string {
    copyFileSync(databaseFile(pattern), databaseFile(directory));
    return databaseFile(directory);
  }

  function expectStartError(kind: StartErrorKind, message: RegExp): string {
    let thrown: unknown;
    try {
      openDirectory(directory, MIGRATIONS).release();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(StartError);
    expect(thrown).toMatchObject({ kind, message: expect.stringMatching(message) });
    // Words for the operator, not a trace.
    expect((thrown as StartError).message).not.toMatch(/\bat .*:\d+/);
    return (thrown as StartError).message;
  }

  it('has no installation at first, and the one that was written ever after', () => {
    const first = openDirectory(directory, MIGRATIONS);
    expect(first.installation).toBeUndefined();
    first.initialise(INSTALLATION, ROW_MAC);
    first.release();
    const second = openDirectory(directory, MIGRATIONS);
    expect(second.installation).toStrictEqual(INSTALLATION);
    expect(() => second.initialise({ ...INSTALLATION, id: 'another' }, ROW_MAC)).toThrow(StartError);
    second.release();
    const third = openDirectory(directory, MIGRATIONS);
    expect(third.installation?.id).toBe(INSTALLATION.id);
    third.release();
  });

  it('has no installation when the first start ended before it was written', () => {
    openDirectory(directory, MIGRATIONS).release();
    const again = openDirectory(directory, MIGRATIONS);
    expect(again.installation).toBeUndefined();
    again.release();
  });

  it('refuses the SQLite database of another program, and leaves it as it was', () => {
    const file = databaseFile(directory);
    const db = new Database(file);
    db.exec('CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES (1)');
    db.close();
    const before = readFileSync(file);
    expectStartError('configuration', /not made by csms-server/);
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('refuses a database of a newer program', () => {
    filled();
    tamper(directory, (db) => db.pragma(`user_version = ${MIGRATIONS.length + 1}`));
    expectStartError('configuration', /schema/);
    tamper(directory, (db) => db.pragma(`user_version = ${MIGRATIONS.length}`));
    openDirectory(directory, MIGRATIONS).release();
  });

  it('refuses a file that is no database', () => {
    writeFileSync(databaseFile(directory), 'x'.repeat(10_000));
    expectStartError('damaged', /not a database/);
  });

  it.each([
    ['header', 16, 100, /cannot be used/],
    ['schema page', 100, 4_096, /database/],
  ])('refuses a database whose %s is damaged', (_, from, to, message) => {
    const file = filled();
    const bytes = readFileSync(file);
    bytes.fill(0xff, from, to);
    writeFileSync(file, bytes);
    expectStartError('damaged', message);
  });

  it('refuses a database that was cut off', () => {
    const file = filled();
    truncateSync(file, 3 * 4_096);
    expectStartError('damaged', /database/);
  });

  it('checks every page after an unclean stop, and says in one line what is damaged', () => {
    leaveDamagedPage();
    expect(expectStartError('damaged', /the database is damaged/)).not.toContain('\n');
  });

  /** A directory as a crash leaves it, with a damaged page that opening alone does not touch. */
  function leaveDamagedPage(): void {
    const file = filled();
    const db = openRaw(file);
    db.exec("INSERT INTO project VALUES ('p', 0)");
    const page = Number(
      db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'version_key'").pluck().get(),
    );
    const crashed = makeDirectory();
    for (const suffix of ['', '-wal']) copyFileSync(file + suffix, databaseFile(crashed) + suffix);
    db.close();
    removeDirectory(directory);
    directory = crashed;
    const bytes = readFileSync(databaseFile(directory));
    bytes.fill(0xaa, (page - 1) * 4_096, (page - 1) * 4_096 + 100);
    writeFileSync(databaseFile(directory), bytes);
  }

  it('opens after an unclean stop with everything that was acknowledged', async () => {
    const ref = freshRef();
    const killed = await openSqlite(directory);
    const secret = (await killed.store.change(create(ref))).secret!;
    await killSqlite(killed);
    const { store } = await openSqlite(directory);
    expect(await store.findSecret(ref)).toStrictEqual(secret);
    await store.close();
  });

  it('refuses a database with a row in any table but without its installation', async () => {
    const { store } = openDirect(directory);
    await fillProject(store, 'project');
    await fillInstallation(store);
    await store.close();
    const tables = tamper(directory, tablesOf);
    expect(tables).toContain('task');
    const [pristine] = [directory];
    for (const kept of tables) {
      directory = makeDirectory();
      copyFileSync(databaseFile(pristine), databaseFile(directory));
      tamper(directory, (db) => {
        db.exec('DELETE FROM installation');
        expect(db.prepare(`SELECT count(*) FROM ${kept}`).pluck().get(), kept).not.toBe(0);
        for (const table of tables) if (table !== kept) db.exec(`DELETE FROM ${table}`);
      });
      expectStartError('damaged', /lost the record of its root key/);
      removeDirectory(directory);
    }
    directory = pristine;
  });

  function tablesOf(db: Database.Database): string[] {
    return db
      .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'installation'")
      .pluck()
      .all();
  }

  it.each([
    [
      'a trigger',
      'CREATE TRIGGER keeper BEFORE DELETE ON version_body BEGIN SELECT 1; END',
      'trigger keeper',
    ],
    ['a table', 'CREATE TABLE keep (a TEXT)', 'table keep'],
    ['a view', 'CREATE VIEW seen AS SELECT * FROM secret', 'view seen'],
    ['an index', 'CREATE INDEX more ON secret (description)', 'index more'],
    ['a column', 'ALTER TABLE secret ADD COLUMN more TEXT', 'table secret'],
    ['a lost index', 'DROP INDEX secret_due', 'index secret_due is missing'],
    [
      'a weaker constraint',
      `PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'BETWEEN 0 AND 19', 'BETWEEN 0 AND 99') WHERE name = 'version'`,
      'table version is another one',
    ],
  ])('refuses a schema with %s, whatever the migrations still to come', async (_, sql, finding) => {
    openDirectory(directory, MIGRATIONS.slice(0, -1)).release();
    tamper(directory, (db) => {
      db.unsafeMode();
      db.exec(sql);
    });
    expect(expectStartError('damaged', /schema was changed/)).toContain(finding);
  });

  it('brings nothing of a migration in that fails', () => {
    const broken = [
      { number: 1, name: '0001_broken.sql', sql: 'CREATE TABLE one (a TEXT) STRICT; CREATE TABL two' },
    ];
    expect(() => openDirectory(directory, broken)).toThrow(StartError);
    expect(tamper(directory, (db) => db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get())).toBe(0);
    openDirectory(directory, MIGRATIONS).release();
  });

  it('applies only the migrations that a database lacks', () => {
    openDirectory(directory, MIGRATIONS).release();
    const number = MIGRATIONS.length + 1;
    const more = [...MIGRATIONS, { number, name: 'next.sql', sql: 'CREATE TABLE extra (a TEXT) STRICT' }];
    openDirectory(directory, more).release();
    openDirectory(directory, more).release();
    expect(tamper(directory, (db) => db.pragma('user_version', { simple: true }))).toBe(number);
    expectStartError('configuration', /schema/);
  });
});

describe('migration files', () => {
  let directory: string;
  beforeEach(() => {
    directory = makeDirectory();
  });
  afterEach(() => removeDirectory(directory));

  function read(...names: string[]) {
    const folder = join(directory, 'migrations');
    mkdirSync(folder);
    for (const name of names) writeFileSync(join(folder, name), `-- ${name}`);
    return readMigrations(pathToFileURL(`${folder}/`));
  }

  it('come in the order of their numbers', () => {
    const migrations = read('0002_b.sql', '0001_a.sql', '0003_c.sql');
    expect(migrations).toStrictEqual([
      { number: 1, name: '0001_a.sql', sql: '-- 0001_a.sql' },
      { number: 2, name: '0002_b.sql', sql: '-- 0002_b.sql' },
      { number: 3, name: '0003_c.sql', sql: '-- 0003_c.sql' },
    ]);
  });

  it.each([
    ['leave a number out', '0003_c.sql'],
    ['use a number twice', '0001_b.sql'],
    ['be something else', 'notes.txt'],
  ])('must not %s', (_, next) => {
    expect(() => read('0001_a.sql', next)).toThrow(next);
  });

  it('must not start anywhere but at 1', () => {
    expect(() => read('0000_a.sql')).toThrow('0000_a.sql');
  });
});
