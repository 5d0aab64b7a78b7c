import { canonicalClock } from '../../core/canonical.ts';
import type { ClockDecision, ClockRecord } from '../../core/clock.ts';
import { type RowMac, requireIntactRow } from '../row-mac.ts';
import { createRoll } from './installation-record.ts';
import type { Connection } from './open.ts';

interface ClockRow {
  readonly seen_ms: number;
  readonly hold_seen_ms: number | null;
  readonly hold_passed_ms: number | null;
  readonly row_mac: Buffer;
}

/** Reads what is remembered of the clock; undefined until something is. Throws damaged, also when it is gone. */
export type ReadClock = () => ClockRecord | undefined;

/** Writes what the rules decided about the clock. Runs inside the write transaction. */
export type SaveClock = (decision: ClockDecision) => void;

/** Prepares the reading of the clock's record on one connection. */
export function createClockRead(db: Connection, mac: RowMac): ReadClock {
  const only = db.prepare<[], ClockRow>('SELECT * FROM clock');
  const roll = createRoll(db, mac);
  return () => {
    const row = only.get();
    if (row === undefined) {
      roll.requireAbsent('clock');
      return undefined;
    }
    const { seen_ms: seenMs, hold_seen_ms: holdSeenMs, hold_passed_ms: passedMs } = row;
    const hold = holdSeenMs === null || passedMs === null ? undefined : { seenMs: holdSeenMs, passedMs };
    const record: ClockRecord = { seenMs, hold };
    requireIntactRow(mac, canonicalClock(record), { rowMac: row.row_mac, what: 'clock record' });
    return record;
  };
}

/** Prepares the writing of the clock's record on one connection. */
export function createClockWrite(db: Connection, mac: RowMac): SaveClock {
  const put = db.prepare(
    `INSERT OR REPLACE INTO clock (only_row, seen_ms, hold_seen_ms, hold_passed_ms, row_mac)
     VALUES (1, ?, ?, ?, ?)`,
  );
  const roll = createRoll(db, mac);
  return ({ next }) => {
    roll.add('clock');
    const { seenMs, hold } = next;
    put.run(seenMs, hold?.seenMs ?? null, hold?.passedMs ?? null, mac.sign(canonicalClock(next)));
  };
}
