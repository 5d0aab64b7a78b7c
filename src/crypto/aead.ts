import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { SecretError } from '../core/errors.ts';
import { takeNonce } from './nonce.ts';

/** Bytes of every symmetric key: AES-256. */
export const KEY_BYTES = 32;
/** Bytes of an AES-GCM nonce; no other length is ever used. @see NIST SP 800-38D, 8.2.2 */
export const IV_BYTES = 12;
/** Bytes of an XAES-256-GCM nonce: large enough to be random for any number of messages. */
export const XAES_NONCE_BYTES = 24;
/** Bytes of the authentication tag. Passed on every call: without it Node may accept a tag of 4 bytes (DEP0182). */
export const TAG_BYTES = 16;

/** What is sealed. The header stays readable and is authenticated together with the context, which is not stored. */
export interface SealInput {
  readonly header: Uint8Array;
  readonly context: Uint8Array;
  readonly plaintext: Uint8Array;
}

/** What is opened: the first `headerBytes` of the blob are its header. */
export interface OpenInput {
  readonly blob: Uint8Array;
  readonly headerBytes: number;
  readonly context: Uint8Array;
}

/** A key for XAES-256-GCM with its CMAC subkey K1, which depends on the key alone. Made by `createXaesKey`. */
export interface XaesKey {
  readonly key: KeyObject;
  readonly subkey: Buffer;
}

/**
 * The one way in which opening fails: one code, one message and no cause, whatever was wrong, so that a caller cannot
 * learn which check failed.
 */
export function damaged(): SecretError {
  return new SecretError('damaged', 'A stored value cannot be opened.');
}

/**
 * Seals with AES-256-GCM under a random nonce: header | iv 12 | ciphertext | tag 16; the associated data is
 * header | context. One key may seal 2^32 messages. The result has its own memory, so it can be transferred.
 * @see NIST SP 800-38D
 */
export function sealGcm(key: KeyObject, input: SealInput): Buffer {
  return encrypt(key, input, takeNonce(IV_BYTES));
}

/** The parts of what `sealGcm` made, for what is opened again and again: views of the blob. */
export interface PreparedGcm {
  readonly key: KeyObject;
  readonly iv: Uint8Array;
  readonly associatedData: Uint8Array;
  readonly ciphertext: Uint8Array;
  readonly tag: Uint8Array;
}

/** Splits what `sealGcm` made into its parts; checks only its length. Throws damaged. */
export function prepareGcm(key: KeyObject, input: OpenInput): PreparedGcm {
  return takeApart(input, IV_BYTES, () => key);
}

/**
 * Makes a key for XAES-256-GCM; costs one AES block, so keep the result.
 * The subkey is L = AES(K, 0) doubled in GF(2^128), as CMAC does it.
 * @see C2SP XAES-256-GCM; NIST SP 800-38B, 6.1
 */
export function createXaesKey(key: KeyObject): XaesKey {
  const subkey = encryptBlocks(key, Buffer.alloc(16));
  const carry = subkey.readUInt8(0) >> 7;
  for (let at = 0; at < 16; at++) {
    const next = at < 15 ? subkey.readUInt8(at + 1) >> 7 : 0;
    subkey.writeUInt8(((subkey.readUInt8(at) << 1) & 0xff) | next, at);
  }
  subkey.writeUInt8(subkey.readUInt8(15) ^ (carry * 0x87), 15);
  return { key, subkey };
}

/**
 * Seals with XAES-256-GCM under a random nonce: header | nonce 24 | ciphertext | tag 16; the associated data is
 * header | context. One key may seal 2^80 messages, so wrapping keys need no counter.
 * @see C2SP XAES-256-GCM
 */
export function sealXaes(key: XaesKey, input: SealInput): Buffer {
  return sealXaesWithNonce(key, input, takeNonce(XAES_NONCE_BYTES));
}

/** Opens what `sealXaes` made. No plaintext is returned before the tag has been verified. Throws damaged. */
export function openXaes(key: XaesKey, input: OpenInput): Buffer {
  return openPreparedGcm(takeApart(input, XAES_NONCE_BYTES, (nonce) => deriveXaesKey(key, nonce)));
}

