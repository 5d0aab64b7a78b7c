import type { DueSecret } from '../../../app/ports/deps.ts';
import { SecretError } from '../../../core/errors.ts';
import type { SealedValue, Secret, SecretAggregate, SecretRef } from '../../../core/secrets/secrets.ts';
import type { Row } from '../../columns/fields.ts';
import { SECRET, STAGE, TAG, VERSION } from '../../columns/secrets.ts';
import {
  changedRow,
  contentsDigest,
  type RowMac,
  requireIntact,
  rowText,
  type SignedSecret,
} from '../../row-mac.ts';
import type { Connection } from '../engine/open.ts';
import { createRowCache } from '../engine/row-cache.ts';
import { intactPage, type Stretch } from '../rows/damage.ts';
import { createDueList } from '../rows/due-list.ts';
import { prepareRows, selectSql } from '../rows/rows.ts';
import { expiryProject } from './expired-versions.ts';
import { SUBSCRIBED_EVENT } from './subscriptions.ts';
import { createTagRead } from './tags.ts';

/** An authenticated aggregate with its row numbers. */
export interface LoadedSecret {
  readonly row: number;
  /** Changes with everything about the secret. */
  readonly rowMac: Buffer;
  readonly aggregate: SecretAggregate;
  /** A version's slot to the row of its value. */
  readonly versionRows: ReadonlyMap<number, number>;
  /** Absent for what was only read. */
  readonly signed?: SignedSecret;
}

/** Selects a page of secrets. */
export interface SecretPageQuery {
  readonly projectId: string;
  readonly afterName: string;
  readonly eventName: string | null;
  /** 1: only secrets with a rotation configuration. */
  readonly rotatedOnly: number;
  readonly limit: number;
}

/** Reads of secrets on one connection. Every row is authenticated before it is returned. */
export interface SecretReads {
  /** Metadata alone, without reading the contents. */
  loadSecret(ref: SecretRef): Secret | undefined;
  load(ref: SecretRef): LoadedSecret | undefined;
  loadById(projectId: string, secretId: string): LoadedSecret | undefined;
  loadRow(row: number): LoadedSecret | undefined;
  /** Those that fail their check are left out and passed to `tell`. */
  list(query: SecretPageQuery, tell: (name: string) => void): Secret[];
  listDue(nowMs: number, limit: number): DueSecret[];
  /** Throws damaged when the value of a known version is missing. */
  sealed(versionRow: number): SealedValue;
  /** The project's count; once that reaches `limit`, its rows are counted, since the count may be wrong. */
  countInProject(projectId: string, limit?: number): number;
  /** Caches what has just been written, so that it need not be read back. */
  remember(saved: SavedSecret): void;
  /** Drops what is cached. */
  forget(): void;
}

/** An aggregate as written. */
export type SavedSecret = Required<LoadedSecret>;

/** A verified row; its contents are read on demand. */
interface KnownSecret {
  readonly secret: Secret;
  readonly contentsDigest: Buffer;
  readonly rowMac: Buffer;
  loaded: LoadedSecret | undefined;
}

const CACHE_ENTRIES = 2_000;
const NAME = SECRET.own.indexOf('name');
const SELECT_SECRET = selectSql(SECRET, ['contents_digest', 'row_mac']);

/** Prepares the reads of secrets on one connection. */
export function createSecretReads(db: Connection, mac: RowMac): SecretReads {
  const cache = createRowCache<number, KnownSecret>(CACHE_ENTRIES);
  const rowMacs = prepareRowMacs(db);
  const byRow = prepareRows(db, `${SELECT_SECRET} WHERE row = ?`);
  const loadContents = createContentsRead(db);

  /** Only the MAC is read while it is the cached one. */
  function known(row: number, rowMac: Buffer): KnownSecret | undefined {
    const present = cache.get(row, rowMac);
    if (present !== undefined) return present;
    const stored = byRow.get(row);
    if (stored === undefined) return undefined;
    const entry = { ...authentic(stored, mac), loaded: undefined };
    cache.set(row, entry.rowMac, entry);
    return entry;
  }

  function find(ref: SecretRef): { readonly row: number; readonly entry: KnownSecret } | undefined {
    const found = rowMacs.byName.get(ref.projectId, ref.name);
    const entry = found && known(found[0], found[1]);
    return found && entry && { row: found[0], entry };
  }

  function complete(row: number, entry: KnownSecret): LoadedSecret {
    entry.loaded ??= loadContents(row, entry);
    return entry.loaded;
  }

  return {
    loadSecret: (ref) => find(ref)?.entry.secret,
    load(ref) {
      const found = find(ref);
      return found && complete(found.row, found.entry);
    },
    loadById(projectId, secretId) {
      const found = rowMacs.byId.get(secretId, projectId);
      const entry = found && known(found[0], found[1]);
      return found && entry && complete(found[0], entry);
    },
    loadRow(row) {
      const rowMac = rowMacs.byRow.get(row);
      const entry = rowMac && known(row, rowMac);
      return entry && complete(row, entry);
    },
    remember(loaded) {
      const { aggregate, row, rowMac, signed } = loaded;
      const { contentsDigest } = signed;
      cache.set(row, rowMac, { secret: aggregate.secret, contentsDigest, rowMac, loaded });
    },
    forget: () => cache.clear(),
    ...createListReads(db, mac),
    ...createValueReads(db),
  };
}

