import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { inspectDirectory } from '../../../src/storage/sqlite/files/installation.ts';
import { create, freshProject, newVersion, remove } from '../../support/stores.ts';
import { type Child, startChild } from './children.ts';
import {
  databaseFile,
  MIGRATIONS,
  makeDirectory,
  type OpenSqlite,
  openRaw,
  openSqlite,
  removeDirectory,
  tamper,
} from './harness.ts';

/** What a backup or a shell does: a read that does not end. */
const READ = 'BEGIN; SELECT count(*) FROM secret';
const INSERT = "INSERT INTO project (id, secret_count) VALUES ('p', 7)";
const ROUNDS = 4;

describe('another program that reads the database for long', () => {
  let directory: string;
  let open: OpenSqlite;
  let reader: Child;
  beforeEach(async () => {
    directory = makeDirectory();
    open = await openSqlite(directory);
    reader = startChild('foreign-child.ts', [databaseFile(directory), READ]);
    expect(await reader.firstLine()).toBe('holds');
  });
  afterEach(async () => {
    await reader.kill();
    await open.store.close();
    removeDirectory(directory);
  });

  const log = () => `${databaseFile(directory)}-wal`;

  /** Adds and deletes secrets in turn; returns what their sealed values held. */
  async function addAndDelete(): Promise<Buffer[]> {
    const projectId = freshProject();
    const markers = Array.from({ length: ROUNDS }, () => randomBytes(32));
    for (const [index, marker] of markers.entries()) {
      const name = `s${index}`;
      const sealed = { wrappedKey: randomBytes(86), body: marker };
      await open.store.change(create({ projectId, name }, { id: name, version: newVersion({ sealed }) }));
      await open.store.change(remove({ projectId, name }));
    }
    return markers;
  }

  it('does not keep a change waiting', async () => {
    const startedMs = performance.now();
    await addAndDelete();
    // Each deletion waited for five seconds.
    expect(performance.now() - startedMs).toBeLessThan(ROUNDS * 5_000 * 0.5);
  });

  it('puts off the end of deleted bytes until its read has ended, and no longer', async () => {
    const markers = await addAndDelete();
    const kept = () => [databaseFile(directory), log()].map((file) => readFileSync(file));
    const found = () => markers.filter((marker) => kept().some((bytes) => bytes.includes(marker))).length;
    expect(found()).toBe(ROUNDS);
    await reader.kill();
    await vi.waitFor(() => expect(statSync(log()).size).toBe(0), { timeout: 60_000, interval: 50 });
    expect(found()).toBe(0);
  });

  it('keeps neither a stop nor the next start waiting, which then empties the log', async () => {
    const markers = await addAndDelete();
    const startedMs = performance.now();
    await open.store.close();
    open = await openSqlite(directory);
    expect(performance.now() - startedMs).toBeLessThan(4_000);
    expect(markers.some((marker) => readFileSync(log()).includes(marker))).toBe(true);
    await reader.kill();
    await vi.waitFor(() => expect(statSync(log()).size).toBe(0), { timeout: 60_000, interval: 50 });
  });
});

describe('another program that writes while the database is inspected', () => {
  it('loses nothing when the inspection ends, though it never closes the database', async () => {
    const directory = makeDirectory();
    const { store } = await openSqlite(directory);
    await store.close();
    // Whoever closes it last and may write takes the log away.
    tamper(directory, (db) => db.pragma('user_version'));
    const inspected = inspectDirectory(directory, MIGRATIONS);
    const writer = startChild('foreign-child.ts', [databaseFile(directory), INSERT]);
    expect(await writer.firstLine()).toBe('holds');
    inspected.release();
    await writer.kill();
    const db = openRaw(databaseFile(directory));
    expect(db.prepare("SELECT secret_count FROM project WHERE id = 'p'").pluck().get()).toBe(7);
    db.close();
    removeDirectory(directory);
  });
});