/** Only for published test vectors: `sealGcm` with a given nonce of 12 bytes. Using one twice breaks the key. */
export function sealGcmWithIv(key: KeyObject, input: SealInput, iv: Uint8Array): Buffer {
  return encrypt(key, input, iv);
}

/** Only for published test vectors: `sealXaes` with a given nonce of 24 bytes. */
export function sealXaesWithNonce(key: XaesKey, input: SealInput, nonce: Uint8Array): Buffer {
  return encrypt(deriveXaesKey(key, nonce), input, nonce);
}

/** Only for published test vectors, and used above: the AES-256-GCM key that XAES derives for this nonce. */
export function deriveXaesKey(key: XaesKey, nonce: Uint8Array): KeyObject {
  const blocks = Buffer.alloc(32);
  for (let half = 0; half < 2; half++) {
    const block = blocks.subarray(16 * half, 16 * half + 16);
    block.set([0, half + 1, 0x58, 0]);
    block.set(nonce.subarray(0, 12), 4);
    for (let at = 0; at < 16; at++) block.writeUInt8(block.readUInt8(at) ^ key.subkey.readUInt8(at), at);
  }
  const derived = encryptBlocks(key.key, blocks);
  const result = createSecretKey(derived);
  derived.fill(0);
  return result;
}

/** The GCM nonce is the last 12 bytes of `nonce`: all of it, or what XAES leaves for GCM. */
function encrypt(key: KeyObject, input: SealInput, nonce: Uint8Array): Buffer {
  const { header, context, plaintext } = input;
  const iv = nonce.subarray(nonce.length - IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.concat([header, context]));
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  // Memory of its own: a slice of Node's buffer pool would carry the pool's other contents to a worker.
  const blob = Buffer.allocUnsafeSlow(header.length + nonce.length + plaintext.length + TAG_BYTES);
  blob.set(header);
  blob.set(nonce, header.length);
  blob.set(ciphertext, header.length + nonce.length);
  blob.set(cipher.getAuthTag(), blob.length - TAG_BYTES);
  return blob;
}

function takeApart(
  { blob, headerBytes, context }: OpenInput,
  nonceBytes: number,
  keyFor: (nonce: Uint8Array) => KeyObject,
): PreparedGcm {
  const bodyAt = headerBytes + nonceBytes;
  const tagAt = blob.length - TAG_BYTES;
  if (tagAt < bodyAt) throw damaged();
  const nonce = blob.subarray(headerBytes, bodyAt);
  return {
    key: keyFor(nonce),
    iv: nonce.subarray(nonceBytes - IV_BYTES),
    associatedData: Buffer.concat([blob.subarray(0, headerBytes), context]),
    ciphertext: blob.subarray(bodyAt, tagAt),
    tag: blob.subarray(tagAt),
  };
}

/** Opens what `prepareGcm` prepared. No plaintext is returned before the tag has been verified. Throws damaged. */
export function openPreparedGcm({ key, iv, associatedData, ciphertext, tag }: PreparedGcm): Buffer {
  let plaintext: Buffer | undefined;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
    decipher.setAuthTag(tag);
    decipher.setAAD(associatedData);
    // GCM is a stream mode: update returns everything, final only verifies the tag.
    plaintext = decipher.update(ciphertext);
    decipher.final();
    return plaintext;
  } catch {
    plaintext?.fill(0);
    throw damaged();
  }
}

/**
 * The bare block cipher, AES-256-ECB, for one call or many: it keeps no state between blocks. For deriving from blocks
 * that are all different, never for encrypting.
 */
export function createBlockCipher(key: KeyObject): (blocks: Uint8Array) => Buffer {
  const cipher = createCipheriv('aes-256-ecb', key, null);
  cipher.setAutoPadding(false);
  return (blocks) => cipher.update(blocks);
}

function encryptBlocks(key: KeyObject, blocks: Uint8Array): Buffer {
  return createBlockCipher(key)(blocks);
}
