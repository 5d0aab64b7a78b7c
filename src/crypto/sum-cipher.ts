import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { createBlockCipher, createXaesKey, KEY_BYTES, openXaes, sealXaes } from './aead.ts';
import { encodeContext, formatHeader, HEADER_BYTES, requireFormat } from './envelope.ts';

type SumBinding = { readonly installationId: string; readonly counter: number };

/**
 * Creates a sum cipher; it derives its two keys from `rowMacKey`, which is `rootKey.derive('rowmac')`. An element is
 * AES-256 over the two halves of the row MAC: a pseudorandom permutation is a pseudorandom function as long as far fewer
 * than 2^64 blocks go through it, and row MACs, which name the kind and address of their row, never repeat. It costs a
 * third of an HMAC. Sums of such elements cannot be steered while they stay hidden, which is why they are sealed:
 * readable sums would reveal linear equations.
 * @see https://people.csail.mit.edu/devadas/pubs/mhashes.pdf (multiset hash by addition)
 */
export function createSumCipher(rowMacKey: KeyObject) {
  const sealing = createXaesKey(deriveKey(rowMacKey, 'seal'));
  return {
    elements: createBlockCipher(deriveKey(rowMacKey, 'element')),
    /** "CSR" 01 | suite | flags | nonce 24 | sums | tag 16. */
    seal(binding: SumBinding, sums: Uint8Array): Buffer {
      return sealXaes(sealing, { header: formatHeader('CSR'), context: contextOf(binding), plaintext: sums });
    },
    open(binding: SumBinding, sealed: Uint8Array): Buffer {
      requireFormat(sealed, 'CSR');
      return openXaes(sealing, { blob: sealed, headerBytes: HEADER_BYTES, context: contextOf(binding) });
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
