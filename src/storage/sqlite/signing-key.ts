import { canonicalSigningKey } from '../../core/canonical.ts';
import type { SigningKey, SigningKeyDecision } from '../../core/signing-key.ts';
import { type RowMac, requireIntactRow } from '../row-mac.ts';
import { createRoll } from './installation-record.ts';
import type { Connection } from './open.ts';

interface SigningKeyRow {
  readonly certificate_pem: string;
  readonly sealed_private_key: Buffer;
  readonly create_time_ms: number;
  readonly row_mac: Buffer;
}

/** Reads the signing key; undefined until there is one. Throws damaged, also when it is gone. */
export type ReadSigningKey = () => SigningKey | undefined;

/** Writes what the rules decided about the signing key. Runs inside the write transaction. */
export type SaveSigningKey = (current: SigningKey | undefined, decision: SigningKeyDecision) => void;

/** Prepares the reading of the signing key on one connection. */
export function createSigningKeyRead(db: Connection, mac: RowMac): ReadSigningKey {
  const only = db.prepare<[], SigningKeyRow>('SELECT * FROM signing_key');
  const roll = createRoll(db, mac);
  return () => {
    const row = only.get();
    if (row === undefined) {
      roll.requireAbsent('signing-key');
      return undefined;
    }
    const key: SigningKey = {
      certificatePem: row.certificate_pem,
      sealedPrivateKey: row.sealed_private_key,
      createTimeMs: row.create_time_ms,
    };
    requireIntactRow(mac, canonicalSigningKey(key), { rowMac: row.row_mac, what: 'signing key' });
    return key;
  };
}

/** Prepares the writing of the signing key on one connection. */
export function createSigningKeyWrite(db: Connection, mac: RowMac): SaveSigningKey {
  const insert = db.prepare(
    `INSERT OR REPLACE INTO signing_key (only_row, certificate_pem, sealed_private_key, create_time_ms, row_mac)
     VALUES (1, ?, ?, ?, ?)`,
  );
  const roll = createRoll(db, mac);
  return (current, { next }) => {
    if (next === current) return;
    roll.add('signing-key');
    insert.run(
      next.certificatePem,
      next.sealedPrivateKey,
      next.createTimeMs,
      mac.sign(canonicalSigningKey(next)),
    );
  };
}
