import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { ValueBinding } from '../app/ports/deps.ts';
import type { KeyRef } from '../core/kms/keys.ts';
import {
  damaged,
  IV_BYTES,
  KEY_BYTES,
  openXaes,
  type PreparedGcm,
  prepareGcm,
  sealGcm,
  sealXaes,
  TAG_BYTES,
  XAES_NONCE_BYTES,
  type XaesKey,
} from './aead.ts';

/** What something is sealed for; bound into it, so that one kind never passes for another. */
export type Purpose =
  | 'body'
  | 'dek'
  | 'blob'
  | 'blob-dek'
  | 'cmk'
  | 'canary'
  | 'signing-key'
  | 'kms-data'
  | 'kms-data-key';

/**
 * First three bytes of a format: wrapped data key, value body, wrapped key material, canary, private key;
 * and from the key service: encrypted data, encrypted data key.
 */
export type Magic = 'CSK' | 'CSV' | 'CSM' | 'CSN' | 'CSP' | 'CSE' | 'CSD';

/** Bytes that every format begins with: magic 3 | format version 1 | suite 1 | flags 1. */
export const HEADER_BYTES = 6;
const FORMAT_VERSION = 1;
/** Of CSV: AES-256-GCM, key and commitment from HKDF-Expand-SHA512. Of the others: XAES-256-GCM. */
const SUITE = 1;
const COMMITMENT_BYTES = 32;
const WRAPPED_BYTES = XAES_NONCE_BYTES + KEY_BYTES + TAG_BYTES;
const DATA_KEY_HEADER_BYTES = HEADER_BYTES + 4;
const BODY_HEADER_BYTES = HEADER_BYTES + COMMITMENT_BYTES;
const BODY_KEY_LABEL = Buffer.from('csms/1/body-key-and-commitment');

/** Bytes of a wrapped data key: "CSK" 01 | suite | flags | CMK version u32 | nonce 24 | key 32 | tag 16. */
export const WRAPPED_DATA_KEY_BYTES = DATA_KEY_HEADER_BYTES + WRAPPED_BYTES;
/** Bytes of wrapped key material: "CSM" 01 | suite | flags | nonce 24 | key 32 | tag 16. */
export const WRAPPED_MATERIAL_BYTES = HEADER_BYTES + WRAPPED_BYTES;
/** Bytes of a body beyond its value: "CSV" 01 | suite | flags | commitment 32 | iv 12 | … | tag 16. */
export const BODY_OVERHEAD_BYTES = BODY_HEADER_BYTES + IV_BYTES + TAG_BYTES;

/**
 * Encodes what a sealed text is bound to: "csms1", the purpose and the fields, each as u16 length + UTF-8, so that no two
 * lists of fields encode alike.
 * Throws damaged when a field has no such encoding (over 65,535 bytes, or a lone surrogate).
 */
export function encodeContext(purpose: Purpose, fields: readonly string[]): Buffer {
  const parts = ['csms1', purpose, ...fields];
  let bytes = 0;
  for (const part of parts) bytes += 2 + Buffer.byteLength(part);
  const context = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const part of parts) {
    const length = context.write(part, at + 2);
    if (length > 0xffff || !part.isWellFormed()) throw damaged();
    context.writeUInt16BE(length, at);
    at += 2 + length;
  }
  return context;
}

/** What the two parts of something sealed are bound to: the same facts, and for the data key the version that wraps it. */
export interface Contexts {
  readonly body: Buffer;
  readonly dataKey: (cmkVersion: number) => Buffer;
}

/** What a value is bound to. */
export function valueContexts(installationId: string, keyId: string, binding: ValueBinding): Contexts {
  const { projectId, secretId, secretName, versionUid, kind } = binding;
  const fields = [installationId, projectId, secretId, secretName, versionUid, kind];
  return {
    body: encodeContext('body', fields),
    dataKey: (version) => encodeContext('dek', [...fields, keyId, String(version)]),
  };
}

/** What a secret's backup is bound to: its key, and the header that precedes it. */
export function backupContexts(installationId: string, ref: KeyRef, header: string): Contexts {
  const fields = [installationId, ref.projectId, ref.id, header];
  return {
    body: encodeContext('blob', fields),
    dataKey: (version) => encodeContext('blob-dek', [...fields, String(version)]),
  };
}

/** What the material of a key version is bound to. */
export function materialContext(installationId: string, ref: KeyRef, version: number): Buffer {
  return encodeContext('cmk', [installationId, ref.projectId, ref.id, String(version)]);
}

/** The first bytes of a format, followed by `room` zero bytes for the rest of its header. */
export function formatHeader(magic: Magic, room = 0): Buffer {
  const header = Buffer.alloc(HEADER_BYTES + room);
  header.write(magic, 'latin1');
  header.set([FORMAT_VERSION, SUITE, 0], 3);
  return header;
}

/** Throws damaged unless the blob has this magic, a known version and suite, and no flag. */
export function requireFormat(blob: Uint8Array, magic: Magic): void {
  const known =
    blob.length >= HEADER_BYTES &&
    blob[0] === magic.charCodeAt(0) &&
    blob[1] === magic.charCodeAt(1) &&
    blob[2] === magic.charCodeAt(2) &&
    blob[3] === FORMAT_VERSION &&
    blob[4] === SUITE &&
    blob[5] === 0;
  if (!known) throw damaged();
}

