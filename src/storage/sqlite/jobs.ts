import { canonicalJob } from '../../core/canonical.ts';
import type { JobDecision, JobRef, JobState } from '../../core/job.ts';
import { type RowMac, requireIntactRow } from '../row-mac.ts';
import { createRoll } from './installation-record.ts';
import type { Connection } from './open.ts';

interface JobRow {
  readonly name: string;
  readonly lease_holder: string | null;
  readonly lease_until_ms: number;
  readonly epoch: number;
  readonly next_run_ms: number;
  readonly last_error: string | null;
  readonly runs: number;
  readonly failures: number;
  readonly processed: number;
  readonly row_mac: Buffer;
}

/** What the name of a job stands behind in the roll of the installation. */
const ROLL_PREFIX = 'job/';

/** Reads of background jobs on one connection. Every row is authenticated before it is given out. */
export interface JobReads {
  /** Throws damaged, also for a job that has run and whose row is gone. */
  find(ref: JobRef): JobState | undefined;
  /** Names alone, unauthenticated, those of rows that are gone included; for the full check. */
  names(): string[];
}

/** Writes what the rules decided about a job. Runs inside the write transaction. */
export type SaveJob = (current: JobState | undefined, decision: JobDecision) => void;

/** Prepares the reads of jobs on one connection. */
export function createJobReads(db: Connection, mac: RowMac): JobReads {
  const byName = db.prepare<[string], JobRow>('SELECT * FROM job WHERE name = ?');
  const names = db.prepare<[], string>('SELECT name FROM job ORDER BY name').pluck();
  const roll = createRoll(db, mac);
  return {
    find({ name }) {
      const row = byName.get(name);
      if (row === undefined) {
        roll.requireAbsent(ROLL_PREFIX + name);
        return undefined;
      }
      const job = fromJobRow(row);
      requireIntactRow(mac, canonicalJob(job), { rowMac: row.row_mac, what: 'job' });
      return job;
    },
    names() {
      const once = roll.names().filter((name) => name.startsWith(ROLL_PREFIX));
      return [...new Set([...names.all(), ...once.map((name) => name.slice(ROLL_PREFIX.length))])];
    },
  };
}

/** Prepares the writes of jobs on one connection. */
export function createJobWrites(db: Connection, mac: RowMac): SaveJob {
  const put = db.prepare(
    `INSERT OR REPLACE INTO job
       (name, lease_holder, lease_until_ms, epoch, next_run_ms, last_error, runs, failures, processed, row_mac)
     VALUES (@name, @leaseHolder, @leaseUntilMs, @epoch, @nextRunMs, @lastError, @runs, @failures, @processed, @rowMac)`,
  );
  const roll = createRoll(db, mac);
  return (current, { next }) => {
    if (next === undefined || next === current) return;
    if (current === undefined) roll.add(ROLL_PREFIX + next.name);
    const { leaseHolder = null, lastError = null } = next;
    put.run({ ...next, leaseHolder, lastError, rowMac: mac.sign(canonicalJob(next)) });
  };
}

function fromJobRow(row: JobRow): JobState {
  return {
    name: row.name,
    leaseHolder: row.lease_holder ?? undefined,
    leaseUntilMs: row.lease_until_ms,
    epoch: row.epoch,
    nextRunMs: row.next_run_ms,
    lastError: row.last_error ?? undefined,
    runs: row.runs,
    failures: row.failures,
    processed: row.processed,
  };
}
