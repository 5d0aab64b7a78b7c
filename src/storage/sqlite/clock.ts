import type { ClockDecision, ClockRecord } from '../../core/clock.ts';
import type { RowMac } from '../row-mac.ts';
import { CLOCK } from '../tables.ts';
import { createRoll } from './installation-record.ts';
import type { Connection } from './open.ts';
import { createRowReads, createRowWrites } from './rows.ts';

/** Reads what is remembered of the clock; undefined until something is. Throws damaged, also when it is gone. */
export type ReadClock = () => ClockRecord | undefined;

/** Writes what the rules decided about the clock. Runs inside the write transaction. */
export type SaveClock = (decision: ClockDecision) => void;

/** Prepares the reading of the clock's record on one connection. */
export function createClockRead(db: Connection, mac: RowMac): ReadClock {
  const only = createRowReads(db, mac, CLOCK).prepare();
  const roll = createRoll(db, mac);
  return () => only.get() ?? roll.requireAbsent('clock');
}

/** Prepares the writing of the clock's record on one connection. */
export function createClockWrite(db: Connection, mac: RowMac): SaveClock {
  const { put } = createRowWrites(db, mac, CLOCK);
  const roll = createRoll(db, mac);
  return ({ next }) => {
    roll.add('clock');
    put(next);
  };
}
