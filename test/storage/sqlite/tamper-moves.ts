import type Database from 'better-sqlite3';
import type { TestStore } from '../../support/acting.ts';
import {
  addVersion,
  expire,
  putStage,
  removeStage,
  removeTags,
  schedule,
  T0,
  update,
} from '../../support/stores.ts';

/** What is done to a project by hand, perhaps with rows that were copied before its secret was changed in good order. */
export interface Move {
  readonly claim: string;
  /** Changes in good order, between the copy and the tampering. */
  readonly change?: (store: TestStore, projectId: string) => Promise<unknown>;
  readonly tamper: (db: Database.Database, ids: Ids, copied: Record<string, unknown>) => void;
  /** Reads that must be refused as damaged. */
  readonly refused: readonly string[];
  /** Reads that must find nothing. */
  readonly gone?: readonly string[];
  /** How many entries are left of lists that leave out what is damaged. */
  readonly left?: Readonly<Record<string, number>>;
}

/** Where the rows of the secret `open` of a project are. */
export interface Ids {
  readonly projectId: string;
  readonly secret: number;
  readonly pending: number;
  /** Rows of the versions 1, 2, 3. */
  readonly versions: readonly [number, number, number];
}

export const OPEN = [
  'versions open',
  'id open',
  'value open 1',
  'value open 2',
  'value open 3',
  'value open latest',
];
const PENDING = [
  'versions pending',
  'id pending',
  'value pending 1',
  'value pending 2',
  'value pending 3',
  'value pending latest',
];
/** Searches that find one of the two secrets, and none. */
const SEARCHES = { 'search []': 1, 'search [{"key":"owner","values":[]}]': 1 };
const NO_SEARCHES = { 'search []': 0, 'search [{"key":"owner","values":[]}]': 0 };
const open = (projectId: string) => ({ projectId, name: 'open' });

