import { createXaesKey, openXaes, sealXaes } from './aead.ts';
import { encodeContext, formatHeader, HEADER_BYTES, requireFormat } from './envelope.ts';
import type { RootKey } from './root-key.ts';

/** The second says that the record beside it is signed; older databases have the first. */
const KNOWN_TEXTS = { unsigned: Buffer.from('csms canary 1'), signed: Buffer.from('csms canary 2') } as const;

/** What a database remembers of its root key. None of it is secret. */
export interface CanaryRecord {
  readonly rootKeyId: string;
  readonly fingerprint: string;
  readonly sealed: Uint8Array;
}

/**
 * What the canary says: all is well (and whether the record is signed, which cannot be undone without the root key), this
 * is another root key (exit 78), or the record was changed (exit 74).
 */
export type CanaryResult =
  | { readonly kind: 'ok'; readonly isSigned: boolean }
  | { readonly kind: 'wrong-root-key'; readonly expected: string; readonly given: string }
  | { readonly kind: 'damaged' };

/**
 * Seals a known text under the root key's `check` key, bound to the installation: "CSN" 01 | suite | flags |
 * nonce 24 | text | tag 16. Stored as `sealed` beside the root key's id and fingerprint.
 */
export function createCanary(rootKey: RootKey, installationId: string): Uint8Array {
  const key = createXaesKey(rootKey.derive('check'));
  return sealXaes(key, {
    header: formatHeader('CSN'),
    context: encodeContext('canary', [installationId]),
    plaintext: KNOWN_TEXTS.signed,
  });
}

/**
 * Checks that the root key is the one that this database was created with, before anything is opened with it. `expected`
 * and `given` are fingerprints, safe to print. Never throws for a bad record.
 */
export function checkCanary(rootKey: RootKey, installationId: string, record: CanaryRecord): CanaryResult {
  if (record.fingerprint !== rootKey.fingerprint) {
    return { kind: 'wrong-root-key', expected: record.fingerprint, given: rootKey.fingerprint };
  }
  if (record.rootKeyId !== rootKey.id) return { kind: 'damaged' };
  try {
    requireFormat(record.sealed, 'CSN');
    const opened = openXaes(createXaesKey(rootKey.derive('check')), {
      blob: record.sealed,
      headerBytes: HEADER_BYTES,
      context: encodeContext('canary', [installationId]),
    });
    if (opened.equals(KNOWN_TEXTS.signed)) return { kind: 'ok', isSigned: true };
    return opened.equals(KNOWN_TEXTS.unsigned) ? { kind: 'ok', isSigned: false } : { kind: 'damaged' };
  } catch {
    return { kind: 'damaged' };
  }
}