/** A secret's row number and MAC: enough to validate what is cached. */
function prepareRowMacs(db: Connection) {
  type Found = [row: number, rowMac: Buffer];
  return {
    byName: db
      .prepare<[string, string], Found>('SELECT row, row_mac FROM secret WHERE project_id = ? AND name = ?')
      .raw(),
    byId: db
      .prepare<[string, string], Found>('SELECT row, row_mac FROM secret WHERE id = ? AND project_id = ?')
      .raw(),
    byRow: db.prepare<[number], Buffer>('SELECT row_mac FROM secret WHERE row = ?').pluck(),
  };
}

/** Prepares reading a secret's contents, which throws damaged when they are not the signed ones. */
function createContentsRead(db: Connection): (row: number, known: KnownSecret) => LoadedSecret {
  const versions = prepareRows(
    db,
    `${selectSql(VERSION, ['row', 'expiry_project_id'])} WHERE secret_row = ? ORDER BY number`,
  );
  const stages = prepareRows(db, `${selectSql(STAGE)} WHERE secret_row = ? ORDER BY slot`);
  const readTags = createTagRead(db);
  return (row, { secret, contentsDigest: signedDigest, rowMac }) => {
    const rows = { versions: versions.all(row), stages: stages.all(row), tags: readTags(row, secret) };
    if (!contentsDigest(rows).equals(signedDigest)) throw changedRow(SECRET.kind);
    const versionRows = new Map<number, number>();
    const aggregate = {
      secret,
      versions: rows.versions.map((stored) => {
        const version = VERSION.decode(stored);
        const [versionRow, projectId] = stored.slice(VERSION.own.length);
        // The digest does not cover the column that lists a version as expiring.
        if (projectId !== expiryProject(version, secret.projectId)) throw changedRow(VERSION.kind);
        versionRows.set(version.slot, Number(versionRow));
        return version;
      }),
      stages: rows.stages.map(STAGE.decode),
      tags: rows.tags.map(TAG.decode),
    };
    return { row, rowMac, aggregate, versionRows };
  };
}

function authentic(row: Row, mac: RowMac): Omit<KnownSecret, 'loaded'> {
  // Both are columns of bytes.
  const [contentsDigest, rowMac] = row.slice(SECRET.own.length) as [Buffer, Buffer];
  requireIntact(mac, SECRET.kind, { text: rowText(SECRET, row), rowMac });
  return { secret: SECRET.decode(row), contentsDigest, rowMac };
}

function createListReads(
  db: Connection,
  mac: RowMac,
): Pick<SecretReads, 'list' | 'listDue' | 'countInProject'> {
  const page = prepareRows(
    db,
    `${SELECT_SECRET} WHERE project_id = @projectId AND name > @afterName
       AND (@rotatedOnly = 0 OR rotation_config IS NOT NULL) ORDER BY name LIMIT @limit OFFSET @offset`,
  );
  const pageOfEvent = prepareRows(
    db,
    `${SELECT_SECRET} WHERE project_id = @projectId AND ${SUBSCRIBED_EVENT} = @eventName
       AND event_subscriptions <> '[]' AND name > @afterName
       AND (@rotatedOnly = 0 OR rotation_config IS NOT NULL) ORDER BY name LIMIT @limit OFFSET @offset`,
  );
  const due = createDueList<{ readonly id: string; readonly project_id: string; readonly name: string }>(db, {
    table: 'secret',
    time: 'scheduled_delete_time_ms',
    columns: 'id, project_id, name',
    order: 'row',
  });
  const count = db.prepare<[string], number>('SELECT secret_count FROM project WHERE id = ?').pluck();
  const rows = db.prepare<[string], number>('SELECT count(*) FROM secret WHERE project_id = ?').pluck();
  return {
    list(query, tell) {
      const statement = query.eventName === null ? page : pageOfEvent;
      const nameOf = (row: Row) => String(row[NAME]);
      const read = ({ last, ...stretch }: Stretch<Row>) =>
        statement.all({ ...query, ...stretch, ...(last !== undefined && { afterName: nameOf(last) }) });
      return intactPage(query.limit, read, {
        authentic: (row) => authentic(row, mac).secret,
        tell: (row) => tell(nameOf(row)),
      });
    },
    listDue: (nowMs, limit) =>
      due({ nowMs }, limit).map((row) => ({
        id: row.id,
        ref: { projectId: row.project_id, name: row.name },
      })),
    countInProject(projectId, limit = Number.POSITIVE_INFINITY) {
      const counted = count.get(projectId) ?? 0;
      return counted < limit ? counted : (rows.get(projectId) ?? 0);
    },
  };
}

function createValueReads(db: Connection): Pick<SecretReads, 'sealed'> {
  const wrapped = db
    .prepare<[number], Buffer>('SELECT wrapped FROM version_key WHERE version_row = ?')
    .pluck();
  const body = db.prepare<[number], Buffer>('SELECT body FROM version_body WHERE version_row = ?').pluck();
  return {
    sealed(versionRow) {
      const key = wrapped.get(versionRow);
      const sealed = body.get(versionRow);
      if (key === undefined || sealed === undefined) {
        throw new SecretError('damaged', 'The value of a stored version is missing.');
      }
      return { wrappedKey: key, body: sealed };
    },
  };
}
