import type { KeyRef } from '../../../core/kms/keys.ts';
import type { SealedValue, SecretAggregate, Version } from '../../../core/secrets/secrets.ts';
import { DESTROYED_KEY } from '../../columns/keys.ts';
import { SIGNING_KEY } from '../../columns/small.ts';
import type { RowMac } from '../../row-mac.ts';
import type { Connection } from '../engine/open.ts';
import { requireIntactInstallation } from '../files/installation-record.ts';
import { createGrantReads } from '../tables/grants.ts';
import { createKeyReads } from '../tables/keys.ts';
import { createSecretReads } from '../tables/secret-reads.ts';
import { unlessDamaged } from './damage.ts';
import { inspectRows } from './inspect-rows.ts';
import { findSumDifference, haveRowSums } from './row-sums.ts';
import { SHARDS } from './sums.ts';
import { createWholeReads } from './wholes.ts';

/** A stored secret under inspection; without an aggregate when its rows fail their check. */
export interface InspectedSecret {
  /** `<project id>/<name>` */
  readonly address: string;
  readonly aggregate: SecretAggregate | undefined;
  /** Whether its grants pass their check. */
  readonly grantsIntact: boolean;
  /** Throws damaged when the value is missing. */
  sealed(version: Version): SealedValue;
}

const FINDINGS_MAX = 100;

interface ForeignKeyFinding {
  readonly table: string;
  readonly parent: string;
}

/** Prepares the full check on a connection to a database without writers. */
export function createInspector(db: Connection, mac: RowMac) {
  const secretReads = createSecretReads(db, mac);
  const keyReads = createKeyReads(db, mac);
  const grantReads = createGrantReads(db, mac);
  const find = createWholeReads(db, mac);
  const secretRows = db.prepare<[], { row: number; id: string; project_id: string; name: string }>(
    'SELECT row, id, project_id, name FROM secret ORDER BY project_id, name',
  );
  const keyRows = db.prepare<[], { project_id: string; id: string }>(
    'SELECT project_id, id FROM kms_key ORDER BY 1, 2',
  );
  return {
    /** Findings of SQLite itself and about the counters, as texts. */
    structure: () => [...integrityFindings(db), ...countFindings(db)],
    /** Whether the installation's own record passes its check. */
    isRecordIntact: () => intact(() => requireIntactInstallation(db, mac) ?? true) === true,
    /** Findings of the sums, as texts, and of a comparison with an older copy. The installation's record must be intact. */
    sums: (older?: Connection) => sumFindings(db, mac, older),
    /** Every key by its address; undefined when its rows fail their check. */
    keys: () =>
      keyRows.all().map(({ project_id: projectId, id }) => ({
        address: `${projectId}/${id}`,
        key: intact(() => keyReads.find({ projectId, id })),
      })),
    /** Whether there is an intact record that the key was destroyed. */
    isDestroyed: ({ projectId, id }: KeyRef) =>
      intact(() => find(DESTROYED_KEY)(projectId, id)) !== undefined,
    /** Kind and address of every other row that fails its check. */
    changedRows: () =>
      [...inspectRows(db, find)]
        .filter(({ check }) => intact(() => check() ?? true) === undefined)
        .map(({ address }) => address),
    /** Undefined when there is none yet, or its row fails its check. */
    signingKey: () => intact(find(SIGNING_KEY)),
    *secrets(): Iterable<InspectedSecret> {
      for (const { row, id: secretId, project_id: projectId, name } of secretRows.all()) {
        const loaded = intact(() => secretReads.loadRow(row));
        yield {
          address: `${projectId}/${name}`,
          aggregate: loaded?.aggregate,
          grantsIntact: intact(() => grantReads.list({ projectId, secretId })) !== undefined,
          sealed: ({ slot }) => secretReads.sealed(loaded?.versionRows.get(slot) ?? 0),
        };
      }
    },
  };
}

/** The result, or undefined when the rows fail their check. */
function intact<T>(read: () => T | undefined): T | undefined {
  return unlessDamaged(read, () => undefined);
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

function sumFindings(db: Connection, mac: RowMac, older?: Connection): string[] {
  if (!haveRowSums(db, mac)) return ['the sums over all rows: there are none, and the next start makes them'];
  const difference = intact(() => findSumDifference(db, mac, older));
  if (difference === undefined) return ['the sums over all rows: they are missing or have been changed'];
  return [
    ...difference.shards.map(
      (shard) =>
        `shard ${shard} of ${SHARDS}: one of its rows is missing, or is not the one that was written last`,
    ),
    ...difference.suspects.map(
      ({ address, isCertain }) =>
        `${address}: ${isCertain ? 'it is not as it was written last, as the older copy has it' : 'it differs from the older copy, and may be such a row'}`,
    ),
  ];
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
