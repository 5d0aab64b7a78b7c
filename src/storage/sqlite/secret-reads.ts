import type { DueSecret } from '../../app/ports.ts';
import { SecretError } from '../../core/errors.ts';
import type { SealedValue, Secret, SecretAggregate, SecretRef } from '../../core/secret.ts';
import { type RowMac, requireIntactContents, requireIntactSecret, type SecretMac } from '../row-mac.ts';
import { soundPage } from './damage.ts';
import { createDueList } from './due-list.ts';
import { expiryProject } from './expired-versions.ts';
import type { Connection } from './open.ts';
import { createRowCache } from './row-cache.ts';
import {
  fromSecretRow,
  fromStageRow,
  fromVersionRow,
  type SecretRow,
  type StageRow,
  SUBSCRIBED_EVENT,
  type VersionRow,
} from './secret-rows.ts';
import { createTagRead } from './tags.ts';

/** An authenticated aggregate with the places of its rows. */
export interface LoadedSecret {
  readonly row: number;
  /** Changes with everything about the secret. */
  readonly rowMac: Buffer;
  readonly aggregate: SecretAggregate;
  /** Version number to the row of its value. */
  readonly versionRows: ReadonlyMap<number, number>;
}

/** How a page of secrets is chosen. */
export interface PageQuery {
  readonly projectId: string;
  readonly afterName: string;
  readonly eventName: string | null;
  /** 1: only secrets with a rotation configuration. */
  readonly rotatedOnly: number;
  readonly limit: number;
}

/** Reads of secrets on one connection. Every row is authenticated before it is given out. */
export interface SecretReads {
  /** Metadata alone, for which the contents need not be read. */
  loadSecret(ref: SecretRef): Secret | undefined;
  load(ref: SecretRef): LoadedSecret | undefined;
  loadById(projectId: string, secretId: string): LoadedSecret | undefined;
  loadRow(row: number): LoadedSecret | undefined;
  /** Those that do not pass their check are left out, and told of. */
  list(query: PageQuery, tell: (name: string) => void): Secret[];
  listDue(nowMs: number, limit: number): DueSecret[];
  /** Throws damaged when the value of a known version is missing. */
  sealed(versionRow: number): SealedValue;
  /** What the project's count says; once that reaches `limit`, its rows are counted, since a count may be wrong. */
  countInProject(projectId: string, limit?: number): number;
  /** Takes over what has just been written, so that it need not be read back. */
  remember(saved: SavedSecret): void;
  /** Drops what is remembered. */
  forget(): void;
}

/** An aggregate as it was written, with its MAC. */
export interface SavedSecret {
  readonly loaded: LoadedSecret;
  readonly mac: SecretMac;
}

/** A verified row; its contents follow when somebody asks for them. */
interface KnownSecret {
  readonly secret: Secret;
  readonly contentsDigest: Buffer;
  readonly rowMac: Buffer;
  loaded: LoadedSecret | undefined;
}

const CACHE_ENTRIES = 2_000;

/** Prepares the reads of secrets on one connection. */
export function createSecretReads(db: Connection, mac: RowMac): SecretReads {
  const cache = createRowCache<number, KnownSecret>(CACHE_ENTRIES);
  const places = preparePlaces(db);
  const byRow = db.prepare<[number], SecretRow>('SELECT * FROM secret WHERE row = ?');
  const loadContents = createContentsRead(db);

  /** Only the MAC is read while it is the known one. */
  function known(row: number, rowMac: Buffer): KnownSecret | undefined {
    const present = cache.get(row, rowMac);
    if (present !== undefined) return present;
    const stored = byRow.get(row);
    if (stored === undefined) return undefined;
    const secret = authentic(stored, mac);
    const { contents_digest: digest, row_mac: storedMac } = stored;
    const entry = { secret, contentsDigest: digest, rowMac: storedMac, loaded: undefined };
    cache.set(row, storedMac, entry);
    return entry;
  }

  function find(ref: SecretRef): { readonly row: number; readonly entry: KnownSecret } | undefined {
    const found = places.byName.get(ref.projectId, ref.name);
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
      const found = places.byId.get(secretId, projectId);
      const entry = found && known(found[0], found[1]);
      return found && entry && complete(found[0], entry);
    },
    loadRow(row) {
      const rowMac = places.byRow.get(row);
      const entry = rowMac && known(row, rowMac);
      return entry && complete(row, entry);
    },
    remember({ loaded, mac: { rowMac, contentsDigest } }) {
      const { secret } = loaded.aggregate;
      cache.set(loaded.row, rowMac, { secret, contentsDigest, rowMac, loaded });
    },
    forget: () => cache.clear(),
    ...createListReads(db, mac),
    ...createValueReads(db),
  };
}

