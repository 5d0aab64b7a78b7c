import type { ClockDecision, ClockRecord } from '../../../core/clock.ts';
import { CLOCK } from '../../columns/small.ts';
import type { RowMac } from '../../row-mac.ts';
import type { Connection } from '../engine/open.ts';
import { createRoll } from '../files/installation-record.ts';
import { createRowReads, createRowWrites } from '../rows/rows.ts';

/** Prepares the reading of the clock's record; undefined until there is one. It throws damaged, also when the row is gone. */
export function createClockRead(db: Connection, mac: RowMac): () => ClockRecord | undefined {
  const only = createRowReads(db, mac, CLOCK).prepare();
  const roll = createRoll(db, mac);
  return () => only.get() ?? roll.requireAbsent('clock');
}

/** Prepares the writing of the clock's record on one connection. */
export function createClockWrite(db: Connection, mac: RowMac) {
  const { put } = createRowWrites(db, mac, CLOCK);
  const roll = createRoll(db, mac);
  return ({ next }: ClockDecision): void => {
    roll.add('clock');
    put(next);
  };
}
