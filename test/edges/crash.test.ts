import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Store } from '../../src/app/ports/deps.ts';
import { startChild } from '../storage/sqlite/children.ts';
import { databaseFile, makeDirectory, openSqlite, removeDirectory } from '../storage/sqlite/harness.ts';

const ROUNDS = 15;
const KILL_AFTER_MS = { min: 5, max: 120 };

/** Name of a secret to the uid of each acknowledged version; a deleted secret has none. */
type Acknowledged = Map<string, Map<number, string>>;

/** Kill -9 in the middle of concurrent writes, over and over, on the same data. */
describe('kill -9 under load', () => {
  let directory: string;
  const acknowledged: Acknowledged = new Map();
  /** Secrets of which more may be stored than was acknowledged: the last ones before a kill. */
  const deleted = new Set<string>();
  beforeAll(() => {
    directory = makeDirectory();
  });
  afterAll(() => removeDirectory(directory));

  function note(line: string): void {
    const [what, name = '', number, uid] = line.split(' ');
    if (what === 'create') acknowledged.set(name, new Map());
    if (what === 'create' || what === 'add') acknowledged.get(name)?.set(Number(number), uid ?? '');
    if (what !== 'delete') return;
    acknowledged.delete(name);
    deleted.add(name);
  }

  async function findLost(store: Store): Promise<string[]> {
    const lost: string[] = [];
    for (const [name, versions] of acknowledged) {
      for (const [number, uid] of versions) {
        const found = await store.findValue({ projectId: 'load', name }, number);
        // A client that was killed while its last secret was being deleted did not hear about it.
        if (found === undefined && isLastOfClient(name)) continue;
        if (found?.version.uid !== uid) lost.push(`${name} v${number}`);
      }
    }
    for (const name of deleted) {
      if ((await store.findSecret({ projectId: 'load', name })) !== undefined)
        lost.push(`deletion of ${name}`);
    }
    return lost;
  }

  /** Only the very last secret of a client in a round, complete and due for deletion, may be gone unheard. */
  function isLastOfClient(name: string): boolean {
    const [round, client, count] = name.split('-');
    const isComplete = acknowledged.get(name)?.size === 4;
    return (
      isComplete && Number(count) % 4 === 3 && !acknowledged.has(`${round}-${client}-${Number(count) + 1}`)
    );
  }

  it(`loses no acknowledged write in ${ROUNDS} rounds`, { timeout: 60_000 }, async () => {
    const counts: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const child = startChild('load-child.ts', [directory, String(round)]);
      expect(await child.firstLine()).toBe('ready');
      const { min, max } = KILL_AFTER_MS;
      const killAfterMs = min + Math.random() * (max - min);
      await sleep(killAfterMs);
      await child.kill();
      for (const line of child.lines) note(line);
      counts.push(child.lines.length - 1);

      const { store } = await openSqlite(directory);
      expect(await findLost(store), `round ${round}, killed after ${killAfterMs} ms`).toStrictEqual([]);
      await store.close();
      expect(integrityOf(databaseFile(directory))).toStrictEqual(['ok', []]);
    }
    // Otherwise the rounds proved nothing.
    expect(counts.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(ROUNDS * 10);
  });
});

function integrityOf(file: string): unknown[] {
  const db = new Database(file, { readonly: true });
  try {
    return [db.pragma('integrity_check', { simple: true }), db.pragma('foreign_key_check')];
  } finally {
    db.close();
  }
}
