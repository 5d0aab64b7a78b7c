import type { SearchedSecrets, SecretSearch } from '../../app/ports.ts';
import { SecretError } from '../../core/errors.ts';
import type { Secret, Tag } from '../../core/secret.ts';
import type { Connection } from './open.ts';
import type { SecretReads } from './secret-reads.ts';

interface TagRow extends Tag {
  readonly project_id: string;
}

interface PairRow extends Tag {
  readonly secret_row: number;
}

/** What one search binds: conditions as JSON, so that one statement serves any number of them. */
interface SearchParameters {
  readonly projectId: string;
  readonly key: string;
  readonly values: string;
  readonly others: string;
  readonly nameParts: string;
}

/** Reads across the secrets of a project. */
export interface TagReads {
  /** Every pair of key and value once, by key and value. Throws damaged. */
  list(projectId: string): Tag[];
  /** Throws damaged. */
  search(query: SecretSearch): SearchedSecrets;
}

/** Prepares the reading of one secret's tags, by key. Throws damaged when a tag is filed under another project. */
export function createTagRead(db: Connection): (row: number, secret: Secret) => Tag[] {
  const tags = db.prepare<[number], TagRow>(
    'SELECT key, value, project_id FROM secret_tag WHERE secret_row = ? ORDER BY key',
  );
  return (row, { projectId }) =>
    tags.all(row).map(({ key, value, project_id }) => {
      if (project_id !== projectId) throw changed();
      return { key, value };
    });
}

/** Prepares the writing of one secret's tags. Runs inside the write transaction. */
export function createTagWrites(db: Connection) {
  const insert = db.prepare(
    'INSERT INTO secret_tag (secret_row, project_id, key, value) VALUES (?, ?, ?, ?)',
  );
  const remove = db.prepare('DELETE FROM secret_tag WHERE secret_row = ? AND key = ?');
  const removeAll = db.prepare('DELETE FROM secret_tag WHERE secret_row = ?');
  return {
    removeAll: (row: number) => removeAll.run(row),
    /** A tag with a new value has left and entered. */
    replace(row: number, projectId: string, tags: { readonly left: Tag[]; readonly entered: Tag[] }): void {
      for (const { key } of tags.left) remove.run(row, key);
      for (const { key, value } of tags.entered) insert.run(row, projectId, key, value);
    },
  };
}

/** Prepares the reads across a project. Whatever they answer was found in authenticated secrets. */
export function createTagReads(db: Connection, secrets: Pick<SecretReads, 'loadRow'>): TagReads {
  const nextPair = createPairSteps(db);
  const searchAll = prepareSearch(db, '');
  const searchTagged = prepareSearch(db, WITH_FIRST_TAG);

  /** A pair is what one of its secrets says; the other rows are checked when those secrets are read. */
  function vouchedFor({ key, value, secret_row }: PairRow, tagsOf: (row: number) => readonly Tag[]): Tag {
    const isThere = tagsOf(secret_row).some((tag) => tag.key === key && tag.value === value);
    if (!isThere) throw changed();
    return { key, value };
  }

  /** Loads each secret once, though many of its tags may be asked for in turn with others'. */
  function createTagsOf(projectId: string): (row: number) => readonly Tag[] {
    const loaded = new Map<number, readonly Tag[]>();
    return (row) => {
      const known = loaded.get(row);
      if (known !== undefined) return known;
      const aggregate = secrets.loadRow(row)?.aggregate;
      const tags = aggregate?.secret.projectId === projectId ? aggregate.tags : [];
      loaded.set(row, tags);
      return tags;
    };
  }

  return {
    list(projectId) {
      const pairs: Tag[] = [];
      const tagsOf = createTagsOf(projectId);
      let pair = nextPair(projectId, undefined);
      while (pair !== undefined) {
        pairs.push(vouchedFor(pair, tagsOf));
        pair = nextPair(projectId, pair);
      }
      return pairs;
    },
    search(query) {
      const { limit, offset } = query;
      const { count, page } = query.tags.length === 0 ? searchAll : searchTagged;
      const parameters = toParameters(query);
      const rows = limit === 0 ? [] : page.all({ ...parameters, limit, offset });
      const found = rows.map((row) => secrets.loadRow(row)?.aggregate).filter((each) => each !== undefined);
      const total = count.get(parameters) ?? 0;
      return { total, secrets: found.map(({ secret, tags }) => ({ secret, tags })) };
    },
  };
}

/**
 * Prepares the way from pair to pair, which jumps over the secrets that share one: a project with many secrets and few
 * different tags is read in few steps. One comparison of both columns would look at every row.
 */
function createPairSteps(db: Connection): (projectId: string, last: Tag | undefined) => PairRow | undefined {
  const nextValue = db.prepare<[string, string, string], PairRow>(
    `SELECT key, value, secret_row FROM secret_tag
      WHERE project_id = ? AND key = ? AND value > ? ORDER BY value, secret_row LIMIT 1`,
  );
  const nextKey = db.prepare<[string, string], PairRow>(
    `SELECT key, value, secret_row FROM secret_tag
      WHERE project_id = ? AND key > ? ORDER BY key, value, secret_row LIMIT 1`,
  );
  return (projectId, last) => {
    const sameKey = last && nextValue.get(projectId, last.key, last.value);
    // No tag has an empty key.
    return sameKey ?? nextKey.get(projectId, last?.key ?? '');
  };
}

/** The first condition is looked up in the index; the others are asked of what it finds. */
const WITH_FIRST_TAG = `AND row IN (
  SELECT secret_row FROM secret_tag
   WHERE project_id = @projectId AND key = @key AND json_array_length(@values) = 0
  UNION ALL
  SELECT secret_row FROM secret_tag
   WHERE project_id = @projectId AND key = @key AND value IN (SELECT value FROM json_each(@values)))`;

function prepareSearch(db: Connection, firstTag: string) {
  const matching = `FROM secret
    WHERE project_id = @projectId ${firstTag}
      AND NOT EXISTS (
        SELECT 1 FROM json_each(@others) AS wanted
         WHERE NOT EXISTS (
           SELECT 1 FROM secret_tag
            WHERE secret_row = secret.row AND key = wanted.value ->> 'key'
              AND (json_array_length(wanted.value, '$.values') = 0
                   OR value IN (SELECT value FROM json_each(wanted.value, '$.values')))))
      AND NOT EXISTS (SELECT 1 FROM json_each(@nameParts) AS part WHERE instr(name, part.value) = 0)`;
  type Page = SearchParameters & { readonly limit: number; readonly offset: number };
  return {
    count: db.prepare<[SearchParameters], number>(`SELECT count(*) ${matching}`).pluck(),
    page: db
      .prepare<[Page], number>(`SELECT row ${matching} ORDER BY name LIMIT @limit OFFSET @offset`)
      .pluck(),
  };
}

function toParameters({ projectId, tags, nameParts }: SecretSearch): SearchParameters {
  const [first, ...others] = tags;
  return {
    projectId,
    key: first?.key ?? '',
    values: JSON.stringify(first?.values ?? []),
    others: JSON.stringify(others),
    nameParts: JSON.stringify(nameParts),
  };
}

function changed(): SecretError {
  return new SecretError('damaged', 'A stored tag has been changed.');
}
