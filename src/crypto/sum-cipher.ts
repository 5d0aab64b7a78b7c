import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { createBlockCipher, createXaesKey, KEY_BYTES, openXaes, sealXaes } from './aead.ts';
import { encodeContext, formatHeader, HEADER_BYTES, requireFormat } from './envelope.ts';

/** Which sums these are: those of another installation or another time do not open. */
export interface SumBinding {
  readonly installationId: string;
  readonly counter: number;
}

/** Hides the sums over row MACs from those who can read and write the database. */
export interface SumSealer {
  /** For row MACs of 32 bytes each, one after the other, as many bytes that are unpredictable without the key. */
  elements(rowMacs: Uint8Array): Buffer;
  /** "CSR" 01 | suite | flags | nonce 24 | sums | tag 16. */
  seal(place: SumBinding, sums: Uint8Array): Buffer;
  /** Opens what `seal` made. Throws damaged. */
  open(place: SumBinding, sealed: Uint8Array): Buffer;
}

/**
 * Creates a sum cipher; it derives its two keys from `rowMacKey`, which is `rootKey.derive('rowmac')`. An element is
 * AES-256 over the two halves of the row MAC: a pseudorandom permutation is a pseudorandom function as long as far fewer
 * than 2^64 blocks go through it, and row MACs, which name the kind and address of their row, never repeat. It costs a
 * third of an HMAC. Sums of such elements cannot be steered while they stay hidden, which is why they are sealed:
 * readable sums would reveal linear equations.
 * @see https://people.csail.mit.edu/devadas/pubs/mhashes.pdf (multiset hash by addition)
 */
export function createSumCipher(rowMacKey: KeyObject): SumSealer {
  const sealing = createXaesKey(deriveKey(rowMacKey, 'seal'));
  return {
    elements: createBlockCipher(deriveKey(rowMacKey, 'element')),
    seal(place, sums) {
      return sealXaes(sealing, { header: formatHeader('CSR'), context: contextOf(place), plaintext: sums });
    },
    open(place, sealed) {
      requireFormat(sealed, 'CSR');
      return openXaes(sealing, { blob: sealed, headerBytes: HEADER_BYTES, context: contextOf(place) });
    },
  };
}

function contextOf({ installationId, counter }: SumBinding): Buffer {
  return encodeContext('row-sums', [installationId, String(counter)]);
}

/** @see RFC 5869: HKDF-SHA512, no salt, one label for each key */
function deriveKey(rowMacKey: KeyObject, purpose: 'element' | 'seal'): KeyObject {
  const derived = Buffer.from(hkdfSync('sha512', rowMacKey, '', `csms/1/rowmac/sums/${purpose}`, KEY_BYTES));
  const key = createSecretKey(derived);
  derived.fill(0);
  return key;
}