/** Where a secret is, with its MAC: as much as tells whether what is known of it still holds. */
function preparePlaces(db: Connection) {
  type Place = [row: number, rowMac: Buffer];
  return {
    byName: db
      .prepare<[string, string], Place>('SELECT row, row_mac FROM secret WHERE project_id = ? AND name = ?')
      .raw(),
    byId: db
      .prepare<[string, string], Place>('SELECT row, row_mac FROM secret WHERE id = ? AND project_id = ?')
      .raw(),
    byRow: db.prepare<[number], Buffer>('SELECT row_mac FROM secret WHERE row = ?').pluck(),
  };
}

/** Prepares the reading of a secret's contents, which throws damaged when they are not the signed ones. */
function createContentsRead(db: Connection): (row: number, known: KnownSecret) => LoadedSecret {
  const versions = db.prepare<[number], VersionRow>(
    `SELECT row, number, uid, kind, kms_key_id, create_time_ms, expire_time_ms, expiry_notified,
            expiry_project_id, slot
       FROM version WHERE secret_row = ? ORDER BY number`,
  );
  const stages = db.prepare<[number], StageRow>(
    'SELECT name, version_number, update_time_ms, slot FROM stage WHERE secret_row = ? ORDER BY slot',
  );
  const readTags = createTagRead(db);
  return (row, { secret, contentsDigest, rowMac }) => {
    const versionRows = versions.all(row);
    for (const version of versionRows) requireExpiryProject(version, secret);
    const aggregate = {
      secret,
      versions: versionRows.map(fromVersionRow),
      stages: stages.all(row).map(fromStageRow),
      tags: readTags(row, secret),
    };
    requireIntactContents(aggregate, contentsDigest);
    return {
      row,
      rowMac,
      aggregate,
      versionRows: new Map(versionRows.map((version) => [version.number, version.row])),
    };
  };
}

/** The contents do not cover whose list of expiring versions one is on. */
function requireExpiryProject(version: VersionRow, { projectId }: Secret): void {
  if (version.expiry_project_id === expiryProject(version, projectId)) return;
  throw new SecretError('damaged', 'A stored version has been changed.');
}

function authentic(row: SecretRow, mac: RowMac): Secret {
  const secret = fromSecretRow(row);
  requireIntactSecret(mac, secret, { contentsDigest: row.contents_digest, rowMac: row.row_mac });
  return secret;
}

function createListReads(
  db: Connection,
  mac: RowMac,
): Pick<SecretReads, 'list' | 'listDue' | 'countInProject'> {
  const page = db.prepare<[PageQuery], SecretRow>(
    `SELECT * FROM secret WHERE project_id = @projectId AND name > @afterName
       AND (@rotatedOnly = 0 OR rotation_config IS NOT NULL) ORDER BY name LIMIT @limit`,
  );
  const pageOfEvent = db.prepare<[PageQuery], SecretRow>(
    `SELECT * FROM secret WHERE project_id = @projectId AND ${SUBSCRIBED_EVENT} = @eventName
       AND event_subscriptions <> '[]' AND name > @afterName
       AND (@rotatedOnly = 0 OR rotation_config IS NOT NULL) ORDER BY name LIMIT @limit`,
  );
  const due = createDueList<Pick<SecretRow, 'id' | 'project_id' | 'name'>>(db, {
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
      const behind = (last: SecretRow | undefined, limit: number) =>
        statement.all({ ...query, afterName: last?.name ?? query.afterName, limit });
      return soundPage(query.limit, behind, {
        read: (row) => authentic(row, mac),
        tell: ({ name }) => tell(name),
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
