import type { FoundSecret, SecretSearch } from '../../../app/ports/deps.ts';
import { fitsTags, type TagCondition } from '../../../core/secrets/tags.ts';
import type { Connection } from '../engine/open.ts';
import { NOTHING, type Steps } from '../engine/steps.ts';
import { ifIntact, type OnDamage } from '../rows/damage.ts';
import type { SecretReads } from './secret-reads.ts';

/** A secret by its name; pages are sorted by name. */
interface NamedRow {
  readonly row: number;
  readonly name: string;
}

/** The cursor of a walk through the index of tags: bytes, since text that is no longer UTF-8 reads as other text. */
interface TaggedRow {
  readonly bytes: Buffer;
  readonly secret_row: number;
}

/** Index rows of one step; each costs a look-up for every further condition. */
const STEP_TAGGED = 100;
const STEP_NAMES = 500;
/** Secrets that one step loads and authenticates. */
const STEP_SECRETS = 32;
/** Most rows that are counted to find the condition that the fewest secrets meet. */
const PROBE_ROWS_MAX = 1_000;

/**
 * Prepares the search across a project. Conditions on tags are looked up in the index of tags, beginning with the one
 * that the fewest secrets meet; without any, names are scanned. Candidates are authenticated and matched again; damaged
 * ones are left out. Returns how many there are on all pages.
 */
export function createSecretSearch(
  db: Connection,
  secrets: Pick<SecretReads, 'loadRow' | 'countInProject'>,
  onDamage: OnDamage,
): (query: SecretSearch) => Steps<number, FoundSecret> {
  const findTagged = createTaggedWalk(db);
  const findNamed = createNameWalk(db);

  function* load(page: readonly NamedRow[], query: SecretSearch): Steps<void, FoundSecret> {
    for (let at = 0; at < page.length; at += STEP_SECRETS) {
      const found: FoundSecret[] = [];
      for (const { row, name } of page.slice(at, at + STEP_SECRETS)) {
        const aggregate = ifIntact(
          () => secrets.loadRow(row)?.aggregate,
          () => onDamage(`secret ${query.projectId}/${name}`),
        );
        // The secret may have changed since its row was found.
        const fits = aggregate?.secret.projectId === query.projectId && fitsTags(aggregate.tags, query.tags);
        if (fits) found.push({ secret: aggregate.secret, tags: aggregate.tags });
      }
      yield found;
    }
  }

  return function* (query) {
    const { limit, nameParts, offset, projectId, tags } = query;
    if (tags.length > 0) {
      const rows = yield* findTagged(query);
      yield* load(rows.slice(offset, offset + limit), query);
      return rows.length;
    }
    if (nameParts.length === 0 && limit === 0) return secrets.countInProject(projectId);
    const { page, total } = yield* findNamed(query);
    yield NOTHING;
    yield* load(page, query);
    return nameParts.length > 0 ? total : secrets.countInProject(projectId);
  };
}

/** Scans a project's names in order: all of them for the total, else up to the page's end. */
function createNameWalk(db: Connection) {
  const following = db.prepare<[string, Buffer, number], NamedRow & { readonly bytes: Buffer }>(
    `SELECT row, name, CAST(name AS BLOB) AS bytes FROM secret
      WHERE project_id = ? AND name > CAST(? AS TEXT) ORDER BY name LIMIT ?`,
  );
  return function* ({ limit, nameParts, offset, projectId }: SecretSearch): Steps<{
    readonly page: NamedRow[];
    readonly total: number;
  }> {
    const page: NamedRow[] = [];
    let total = 0;
    let after: Buffer = Buffer.alloc(0);
    for (;;) {
      const rows = following.all(projectId, after, STEP_NAMES);
      for (const row of rows) {
        if (!hasParts(row.name, nameParts)) continue;
        if (total >= offset && page.length < limit) page.push(row);
        total += 1;
      }
      const isOver = nameParts.length === 0 && page.length === limit;
      const last = rows.at(-1);
      if (isOver || last === undefined || rows.length < STEP_NAMES) return { page, total };
      after = last.bytes;
      yield NOTHING;
    }
  };
}