export const MOVES: readonly Move[] = [
  {
    claim: 'two secrets that swapped names',
    tamper: (db, { secret, pending }) => {
      db.prepare("UPDATE secret SET name = 'aside' WHERE row = ?").run(secret);
      db.prepare("UPDATE secret SET name = 'open' WHERE row = ?").run(pending);
      db.prepare("UPDATE secret SET name = 'pending' WHERE row = ?").run(secret);
    },
    refused: ['secret open', 'secret pending', ...OPEN, ...PENDING],
    left: { list: 0 },
  },
  {
    claim: 'two secrets that swapped their versions and stages',
    tamper: (db, { secret, pending }) => {
      for (const table of ['version', 'stage']) {
        db.prepare(`UPDATE ${table} SET secret_row = -1 WHERE secret_row = ?`).run(secret);
        db.prepare(`UPDATE ${table} SET secret_row = ? WHERE secret_row = ?`).run(secret, pending);
        db.prepare(`UPDATE ${table} SET secret_row = ? WHERE secret_row = -1`).run(pending);
      }
    },
    refused: [...OPEN, ...PENDING],
  },
  {
    claim: 'a secret that was moved to a project of the same keys',
    tamper: (db, { projectId, secret }) => {
      db.prepare('UPDATE secret SET project_id = ? WHERE row = ?').run(`${projectId}-copy`, secret);
    },
    refused: [],
    gone: ['secret open', ...OPEN],
  },
  {
    claim: 'two versions that swapped numbers',
    tamper: (db, { versions: [one, two] }) =>
      swap(db, { table: 'version', key: 'row', column: 'number' }, one, two),
    refused: OPEN,
  },
  {
    claim: 'two versions that swapped uids',
    tamper: (db, { versions: [one, two] }) =>
      swap(db, { table: 'version', key: 'row', column: 'uid' }, one, two),
    refused: OPEN,
  },
  {
    claim: 'two versions that swapped rows, and with them values',
    tamper: (db, { versions: [one, two] }) =>
      swap(db, { table: 'version', key: 'row', column: 'row' }, one, two),
    refused: ['value open 1', 'value open 2'],
  },
  {
    claim: 'two versions that swapped bodies',
    tamper: (db, { versions: [one, , three] }) =>
      swap(db, { table: 'version_body', key: 'version_row', column: 'body' }, one, three),
    refused: ['value open 1', 'value open 3', 'value open latest'],
  },
  {
    claim: 'two versions that swapped data keys',
    tamper: (db, { versions: [one, , three] }) =>
      swap(db, { table: 'version_key', key: 'version_row', column: 'wrapped' }, one, three),
    refused: ['value open 1', 'value open 3', 'value open latest'],
  },
  {
    claim: 'two versions that swapped data keys and bodies',
    tamper: (db, { versions: [one, , three] }) => {
      swap(db, { table: 'version_key', key: 'version_row', column: 'wrapped' }, one, three);
      swap(db, { table: 'version_body', key: 'version_row', column: 'body' }, one, three);
    },
    refused: ['value open 1', 'value open 3', 'value open latest'],
  },
  {
    claim: 'SYSCURRENT on another version',
    tamper: (db, { secret }) => {
      db.prepare("UPDATE stage SET version_number = 1 WHERE secret_row = ? AND name = 'SYSCURRENT'").run(
        secret,
      );
    },
    refused: OPEN,
  },
  {
    claim: 'a version that was deleted',
    tamper: (db, { versions: [, two] }) => db.prepare('DELETE FROM version WHERE row = ?').run(two),
    refused: OPEN,
  },
  {
    claim: 'a stage that was deleted',
    tamper: (db, { secret }) =>
      db.prepare("DELETE FROM stage WHERE secret_row = ? AND name = 'blue'").run(secret),
    refused: OPEN,
  },
  {
    claim: 'a stage that was added',
    tamper: (db, { secret }) => db.prepare("INSERT INTO stage VALUES (?, 'mine', 1, 1, 9)").run(secret),
    refused: OPEN,
  },
  {
    claim: 'a tag that was deleted',
    tamper: (db, { secret }) =>
      db.prepare("DELETE FROM secret_tag WHERE secret_row = ? AND key = 'owner'").run(secret),
    refused: OPEN,
  },
  {
    claim: 'a tag that was added',
    tamper: (db, { projectId, secret }) =>
      db.prepare("INSERT INTO secret_tag VALUES (?, ?, 'mine', 'yes')").run(secret, projectId),
    refused: OPEN,
    left: { tags: 2, ...SEARCHES },
  },
  {
    claim: 'a tag that was put into another project',
    tamper: (db, { secret }) =>
      db
        .prepare("UPDATE secret_tag SET project_id = 'other' WHERE secret_row = ? AND key = 'owner'")
        .run(secret),
    refused: OPEN,
  },
  {
    claim: 'two secrets that swapped the values of a tag',
    tamper: (db, { secret, pending }) => {
      const set = db.prepare("UPDATE secret_tag SET value = ? WHERE secret_row = ? AND key = 'owner'");
      set.run('pending', secret);
      set.run('open', pending);
    },
    refused: [...OPEN, ...PENDING],
    left: { tags: 0, ...NO_SEARCHES },
  },
  {
    claim: 'tags that were rolled back',
    change: (store, projectId) =>
      store.change(removeTags(open(projectId), `${projectId}-open`, ['owner'], 'refuse')),
    tamper: (db, { projectId, secret }) =>
      db.prepare("INSERT INTO secret_tag VALUES (?, ?, 'owner', 'open')").run(secret, projectId),
    refused: OPEN,
  },
  {
    claim: 'two secrets that swapped a grant',
    tamper: (db, { secret, pending }) => {
      const move = db.prepare(
        "UPDATE secret_grant SET secret_row = ? WHERE secret_row = ? AND grantee_id = 'ann'",
      );
      move.run(-1, secret);
      move.run(secret, pending);
      move.run(pending, -1);
    },
    refused: [],
    left: { 'grants open': 1, 'grants pending': 1 },
  },
  {
    claim: 'two grants that swapped grantees',
    tamper: (db, { secret }) => {
      const set = db.prepare(
        'UPDATE secret_grant SET grantee_id = ? WHERE secret_row = ? AND grantee_id = ?',
      );
      set.run('aside', secret, 'ann');
      set.run('ann', secret, 'bob');
      set.run('bob', secret, 'aside');
    },
    refused: [],
    left: { 'grants open': 0 },
  },
  {
    claim: 'a grant that got the MAC of another one',
    tamper: (db, { secret }) =>
      db
        .prepare(
          `UPDATE secret_grant SET row_mac = (SELECT row_mac FROM secret_grant WHERE secret_row = @secret AND grantee_id = 'bob')
            WHERE secret_row = @secret AND grantee_id = 'ann'`,
        )
        .run({ secret }),
    refused: [],
    left: { 'grants open': 1 },
  },
  {
    claim: 'a version that was added',
    tamper: (db, { secret, versions: [one] }) =>
      db
        .prepare(
          `INSERT INTO version (secret_row, number, uid, kind, kms_key_id, create_time_ms, slot)
           SELECT secret_row, 4, uid, kind, kms_key_id, create_time_ms, 9 FROM version WHERE secret_row = ? AND row = ?`,
        )
        .run(secret, one),
    refused: OPEN,
  },
  {
    claim: 'a data key that is missing',
    tamper: (db, { versions: [one] }) => db.prepare('DELETE FROM version_key WHERE version_row = ?').run(one),
    refused: ['value open 1'],
  },
  {
    claim: 'a body that is missing',
    tamper: (db, { versions: [one] }) =>
      db.prepare('DELETE FROM version_body WHERE version_row = ?').run(one),
    refused: ['value open 1'],
  },
  {
    claim: 'a key that lost its material',
    tamper: (db, { projectId }) =>
      db.prepare("DELETE FROM kms_key_version WHERE project_id = ? AND key_id = 'key-1'").run(projectId),
    refused: ['key key-1', 'alias key-1', ...OPEN.slice(2), ...PENDING.slice(2)],
  },
  {
    claim: 'two keys that swapped material',
    tamper: (db, { projectId }) => {
      const move = db.prepare('UPDATE kms_key_version SET key_id = ? WHERE key_id = ? AND project_id = ?');
      move.run('aside', 'key-1', projectId);
      move.run('key-1', 'key-2', projectId);
      move.run('key-2', 'aside', projectId);
    },
    refused: ['key key-1', 'key key-2', 'alias key-1', 'alias key-2', ...OPEN.slice(2), ...PENDING.slice(2)],
  },
  {
    claim: 'two keys that swapped aliases',
    tamper: (db, { projectId }) => {
      const rename = db.prepare('UPDATE kms_key SET alias = ? WHERE id = ? AND project_id = ?');
      rename.run('aside', 'key-1', projectId);
      rename.run('alias/key-1', 'key-2', projectId);
      rename.run('alias/key-2', 'key-1', projectId);
    },
    refused: ['key key-1', 'key key-2', 'alias key-1', 'alias key-2'],
  },
  {
    claim: 'a secret row that was rolled back over a new version',
    change: (store, projectId) => store.change(addVersion(open(projectId), `${projectId}-open`)),
    tamper: (db, _, copied) => restoreSecret(db, copied),
    refused: OPEN,
  },
  {
    claim: 'a secret row that was rolled back over a stage that moved',
    change: (store, projectId) => store.change(putStage(open(projectId), 'blue', 2)),
    tamper: (db, _, copied) => restoreSecret(db, copied),
    refused: OPEN,
  },
  {
    claim: 'a secret row that was rolled back over an expiry',
    change: (store, projectId) => store.change(expire(open(projectId), 1, T0 + 5)),
    tamper: (db, _, copied) => restoreSecret(db, copied),
    refused: OPEN,
  },
  {
    claim: 'a version row that was rolled back',
    change: (store, projectId) => store.change(expire(open(projectId), 2, T0 + 5)),
    tamper: (db, { versions: [, two] }) =>
      db.prepare('UPDATE version SET expire_time_ms = ? WHERE row = ?').run(T0 + 77, two),
    refused: OPEN,
  },
  {
    claim: 'a stage row that was rolled back',
    change: (store, projectId) => store.change(removeStage(open(projectId), 'blue')),
    tamper: (db, { secret }) => db.prepare("INSERT INTO stage VALUES (?, 'blue', 1, ?, 2)").run(secret, T0),
    refused: OPEN,
  },
];

