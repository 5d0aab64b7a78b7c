import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { createBlockCipher, damaged, KEY_BYTES } from './aead.ts';
import { takeNonce } from './nonce.ts';

const SALT_BYTES = 8;
const BLOCK_BYTES = 16;
/** A start refuses it; at a thousand writes a second it is reached in four thousand years. */
const COUNTER_MAX = 2 ** 47;

/**
 * Creates a sum cipher; it derives its two keys from `rowMacKey`, which is `rootKey.derive('rowmac')`. AES-256 is a
 * pseudorandom function as long as far fewer than 2^64 blocks go through it, and costs a third of an HMAC. An element is
 * AES over half of a row MAC; row MACs name the kind and address of their row and never repeat. Sums of such elements
 * cannot be steered while they stay hidden: readable sums would reveal linear equations. So AES over counter 6 | salt 8 |
 * place 2 is added to each, which makes the sums their own MAC.
 * @see https://people.csail.mit.edu/devadas/pubs/mhashes.pdf (MSet-Add-Hash)
 */
export function createSumCipher(rowMacKey: KeyObject) {
  const encryptMasks = createBlockCipher(deriveKey(rowMacKey, 'mask'));

  function masks(counter: number, salt: Uint8Array, lanes: number): Uint32Array {
    const block = Buffer.alloc(BLOCK_BYTES);
    block.writeUIntBE(counter, 0, 6);
    block.set(salt, 6);
    const result = new Uint32Array(lanes);
    const blocks = Buffer.from(result.buffer).fill(block);
    for (let at = BLOCK_BYTES; at < blocks.length; at += BLOCK_BYTES) {
      blocks.writeUInt16BE(at / BLOCK_BYTES, at + BLOCK_BYTES - 2);
    }
    blocks.set(encryptMasks(blocks));
    return result;
  }

  return {
    elements: createBlockCipher(deriveKey(rowMacKey, 'element')),
    /** Salt 8 | masked sums. `counter`: below 2^48. */
    seal(counter: number, sums: Uint32Array): Buffer {
      const salt = takeNonce(SALT_BYTES);
      const masked = masks(counter, salt, sums.length);
      for (let lane = 0; lane < sums.length; lane += 1)
        masked[lane] = (masked[lane] ?? 0) + (sums[lane] ?? 0);
      return Buffer.concat([salt, Buffer.from(masked.buffer)]);
    },
    open(counter: number, sealed: Uint8Array): Uint32Array {
      const bytes = sealed.length - SALT_BYTES;
      const isCounter = counter >= 0 && counter < COUNTER_MAX;
      if (!isCounter || bytes <= 0 || bytes % BLOCK_BYTES !== 0) throw damaged();
      const sums = new Uint32Array(bytes / Uint32Array.BYTES_PER_ELEMENT);
      Buffer.from(sums.buffer).set(sealed.subarray(SALT_BYTES));
      for (const [lane, mask] of masks(counter, sealed.subarray(0, SALT_BYTES), sums.length).entries()) {
        sums[lane] = (sums[lane] ?? 0) - mask;
      }
      return sums;
    },
  };
}

/** @see RFC 5869: HKDF-SHA512, no salt, one label for each key */
function deriveKey(rowMacKey: KeyObject, purpose: 'element' | 'mask'): KeyObject {
  const derived = Buffer.from(hkdfSync('sha512', rowMacKey, '', `csms/1/rowmac/sums/${purpose}`, KEY_BYTES));
  const key = createSecretKey(derived);
  derived.fill(0);
  return key;
}
