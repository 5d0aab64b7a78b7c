import { SecretError } from '../../core/errors.ts';
import type { Key } from '../../core/key.ts';
import type { SealedValue, SecretAggregate } from '../../core/secret.ts';
import type { RowMac } from '../row-mac.ts';
import { createCheckerRead } from './checker.ts';
import { createKeyReads } from './keys.ts';
import type { Connection } from './open.ts';
import { createSecretReads } from './secret-reads.ts';

/** A stored secret as the inspection meets it; without an aggregate when its rows do not pass their check. */
export interface InspectedSecret {
  /** `<project id>/<name>` */
  readonly place: string;
  readonly aggregate: SecretAggregate | undefined;
  /** Throws damaged when the value is missing. */
  sealed(versionNumber: number): SealedValue;
}

/** Reads everything that is stored, for the full check. */
export interface Inspector {
  /** What SQLite itself and the counters say: one text for each finding. */
  structure(): string[];
  /** Every key by its place; undefined when its rows do not pass their check. */
  keys(): { readonly place: string; readonly key: Key | undefined }[];
  /** Projects whose checker configuration does not pass its check. */
  damagedCheckers(): string[];
  secrets(): Iterable<InspectedSecret>;
}

const FINDINGS_MAX = 100;

interface ForeignKeyFinding {
  readonly table: string;
  readonly parent: string;
}

/** Prepares the full check on a connection that nobody else writes to. */
export function createInspector(db: Connection, mac: RowMac): Inspector {
  const secretReads = createSecretReads(db, mac);
  const keyReads = createKeyReads(db, mac);
  const findChecker = createCheckerRead(db, mac);
  const checkerRows = db
    .prepare<[], string>('SELECT project_id FROM checker_config ORDER BY project_id')
    .pluck();
  const secretRows = db.prepare<[], { row: number; project_id: string; name: string }>(
    'SELECT row, project_id, name FROM secret ORDER BY project_id, name',
  );
  const keyRows = db.prepare<[], { project_id: string; id: string }>(
    'SELECT project_id, id FROM kms_key ORDER BY 1, 2',
  );
  return {
    structure: () => [...integrityFindings(db), ...countFindings(db)],
    keys: () =>
      keyRows.all().map(({ project_id: projectId, id }) => ({
        place: `${projectId}/${id}`,
        key: intact(() => keyReads.find({ projectId, id })),
      })),
    damagedCheckers: () =>
      checkerRows.all().filter((projectId) => intact(() => findChecker(projectId)) === undefined),
    *secrets() {
      for (const { row, project_id: projectId, name } of secretRows.all()) {
        const loaded = intact(() => secretReads.loadRow(row));
        yield {
          place: `${projectId}/${name}`,
          aggregate: loaded?.aggregate,
          sealed: (number) => secretReads.sealed(loaded?.versionRows.get(number) ?? 0),
        };
      }
    },
  };
}

/** The result, or undefined when the rows do not pass their check. */
function intact<T>(read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof SecretError && error.code === 'damaged') return undefined;
    throw error;
  }
}

function integrityFindings(db: Connection): string[] {
  const integrity = db
    .prepare<[], string>(`PRAGMA integrity_check(${FINDINGS_MAX})`)
    .pluck()
    .all()
    .filter((text) => text !== 'ok');
  const references = db
    .prepare<[], ForeignKeyFinding>('PRAGMA foreign_key_check')
    .all()
    .slice(0, FINDINGS_MAX);
  return [...integrity, ...references.map(({ table, parent }) => `a row of ${table} has no ${parent}`)];
}

function countFindings(db: Connection): string[] {
  const wrong = db
    .prepare<[], string>(
      `SELECT p.id FROM project p
        WHERE p.secret_count <> (SELECT count(*) FROM secret s WHERE s.project_id = p.id)
       UNION SELECT DISTINCT s.project_id FROM secret s WHERE s.project_id NOT IN (SELECT id FROM project)`,
    )
    .pluck()
    .all();
  return wrong.map((projectId) => `the count of secrets of project ${projectId} is wrong`);
}
