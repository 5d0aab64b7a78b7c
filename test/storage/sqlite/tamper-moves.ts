import type Database from 'better-sqlite3';
import type { Command } from '../../../src/core/commands.ts';
import type { SecretRef } from '../../../src/core/secrets/secrets.ts';
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

/** A change in good order of the secret `open`. */
type Change = (ref: SecretRef, id: string) => Command;

/** What is done to a project by hand, perhaps with rows that were copied before its secret was changed in good order. */
export interface Move {
  readonly claim: string;
  /** Between the copy and the tampering. */
  readonly change?: Change;
  readonly tamper: (db: Database.Database, ids: Ids, copied: Record<string, unknown>) => void;
  /** Reads that must be refused as damaged. */
  readonly refused: readonly string[];
  /** Reads that must find nothing. */
  readonly gone?: readonly string[];
  /** How many entries are left of lists that leave out what is damaged. */
  readonly left?: Readonly<Record<string, number>>;
}

/** What statements know of a project: the rows of its secrets `open` and `pending`, and those of the versions of `open`. */
export type Ids = Readonly<Record<'secret' | 'pending' | 'one' | 'two' | 'three', number>> & {
  readonly project: string;
};

const readsOf = (name: string) => [
  `versions ${name}`,
  `id ${name}`,
  ...[1, 2, 3, 'latest'].map((version) => `value ${name} ${version}`),
];
export const OPEN = readsOf('open');
const PENDING = readsOf('pending');
const FIRST_AND_THIRD = ['value open 1', 'value open 3', 'value open latest'];
const KEYS = ['key key-1', 'key key-2', 'alias key-1', 'alias key-2'];
/** Searches that find one of the two secrets, and none. */
const SEARCHES = { 'search []': 1, 'search [{"key":"owner","values":[]}]': 1 };
const NO_SEARCHES = { 'search []': 0, 'search [{"key":"owner","values":[]}]': 0 };

/** Runs statements in which the ids go by their names. */
const sql =
  (...statements: string[]): Move['tamper'] =>
  (db, ids) => {
    for (const statement of statements) db.prepare(statement).run(ids);
  };

/** Swaps two values of a column, by way of a third. */
const swapped = (table: string, column: string, values: readonly [string, string, string], where = '') => {
  const [one, other, aside] = values;
  const set = (to: string, from: string) =>
    `UPDATE ${table} SET ${column} = ${to} WHERE ${column} = ${from} ${where}`;
  return [set(aside, one), set(one, other), set(other, aside)];
};
const SECRETS = [':secret', ':pending', '-1'] as const;

/** Swaps a column of two rows. */
const swap =
  (
    table: string,
    key: string,
    column: string,
    ids: readonly ['one', 'two' | 'three'] = ['one', 'three'],
  ): Move['tamper'] =>
  (db, known) => {
    const read = db.prepare<[number], Record<string, unknown>>(`SELECT * FROM ${table} WHERE ${key} = ?`);
    const [one, other] = ids.map((id) => read.get(known[id])!);
    const remove = db.prepare(`DELETE FROM ${table} WHERE ${key} = ?`);
    for (const id of ids) remove.run(known[id]);
    const names = Object.keys(one!).map((name) => `@${name}`);
    const insert = db.prepare(`INSERT INTO ${table} VALUES (${names.join(', ')})`);
    insert.run({ ...one, [column]: other![column] });
    insert.run({ ...other, [column]: one![column] });
  };
const swapBodies = swap('version_body', 'version_row', 'body');
const swapDataKeys = swap('version_key', 'version_row', 'wrapped');

/** Puts the row of a secret back. */
const restoreSecret: Move['tamper'] = (db, _, copied) => {
  const assignments = Object.keys(copied).map((name) => `"${name}" = @${name}`);
  db.prepare(`UPDATE secret SET ${assignments.join(', ')} WHERE row = @row`).run(copied);
};

/** After these, nothing of the contents of `open` is given out. */
const REFUSED: readonly (readonly [claim: string, tamper: Move['tamper'], change?: Change])[] = [
  ['two versions that swapped numbers', swap('version', 'row', 'number', ['one', 'two'])],
  ['two versions that swapped uids', swap('version', 'row', 'uid', ['one', 'two'])],
  [
    'SYSCURRENT on another version',
    sql("UPDATE stage SET version_number = 1 WHERE secret_row = :secret AND name = 'SYSCURRENT'"),
  ],
  ['a version that was deleted', sql('DELETE FROM version WHERE row = :two')],
  ['a stage that was deleted', sql("DELETE FROM stage WHERE secret_row = :secret AND name = 'blue'")],
  ['a stage that was added', sql("INSERT INTO stage VALUES (:secret, 'mine', 1, 1, 9)")],
  ['a tag that was deleted', sql("DELETE FROM secret_tag WHERE secret_row = :secret AND key = 'owner'")],
  [
    'a tag that was put into another project',
    sql("UPDATE secret_tag SET project_id = 'other' WHERE secret_row = :secret AND key = 'owner'"),
  ],
  [
    'tags that were rolled back',
    sql("INSERT INTO secret_tag VALUES (:secret, :project, 'owner', 'open')"),
    (ref, id) => removeTags(ref, id, ['owner'], 'refuse'),
  ],
  [
    'a version that was added',
    sql(`INSERT INTO version (secret_row, number, uid, kind, kms_key_id, create_time_ms, slot)
      SELECT secret_row, 4, uid, kind, kms_key_id, create_time_ms, 9 FROM version WHERE row = :one`),
  ],
  ['a secret row that was rolled back over a new version', restoreSecret, (ref, id) => addVersion(ref, id)],
  [
    'a secret row that was rolled back over a stage that moved',
    restoreSecret,
    (ref) => putStage(ref, 'blue', 2),
  ],
  ['a secret row that was rolled back over an expiry', restoreSecret, (ref) => expire(ref, 1, T0 + 5)],
  [
    'a version row that was rolled back',
    sql(`UPDATE version SET expire_time_ms = ${T0 + 77} WHERE row = :two`),
    (ref) => expire(ref, 2, T0 + 5),
  ],
  [
    'a stage row that was rolled back',
    sql(`INSERT INTO stage VALUES (:secret, 'blue', 1, ${T0}, 2)`),
    (ref) => removeStage(ref, 'blue'),
  ],
];

