import { hash, randomBytes } from 'node:crypto';
import { SecretError } from '../../../core/errors.ts';
import type { Secret, SecretAggregate, Tag } from '../../../core/secrets/secrets.ts';
import { createBoundedMap } from '../../../std/bounded-map.ts';
import type { Row } from '../../columns/fields.ts';
import { TAG } from '../../columns/secrets.ts';
import type { Connection } from '../engine/open.ts';
import { NOTHING, type Steps } from '../engine/steps.ts';
import { ifIntact, type OnDamage } from '../rows/damage.ts';
import { prepareInsert, prepareRows, selectSql } from '../rows/rows.ts';

interface PairRow extends Tag {
  readonly secret_row: number;
  /** The pair's bytes, the cursor of a walk: text that is no longer UTF-8 reads as other text. */
  readonly key_bytes: Buffer;
  readonly value_bytes: Buffer;
}

/** The reads of the secrets that authenticate tags. */
interface SecretRows {
  loadRow(row: number): { readonly aggregate: SecretAggregate } | undefined;
}

/** Prepares reading the rows of one secret's tags, by key. Throws damaged when one is filed under another project. */
export function createTagRead(db: Connection): (row: number, secret: Secret) => Row[] {
  const tags = prepareRows(db, `${selectSql(TAG, ['project_id'])} WHERE secret_row = ? ORDER BY key`);
  return (row, { projectId }) => {
    const rows = tags.all(row);
    if (rows.some((tag) => tag.at(-1) !== projectId)) throw changed();
    return rows;
  };
}

/** Prepares writing one secret's tags. Runs inside the write transaction. */
export function createTagWrites(db: Connection) {
  const insert = prepareInsert(db, TAG, ['secret_row', 'project_id']);
  const remove = db.prepare('DELETE FROM secret_tag WHERE secret_row = ? AND key = ?');
  const removeAll = db.prepare('DELETE FROM secret_tag WHERE secret_row = ?');
  return {
    removeAll: (row: number) => removeAll.run(row),
    /** A tag with a new value is both removed and added. */
    replace(row: number, projectId: string, tags: { readonly left: Tag[]; readonly entered: Tag[] }): void {
      for (const { key } of tags.left) remove.run(row, key);
      for (const tag of tags.entered) insert(TAG.encode(tag), row, projectId);
    },
  };
}

const NO_KEY = Buffer.alloc(0);
/** Pairs of one step, each of which loads one secret at most. */
const STEP_PAIRS_MAX = 32;

/** Prepares the reads across a project. Whatever they return was found in authenticated secrets. */
export function createTagReads(db: Connection, secrets: SecretRows, onDamage: OnDamage) {
  const nextPairs = createPairSteps(db);
  const otherSecrets = db
    .prepare<[string, Buffer, Buffer, number, number], number>(
      `SELECT secret_row FROM secret_tag
        WHERE project_id = ? AND key = CAST(? AS TEXT) AND value = CAST(? AS TEXT) AND secret_row > ?
        ORDER BY secret_row LIMIT ?`,
    )
    .pluck();
  return {
    /** Every pair of key and value once, by key and value; one that only damaged secrets have is left out. */
    *list(projectId: string): Steps<undefined, Tag> {
      const isVouchedFor = createVouching(secrets, projectId, onDamage);
      /** Whether one of the secrets after this one has the pair. */
      const isVouchedForBehind = function* (pair: PairRow): Steps<boolean> {
        let behind: number | undefined = pair.secret_row;
        while (behind !== undefined) {
          yield NOTHING;
          const rows = otherSecrets.all(projectId, pair.key_bytes, pair.value_bytes, behind, STEP_PAIRS_MAX);
          if (rows.some((row) => isVouchedFor({ ...pair, secret_row: row }))) return true;
          behind = rows.at(-1);
        }
        return false;
      };
      let last: PairRow | undefined;
      // A pair that many secrets share is skipped at once; where each has its own, many are read at a time.
      let stepPairs = 1;
      for (;;) {
        const rows = nextPairs(projectId, last, stepPairs);
        if (rows.length === 0) return undefined;
        const pairs: Tag[] = [];
        for (const row of rows) {
          if (last !== undefined && isSamePair(row, last)) continue;
          last = row;
          const { key, value } = row;
          if (isVouchedFor(row) || (yield* isVouchedForBehind(row))) pairs.push({ key, value });
        }
        const areDistinct = pairs.length === rows.length;
        stepPairs = areDistinct ? Math.min(2 * stepPairs, STEP_PAIRS_MAX) : 1;
        yield pairs;
      }
    },
  };
}

function isSamePair(one: PairRow, other: PairRow): boolean {
  return one.key_bytes.equals(other.key_bytes) && one.value_bytes.equals(other.value_bytes);
}

/** Bytes of a digest, and of all that are cached: those of a full project's tags. */
const DIGEST_BYTES = 16;
const DIGESTS_BYTES_MAX = 2_097_152;

/**
 * A pair counts if one of its secrets has it; the other rows are checked when those secrets are read. Each secret is
 * loaded once, though its tags alternate with others', and again when it lacks a pair: it may have changed. Of each tag
 * only a digest under a private key is cached, and the oldest are dropped, which costs only time.
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
    const aggregate = ifIntact(
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
 * Prepares stepping from pair to pair, skipping the secrets that share one: a project with many secrets and few different
 * tags is read in few steps. One comparison of both columns would read every row.
 */
function createPairSteps(
  db: Connection,
): (projectId: string, last: PairRow | undefined, limit: number) => PairRow[] {
  const select =
    'SELECT key, value, secret_row, CAST(key AS BLOB) AS key_bytes, CAST(value AS BLOB) AS value_bytes FROM secret_tag';
  const nextValues = db.prepare<[string, Buffer, Buffer, number], PairRow>(
    `${select} WHERE project_id = ? AND key = CAST(? AS TEXT) AND value > CAST(? AS TEXT)
      ORDER BY value, secret_row LIMIT ?`,
  );
  const nextKeys = db.prepare<[string, Buffer, number], PairRow>(
    `${select} WHERE project_id = ? AND key > CAST(? AS TEXT) ORDER BY key, value, secret_row LIMIT ?`,
  );
  return (projectId, last, limit) => {
    const sameKey = last && nextValues.all(projectId, last.key_bytes, last.value_bytes, limit);
    if (sameKey !== undefined && sameKey.length > 0) return sameKey;
    // No tag has an empty key.
    return nextKeys.all(projectId, last?.key_bytes ?? NO_KEY, limit);
  };
}

function changed(): SecretError {
  return new SecretError('damaged', 'A stored tag has been changed.');
}