/** Wraps new key material (32 bytes, the caller zeroes it) under the key-encryption key. */
export function wrapMaterial(kek: XaesKey, material: Uint8Array, context: Uint8Array): Buffer {
  return sealXaes(kek, { header: formatHeader('CSM'), context, plaintext: material });
}

/** Unwraps what `wrapMaterial` made. Throws damaged. */
export function unwrapMaterial(kek: XaesKey, wrapped: Uint8Array, context: Uint8Array): KeyObject {
  requireFormat(wrapped, 'CSM');
  if (wrapped.length !== WRAPPED_MATERIAL_BYTES) throw damaged();
  return takeKey(openXaes(kek, { blob: wrapped, headerBytes: HEADER_BYTES, context }));
}

/** Wraps a data key (32 bytes, the caller zeroes it) under a key version; the number is written in plaintext. */
export function wrapDataKey(
  cmk: XaesKey,
  input: { readonly dataKey: Uint8Array; readonly cmkVersion: number; readonly context: Uint8Array },
): Buffer {
  const header = formatHeader('CSK', 4);
  header.writeUInt32BE(input.cmkVersion, HEADER_BYTES);
  return sealXaes(cmk, { header, context: input.context, plaintext: input.dataKey });
}

/** The number of the key version that wraps this data key; authenticated only by `unwrapDataKey`. Throws damaged. */
export function readCmkVersion(wrappedKey: Uint8Array): number {
  requireFormat(wrappedKey, 'CSK');
  if (wrappedKey.length !== WRAPPED_DATA_KEY_BYTES) throw damaged();
  return asBuffer(wrappedKey).readUInt32BE(HEADER_BYTES);
}

/** Unwraps what `wrapDataKey` made. Throws damaged. */
export function unwrapDataKey(cmk: XaesKey, wrappedKey: Uint8Array, context: Uint8Array): KeyObject {
  readCmkVersion(wrappedKey);
  return takeKey(openXaes(cmk, { blob: wrappedKey, headerBytes: DATA_KEY_HEADER_BYTES, context }));
}

/** Seals a value under a data key that is used for nothing else. `context` is `valueContexts`'s. */
export function sealBody(dataKey: KeyObject, value: Uint8Array, context: Uint8Array): Buffer {
  const derived = deriveBodyKey(dataKey, context);
  const header = formatHeader('CSV', COMMITMENT_BYTES);
  header.set(derived.commitment, HEADER_BYTES);
  return sealGcm(derived.key, { header, context, plaintext: value });
}

/** The commitment that a body carries in plaintext. Throws damaged when this is not a body. */
export function readCommitment(body: Uint8Array): Uint8Array {
  requireFormat(body, 'CSV');
  if (body.length < BODY_OVERHEAD_BYTES) throw damaged();
  return body.subarray(HEADER_BYTES, BODY_HEADER_BYTES);
}

/**
 * Derives the key of a body and compares the commitment, in constant time and before GCM sees a byte: GCM alone accepts a
 * ciphertext crafted to open under two keys. Throws damaged.
 */
export function openBodyKey(dataKey: KeyObject, commitment: Uint8Array, context: Uint8Array): KeyObject {
  const derived = deriveBodyKey(dataKey, context);
  if (!timingSafeEqual(derived.commitment, commitment)) throw damaged();
  return derived.key;
}

/** Splits a body into its parts, to be opened with the key that `openBodyKey` returned for it. Throws damaged. */
export function prepareBody(bodyKey: KeyObject, body: Uint8Array, context: Uint8Array): PreparedGcm {
  requireFormat(body, 'CSV');
  return prepareGcm(bodyKey, { blob: body, headerBytes: BODY_HEADER_BYTES, context });
}

/**
 * HKDF-Expand-SHA512 to 64 bytes, which is its first block: one HMAC over context | 01. The caller zeroes the
 * result. The extract step is left out, as RFC 5869, 3.3 allows, because the key is uniformly random.
 * @see RFC 5869, 2.3
 */
export function expandSha512(key: KeyObject, context: readonly Uint8Array[]): Buffer {
  const hmac = createHmac('sha512', key);
  hmac.update(Buffer.concat([...context, Uint8Array.of(1)]));
  return hmac.digest();
}

/** A view of the same bytes with Buffer's methods; copies nothing. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The two halves: the AES key of the body, and what commits to it. The header's suite is in the derivation too. */
function deriveBodyKey(dataKey: KeyObject, context: Uint8Array): { key: KeyObject; commitment: Buffer } {
  const okm = expandSha512(dataKey, [BODY_KEY_LABEL, formatHeader('CSV'), context]);
  return { commitment: Buffer.from(okm.subarray(KEY_BYTES)), key: takeKey(okm, KEY_BYTES) };
}

/** Turns the first bytes into a key object and zeroes all of them. */
function takeKey(bytes: Buffer, length = bytes.length): KeyObject {
  const key = createSecretKey(bytes.subarray(0, length));
  bytes.fill(0);
  return key;
}