/** Finds every secret that meets the conditions, by name. */
function createTaggedWalk(db: Connection): (query: SecretSearch) => Steps<NamedRow[]> {
  const choose = createChoice(db);
  const walk = createTagIndexWalk(db);
  const tagValue = db
    .prepare<[number, string], string>('SELECT value FROM secret_tag WHERE secret_row = ? AND key = ?')
    .pluck();
  const secretName = db.prepare<[number], string>('SELECT name FROM secret WHERE row = ?').pluck();

  function nameOf(row: number, others: readonly TagCondition[], nameParts: readonly string[]) {
    for (const { key, values } of others) {
      const value = tagValue.get(row, key);
      if (value === undefined || !(values.length === 0 || values.includes(value))) return undefined;
    }
    const name = secretName.get(row);
    return name !== undefined && hasParts(name, nameParts) ? { row, name } : undefined;
  }

  return function* ({ nameParts, projectId, tags }) {
    const first = choose(projectId, tags);
    const others = tags.filter((condition) => condition !== first);
    yield NOTHING;
    // By row: a tag whose value is changed meanwhile may be found twice.
    const found = new Map<number, NamedRow>();
    const runs: NamedRow[][] = [];
    for (const rows of walk(projectId, first)) {
      const named = rows
        .filter((row) => !found.has(row))
        .map((row) => nameOf(row, others, nameParts))
        .filter((row) => row !== undefined);
      for (const row of named) found.set(row.row, row);
      if (named.length > 0) runs.push(named.sort((a, b) => (a.name < b.name ? -1 : 1)));
      yield NOTHING;
    }
    return yield* merged(runs);
  };
}

/** The condition that the fewest secrets meet, as far as a short count shows. */
function createChoice(db: Connection) {
  const probe = (condition: string) =>
    db
      .prepare<[string, string, string], number>(
        `SELECT count(*) FROM (SELECT 1 FROM secret_tag
          WHERE project_id = ? AND key = ?${condition} LIMIT ${PROBE_ROWS_MAX})`,
      )
      .pluck();
  const withKey = probe(" AND ? = '[]'");
  const withValues = probe(' AND value IN (SELECT value FROM json_each(?))');
  return (projectId: string, tags: readonly TagCondition[]): TagCondition => {
    const counted = tags.map((condition) => {
      const { key, values } = condition;
      const count = (values.length === 0 ? withKey : withValues).get(projectId, key, JSON.stringify(values));
      return { condition, count: count ?? 0 };
    });
    return counted.reduce((best, next) => (next.count < best.count ? next : best)).condition;
  };
}

/** The rows of the secrets that meet a condition, some at a time. */
function createTagIndexWalk(db: Connection) {
  const following = db.prepare<[string, string, Buffer, number, number], TaggedRow>(
    `SELECT CAST(value AS BLOB) AS bytes, secret_row FROM secret_tag
      WHERE project_id = ? AND key = ? AND (value, secret_row) > (CAST(? AS TEXT), ?)
      ORDER BY value, secret_row LIMIT ?`,
  );
  const ofValue = db.prepare<[string, string, Buffer, number, number], TaggedRow>(
    `SELECT CAST(value AS BLOB) AS bytes, secret_row FROM secret_tag
      WHERE project_id = ? AND key = ? AND value = CAST(? AS TEXT) AND secret_row > ? ORDER BY secret_row LIMIT ?`,
  );
  return function* (projectId: string, { key, values }: TagCondition): Generator<number[]> {
    // The empty value is a value too, before all others.
    for (const value of values.length === 0 ? [''] : values) {
      const statement = values.length === 0 ? following : ofValue;
      let last: TaggedRow | undefined = { bytes: Buffer.from(value), secret_row: -1 };
      while (last !== undefined) {
        const rows: TaggedRow[] = statement.all(projectId, key, last.bytes, last.secret_row, STEP_TAGGED);
        yield rows.map(({ secret_row: row }) => row);
        last = rows.length < STEP_TAGGED ? undefined : rows.at(-1);
      }
    }
  };
}

/** Merges sorted lists; each step merges two of the shortest. */
function* merged(runs: NamedRow[][]): Steps<NamedRow[]> {
  const waiting = [...runs];
  for (let at = 0; at + 1 < waiting.length; at += 2) {
    const [left = [], right = []] = waiting.slice(at, at + 2);
    waiting.push(mergeTwo(left, right));
    yield NOTHING;
  }
  return waiting.at(-1) ?? [];
}

function mergeTwo(left: readonly NamedRow[], right: readonly NamedRow[]): NamedRow[] {
  const both: NamedRow[] = [];
  let [atLeft, atRight] = [0, 0];
  for (;;) {
    const [one, other] = [left[atLeft], right[atRight]];
    if (one === undefined) return both.concat(right.slice(atRight));
    if (other === undefined) return both.concat(left.slice(atLeft));
    if (one.name < other.name) {
      both.push(one);
      atLeft += 1;
    } else {
      both.push(other);
      atRight += 1;
    }
  }
}

function hasParts(name: string, nameParts: readonly string[]): boolean {
  return nameParts.every((part) => name.includes(part));
}
