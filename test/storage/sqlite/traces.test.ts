import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openReader } from '../../../src/storage/sqlite/engine/open.ts';
import type { TestStore } from '../../support/acting.ts';
import {
  addVersion,
  changeKey,
  create,
  createKey,
  DAY_MS,
  freshProject,
  newVersion,
  purge,
  remove,
  schedule,
  T0,
  update,
} from '../../support/stores.ts';
import { databaseFile, makeDirectory, type OpenSqlite, openSqlite, removeDirectory } from './harness.ts';

const MARKERS = 30;

describe('traces of deleted values', () => {
  let directory: string;
  let open: OpenSqlite;
  beforeEach(async () => {
    directory = makeDirectory();
    open = await openSqlite(directory);
  });
  afterEach(async () => {
    await open.store.close();
    removeDirectory(directory);
  });

  /** Secrets with a marker in the data key and at the end of the body: small bodies and ones with overflow pages. */
  async function plant(store: TestStore, projectId: string): Promise<{ names: string[]; markers: Buffer[] }> {
    const markers: Buffer[] = [];
    const names = Array.from({ length: MARKERS }, (_, index) => `s${index}`);
    await Promise.all(
      names.map((name, index) => {
        const [key, body] = [randomBytes(32), randomBytes(32)];
        markers.push(key, body);
        const padding = Buffer.alloc([268, 5_000, 64_000][index % 3]!, 'x');
        const sealed = { wrappedKey: key, body: Buffer.concat([padding, body]) };
        return store.change(
          create({ projectId, name }, { id: `${projectId}-${name}`, version: newVersion({ sealed }) }),
        );
      }),
    );
    return { names, markers };
  }

  /** What the database and its log hold. */
  function contents(): Buffer {
    const files = ['', '-wal'].map((suffix) => databaseFile(directory) + suffix);
    return Buffer.concat(files.filter((file) => existsSync(file)).map((file) => readFileSync(file)));
  }

  function found(markers: readonly Buffer[], bytes = contents()): number {
    return markers.filter((marker) => bytes.includes(marker)).length;
  }

  it('are in the files while the values are there', async () => {
    const { markers } = await plant(open.store, freshProject());
    expect(found(markers)).toBe(2 * MARKERS);
    await open.store.close();
    open = await openSqlite(directory);
    expect(found(markers)).toBe(2 * MARKERS);
  });

  it('are gone from the database and its log once deletions were answered', async () => {
    const projectId = freshProject();
    const { names, markers } = await plant(open.store, projectId);
    const kept = await plant(open.store, freshProject());
    await Promise.all(names.map((name) => open.store.change(remove({ projectId, name }))));
    await settled();
    expect(found(markers)).toBe(0);
    expect(found(kept.markers)).toBe(2 * MARKERS);
    await open.store.close();
    for (const name of readdirSync(directory)) {
      const bytes = readFileSync(join(directory, name));
      expect(
        markers.filter((marker) => bytes.includes(marker)),
        name,
      ).toStrictEqual([]);
    }
  });

  it('are gone once scheduled deletions were carried out', async () => {
    const projectId = freshProject();
    const { names, markers } = await plant(open.store, projectId);
    await Promise.all(names.map((name) => open.store.change(schedule({ projectId, name }, 7))));
    for (const name of names) {
      await open.store.change(purge({ projectId, name }, `${projectId}-${name}`, T0 + 7 * DAY_MS));
    }
    await settled();
    expect(found(markers)).toBe(0);
  });

  it('are gone once a key was destroyed: its material, however old', async () => {
    const projectId = freshProject();
    const refs = Array.from({ length: 20 }, (_, index) => ({ projectId, id: `key-${index}` }));
    const material = () => randomBytes(78);
    const markers: Buffer[] = [];
    for (const ref of refs) {
      const [first, second] = [material(), material()];
      markers.push(first, second);
      await open.store.change(createKey(ref, { material: first }));
      await open.store.change(changeKey(ref, { kind: 'enable-rotation' }));
      const rotate = { kind: 'rotate-key', versionNumber: 2, material: second } as const;
      await open.store.change(changeKey(ref, rotate, T0 + 365 * DAY_MS));
      await open.store.change(changeKey(ref, { kind: 'schedule-key-deletion', pendingDays: 7 }));
    }
    expect(found(markers)).toBe(40);
    for (const ref of refs) await open.store.change(changeKey(ref, { kind: 'purge-key' }, T0 + 7 * DAY_MS));
    await settled();
    expect(found(markers)).toBe(0);
  });

  it('are gone soon after a version made room for a newer one, though someone keeps writing', async () => {
    const ref = { projectId: freshProject(), name: 'pruned' };
    const sealed = { wrappedKey: randomBytes(86), body: randomBytes(300) };
    await open.store.change(create(ref, { id: 'id', version: newVersion({ sealed }) }));
    for (let count = 0; count < 20; count += 1) await open.store.change(addVersion(ref, 'id'));
    const markers = [sealed.wrappedKey, sealed.body];
    expect((await open.store.findVersions(ref))?.versions.map(({ number }) => number)).not.toContain(1);
    await vi.waitFor(
      async () => {
        await open.store.change(update(ref, { description: randomUUID() }));
        expect(found(markers)).toBe(0);
      },
      { timeout: 60_000, interval: 100 },
    );
  });

  it('are gone once a newer version has taken the rows of an older one, whatever the sizes of both', async () => {
    // What fits into a row beside others, what hardly does, what needs a further page, and what needs many.
    const sizes = [40, 1_100, 5_000, 64_000];
    const changes = sizes.flatMap((before) => sizes.map((after) => ({ before, after })));
    const projectId = freshProject();
    const pruned = changes.map(({ before, after }) => {
      const name = `${before} bytes, then ${after}`;
      const old = { wrappedKey: randomBytes(86), body: randomBytes(before) };
      return {
        ref: { projectId, name },
        old,
        sealed: { wrappedKey: randomBytes(86), body: randomBytes(after) },
      };
    });
    for (const { ref, old } of pruned) {
      await open.store.change(create(ref, { id: ref.name, version: newVersion({ sealed: old }) }));
    }
    for (let count = 0; count < 19; count += 1) {
      await Promise.all(pruned.map(({ ref }) => open.store.change(addVersion(ref, ref.name))));
    }
    const rows = rowsOf(1);
    const traces = () => {
      const bytes = contents();
      return pruned.map(({ old }) => found([Buffer.from(old.wrappedKey), ...pieces(old.body)], bytes));
    };
    expect(traces()).not.toContain(0);

    await Promise.all(
      pruned.map(({ ref, sealed }) =>
        open.store.change(addVersion(ref, ref.name, { version: newVersion({ sealed }) })),
      ),
    );
    expect(rowsOf(21)).toStrictEqual(rows);
    await vi.waitFor(() => expect(traces()).toStrictEqual(pruned.map(() => 0)), {
      timeout: 60_000,
      interval: 200,
    });
    for (const { ref, sealed } of pruned) {
      expect((await open.store.findValue(ref, 21))?.sealed).toMatchObject(sealed);
    }
  });

  /** Some of each page that the bytes lie on. */
  function pieces(bytes: Uint8Array): Buffer[] {
    const count = Math.ceil(bytes.length / 400);
    return Array.from({ length: count }, (_, index) =>
      Buffer.from(bytes.subarray(index * 400, index * 400 + 20)),
    );
  }

  /** Of each secret the row of that version. */
  function rowsOf(number: number): unknown[] {
    const reader = openReader(databaseFile(directory));
    try {
      return reader
        .prepare('SELECT secret_row, row FROM version WHERE number = ? ORDER BY 1')
        .raw()
        .all(number);
    } finally {
      reader.close();
    }
  }

  /** The log is emptied right after the answer; the next answer comes after that. */
  async function settled(): Promise<void> {
    await open.store.change(create({ projectId: freshProject(), name: 'later' }));
  }
});
