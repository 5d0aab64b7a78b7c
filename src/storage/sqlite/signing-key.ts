import type { SigningKey, SigningKeyDecision } from '../../core/signing-key.ts';
import type { RowMac } from '../row-mac.ts';
import { SIGNING_KEY } from '../tables.ts';
import { createRoll } from './installation-record.ts';
import type { Connection } from './open.ts';
import { createRowReads, createRowWrites } from './rows.ts';

/** Reads the signing key; undefined until there is one. Throws damaged, also when it is gone. */
export type ReadSigningKey = () => SigningKey | undefined;

/** Writes what the rules decided about the signing key. Runs inside the write transaction. */
export type SaveSigningKey = (current: SigningKey | undefined, decision: SigningKeyDecision) => void;

/** Prepares the reading of the signing key on one connection. */
export function createSigningKeyRead(db: Connection, mac: RowMac): ReadSigningKey {
  const only = createRowReads(db, mac, SIGNING_KEY).prepare();
  const roll = createRoll(db, mac);
  return () => only.get() ?? roll.requireAbsent('signing-key');
}

/** Prepares the writing of the signing key on one connection. */
export function createSigningKeyWrite(db: Connection, mac: RowMac): SaveSigningKey {
  const { put } = createRowWrites(db, mac, SIGNING_KEY);
  const roll = createRoll(db, mac);
  return (current, { next }) => {
    if (next === current) return;
    roll.add('signing-key');
    put(next);
  };
}