/**
 * Metadata alone can be rolled back today: nothing but the secret's own row says how new it is. Each entry is a fault of
 * the program, and is to move to MOVES when it is mended.
 */
export const UNNOTICED: readonly Move[] = [
  {
    claim: 'a secret row that was rolled back over an update',
    change: (store, projectId) => store.change(update(open(projectId), { description: 'after' })),
    tamper: (db, _, copied) => restoreSecret(db, copied),
    refused: ['secret open'],
  },
  {
    claim: 'a secret row that was rolled back over a scheduled deletion',
    change: (store, projectId) => store.change(schedule(open(projectId), 7)),
    tamper: (db, _, copied) => restoreSecret(db, copied),
    refused: ['secret open'],
  },
];

function swap(
  db: Database.Database,
  { table, key, column }: { table: string; key: string; column: string },
  one: number,
  other: number,
): void {
  const read = db.prepare<[number], Record<string, unknown>>(`SELECT * FROM ${table} WHERE ${key} = ?`);
  const [a, b] = [read.get(one)!, read.get(other)!];
  const remove = db.prepare(`DELETE FROM ${table} WHERE ${key} = ?`);
  remove.run(one);
  remove.run(other);
  const names = Object.keys(a);
  const insert = db.prepare(`INSERT INTO ${table} VALUES (${names.map((name) => `@${name}`).join(', ')})`);
  insert.run({ ...a, [column]: b[column] });
  insert.run({ ...b, [column]: a[column] });
}

function restoreSecret(db: Database.Database, copied: Record<string, unknown>): void {
  const assignments = Object.keys(copied).map((name) => `"${name}" = @${name}`);
  db.prepare(`UPDATE secret SET ${assignments.join(', ')} WHERE row = @row`).run(copied);
}
