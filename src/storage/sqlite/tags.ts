import { hash, randomBytes } from 'node:crypto';
import { SecretError } from '../../core/errors.ts';
import type { Secret, SecretAggregate, Tag } from '../../core/secret.ts';
import { createBoundedMap } from '../../std/bounded-map.ts';
import type { Row } from '../fields.ts';
import { TAG } from '../secret-tables.ts';
import { ifSound, type OnDamage } from './damage.ts';
import type { Connection } from './open.ts';
import { prepareInsert, prepareRows, selectSql } from './rows.ts';
import { NOTHING, type Steps } from './steps.ts';

interface PairRow extends Tag {
  readonly secret_row: number;
}

/** What tags are vouched for by. */
interface SecretRows {
  loadRow(row: number): { readonly aggregate: SecretAggregate } | undefined;
}

/** Reads across the secrets of a project. */
export interface TagReads {
  /** Every pair of key and value once, by key and value; one that only damaged secrets have is left out. */
  list(projectId: string): Steps<undefined, Tag>;
}

/** Prepares the reading of the rows of one secret's tags, by key. Throws damaged when one is filed under another project. */
export function createTagRead(db: Connection): (row: number, secret: Secret) => Row[] {
  const tags = prepareRows(db, `${selectSql(TAG, ['project_id'])} WHERE secret_row = ? ORDER BY key`);
  return (row, { projectId }) => {
    const rows = tags.all(row);
    if (rows.some((tag) => tag.at(-1) !== projectId)) throw changed();
    return rows;
  };
}

/** Prepares the writing of one secret's tags. Runs inside the write transaction. */
export function createTagWrites(db: Connection) {
  const insert = prepareInsert(db, TAG, ['secret_row', 'project_id']);
  const remove = db.prepare('DELETE FROM secret_tag WHERE secret_row = ? AND key = ?');
  const removeAll = db.prepare('DELETE FROM secret_tag WHERE secret_row = ?');
  return {
    removeAll: (row: number) => removeAll.run(row),
    /** A tag with a new value has left and entered. */
    replace(row: number, projectId: string, tags: { readonly left: Tag[]; readonly entered: Tag[] }): void {
      for (const { key } of tags.left) remove.run(row, key);
      for (const tag of tags.entered) insert(TAG.encode(tag), row, projectId);
    },
  };
}

/** Pairs that one step takes, each with the loading of a secret at most. */
const STEP_PAIRS_MAX = 32;

/** Prepares the reads across a project. Whatever they answer was found in authenticated secrets. */
export function createTagReads(db: Connection, secrets: SecretRows, onDamage: OnDamage): TagReads {
  const nextPairs = createPairSteps(db);
  const otherSecrets = db
    .prepare<[string, string, string, number, number], number>(
      `SELECT secret_row FROM secret_tag
        WHERE project_id = ? AND key = ? AND value = ? AND secret_row > ? ORDER BY secret_row LIMIT ?`,
    )
    .pluck();
  return {
    *list(projectId) {
      const isVouchedFor = createVouching(secrets, projectId, onDamage);
      /** Whether one of the secrets behind this one has the pair. */
      const isVouchedForBehind = function* ({ key, value, secret_row }: PairRow): Steps<boolean> {
        let behind: number | undefined = secret_row;
        while (behind !== undefined) {
          yield NOTHING;
          const rows = otherSecrets.all(projectId, key, value, behind, STEP_PAIRS_MAX);
          if (rows.some((row) => isVouchedFor({ key, value, secret_row: row }))) return true;
          behind = rows.at(-1);
        }
        return false;
      };
      let last: Tag | undefined;
      // One that many secrets share is jumped over at once; where each has its own, they are taken many at a time.
      let stepPairs = 1;
      for (;;) {
        const rows = nextPairs(projectId, last, stepPairs);
        if (rows.length === 0) return undefined;
        const pairs: Tag[] = [];
        for (const row of rows) {
          if (row.key === last?.key && row.value === last.value) continue;
          last = { key: row.key, value: row.value };
          if (isVouchedFor(row) || (yield* isVouchedForBehind(row))) pairs.push(last);
        }
        const areDistinct = pairs.length === rows.length;
        stepPairs = areDistinct ? Math.min(2 * stepPairs, STEP_PAIRS_MAX) : 1;
        yield pairs;
      }
    },
  };
}

/** Bytes of a digest, and of all that are kept: those of a full project's tags. */
const DIGEST_BYTES = 16;
const DIGESTS_BYTES_MAX = 2_097_152;

/**
 * A pair is what one of its secrets says; the other rows are checked when those secrets are read. Each secret is loaded
 * once, though its tags come in turn with others', and again when it does not know of a pair: it may have changed. What is
 * kept of each tag is a digest with a key that nobody else knows, and of the longest ago nothing, which costs only time.
 */
function createVouching(
  secrets: SecretRows,
  projectId: string,
  onDamage: OnDamage,
): (pair: PairRow) => boolean {
  const salt = randomBytes(DIGEST_BYTES).toString('latin1');
  const known = createBoundedMap<number, string>(DIGESTS_BYTES_MAX, ({ length }) => length);

  function digestOf({ key, value }: Tag): string {
    return hash('sha256', `${salt}${key.length}:${key}${value}`, 'buffer').toString(
      'latin1',
      0,
      DIGEST_BYTES,
    );
  }

  return (pair) => {
    const digest = digestOf(pair);
    if (known.get(pair.secret_row)?.includes(digest)) return true;
    const aggregate = ifSound(
      () => secrets.loadRow(pair.secret_row)?.aggregate,
      () => undefined,
    );
    const digests = aggregate?.secret.projectId === projectId ? aggregate.tags.map(digestOf) : [];
    known.set(pair.secret_row, digests.join(''));
    if (digests.includes(digest)) return true;
    onDamage(`a tag ${pair.key} of project ${projectId}`);
    return false;
  };
}

/**
 * Prepares the way from pair to pair, which jumps over the secrets that share one: a project with many secrets and few
 * different tags is read in few steps. One comparison of both columns would look at every row.
 */
function createPairSteps(
  db: Connection,
): (projectId: string, last: Tag | undefined, limit: number) => PairRow[] {
  const nextValues = db.prepare<[string, string, string, number], PairRow>(
    `SELECT key, value, secret_row FROM secret_tag
      WHERE project_id = ? AND key = ? AND value > ? ORDER BY value, secret_row LIMIT ?`,
  );
  const nextKeys = db.prepare<[string, string, number], PairRow>(
    `SELECT key, value, secret_row FROM secret_tag
      WHERE project_id = ? AND key > ? ORDER BY key, value, secret_row LIMIT ?`,
  );
  return (projectId, last, limit) => {
    const sameKey = last && nextValues.all(projectId, last.key, last.value, limit);
    if (sameKey !== undefined && sameKey.length > 0) return sameKey;
    // No tag has an empty key.
    return nextKeys.all(projectId, last?.key ?? '', limit);
  };
}

function changed(): SecretError {
  return new SecretError('damaged', 'A stored tag has been changed.');
}