export const MOVES: readonly Move[] = [
  ...REFUSED.map(([claim, tamper, change]) => ({ claim, tamper, refused: OPEN, ...(change && { change }) })),
  {
    claim: 'two secrets that swapped names',
    tamper: sql(
      ...swapped('secret', 'name', ["'open'", "'pending'", "'aside'"], 'AND project_id = :project'),
    ),
    refused: ['secret open', 'secret pending', ...OPEN, ...PENDING],
    left: { list: 0 },
  },
  {
    claim: 'two secrets that swapped their versions and stages',
    tamper: sql(...swapped('version', 'secret_row', SECRETS), ...swapped('stage', 'secret_row', SECRETS)),
    refused: [...OPEN, ...PENDING],
  },
  {
    claim: 'a secret that was moved to a project of the same keys',
    tamper: sql("UPDATE secret SET project_id = :project || '-copy' WHERE row = :secret"),
    refused: [],
    gone: ['secret open', ...OPEN],
  },
  {
    claim: 'two versions that swapped rows, and with them values',
    tamper: swap('version', 'row', 'row', ['one', 'two']),
    refused: ['value open 1', 'value open 2'],
  },
  { claim: 'two versions that swapped bodies', tamper: swapBodies, refused: FIRST_AND_THIRD },
  { claim: 'two versions that swapped data keys', tamper: swapDataKeys, refused: FIRST_AND_THIRD },
  {
    claim: 'two versions that swapped data keys and bodies',
    tamper: (db, ids, copied) => {
      swapDataKeys(db, ids, copied);
      swapBodies(db, ids, copied);
    },
    refused: FIRST_AND_THIRD,
  },
  {
    claim: 'a tag that was added',
    tamper: sql("INSERT INTO secret_tag VALUES (:secret, :project, 'mine', 'yes')"),
    refused: OPEN,
    left: { tags: 2, ...SEARCHES },
  },
  {
    claim: 'two secrets that swapped the values of a tag',
    tamper: sql(
      "UPDATE secret_tag SET value = 'pending' WHERE secret_row = :secret AND key = 'owner'",
      "UPDATE secret_tag SET value = 'open' WHERE secret_row = :pending AND key = 'owner'",
    ),
    refused: [...OPEN, ...PENDING],
    left: { tags: 0, ...NO_SEARCHES },
  },
  {
    claim: 'two secrets that swapped a grant',
    tamper: sql(...swapped('secret_grant', 'secret_row', SECRETS, "AND grantee_id = 'ann'")),
    refused: [],
    left: { 'grants open': 1, 'grants pending': 1 },
  },
  {
    claim: 'two grants that swapped grantees',
    tamper: sql(
      ...swapped('secret_grant', 'grantee_id', ["'ann'", "'bob'", "'aside'"], 'AND secret_row = :secret'),
    ),
    refused: [],
    left: { 'grants open': 0 },
  },
  {
    claim: 'a grant that got the MAC of another one',
    tamper: sql(`UPDATE secret_grant SET row_mac =
        (SELECT row_mac FROM secret_grant WHERE secret_row = :secret AND grantee_id = 'bob')
      WHERE secret_row = :secret AND grantee_id = 'ann'`),
    refused: [],
    left: { 'grants open': 1 },
  },
  {
    claim: 'a data key that is missing',
    tamper: sql('DELETE FROM version_key WHERE version_row = :one'),
    refused: ['value open 1'],
  },
  {
    claim: 'a body that is missing',
    tamper: sql('DELETE FROM version_body WHERE version_row = :one'),
    refused: ['value open 1'],
  },
  {
    claim: 'a key that lost its material',
    tamper: sql("DELETE FROM kms_key_version WHERE project_id = :project AND key_id = 'key-1'"),
    refused: ['key key-1', 'alias key-1', ...OPEN.slice(2), ...PENDING.slice(2)],
  },
  {
    claim: 'two keys that swapped material',
    tamper: sql(
      ...swapped('kms_key_version', 'key_id', ["'key-1'", "'key-2'", "'aside'"], 'AND project_id = :project'),
    ),
    refused: [...KEYS, ...OPEN.slice(2), ...PENDING.slice(2)],
  },
  {
    claim: 'two keys that swapped aliases',
    tamper: sql(
      ...swapped(
        'kms_key',
        'alias',
        ["'alias/key-1'", "'alias/key-2'", "'aside'"],
        'AND project_id = :project',
      ),
    ),
    refused: KEYS,
  },
];

/**
 * Metadata alone can be rolled back today: nothing but the secret's own row says how new it is. Each entry is a fault of
 * the program, and is to move to MOVES when it is mended.
 */
export const UNNOTICED: readonly Move[] = [
  {
    claim: 'a secret row that was rolled back over an update',
    change: (ref) => update(ref, { description: 'after' }),
    tamper: restoreSecret,
    refused: ['secret open'],
  },
  {
    claim: 'a secret row that was rolled back over a scheduled deletion',
    change: (ref) => schedule(ref, 7),
    tamper: restoreSecret,
    refused: ['secret open'],
  },
];
