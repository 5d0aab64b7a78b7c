import type { SigningKey, SigningKeyDecision } from '../../../core/events/signing-key.ts';
import { SIGNING_KEY } from '../../columns/small.ts';
import type { RowMac } from '../../row-mac.ts';
import type { Connection } from '../engine/open.ts';
import { createRoll } from '../files/installation-record.ts';
import { createRowReads, createRowWrites } from '../rows/rows.ts';

/** Prepares the reading of the signing key; undefined until there is one. It throws damaged, also when the row is gone. */
export function createSigningKeyRead(db: Connection, mac: RowMac): () => SigningKey | undefined {
  const only = createRowReads(db, mac, SIGNING_KEY).prepare();
  const roll = createRoll(db, mac);
  return () => only.get() ?? roll.requireAbsent('signing-key');
}

/** Prepares the writing of the signing key on one connection. */
export function createSigningKeyWrite(db: Connection, mac: RowMac) {
  const { put } = createRowWrites(db, mac, SIGNING_KEY);
  const roll = createRoll(db, mac);
  return (current: SigningKey | undefined, { next }: SigningKeyDecision): void => {
    if (next === current) return;
    roll.add('signing-key');
    put(next);
  };
}
