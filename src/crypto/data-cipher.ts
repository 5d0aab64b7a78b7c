import { randomBytes } from 'node:crypto';
import type { CiphertextUse, DataCipher } from '../app/ports/deps.ts';
import { isDamaged, SecretError } from '../core/errors.ts';
import { currentKeyVersion, type Key } from '../core/kms/keys.ts';
import { openXaes, sealXaes, TAG_BYTES, XAES_NONCE_BYTES } from './aead.ts';
import {
  asBuffer,
  encodeContext,
  formatHeader,
  HEADER_BYTES,
  type Magic,
  type Purpose,
  requireFormat,
} from './envelope.ts';
import type { KeyMaterials } from './key-material.ts';

/** Each use has a format and a purpose of its own, and both are authenticated: one never opens as the other. */
const USES: Readonly<Record<CiphertextUse, { readonly magic: Magic; readonly purpose: Purpose }>> = {
  data: { magic: 'CSE', purpose: 'kms-data' },
  'data-key': { magic: 'CSD', purpose: 'kms-data-key' },
};

const VERSION_AT = HEADER_BYTES;
const ID_LENGTH_AT = VERSION_AT + 4;
const ID_AT = ID_LENGTH_AT + 1;
const LENGTH_BYTES = 2;
/** 128 characters of Base64, which decrypt-data asks for at least. @see KMS API, DecryptData, cipher_text */
const CIPHERTEXT_BYTES_MIN = 96;

interface Header {
  readonly versionNumber: number;
  readonly keyId: string;
  readonly bytes: number;
}

/**
 * Creates the cipher of the key service. A ciphertext is: magic 3 | format version 1 | suite 1 | flags 1 | key version
 * u32 | length of the key id u8 | key id | nonce 24 | XAES-256-GCM of (length u16 | plaintext | zeros) | tag 16. The
 * associated data is the header, then installation, project, key id, key version and the caller's own.
 */
export function createDataCipher(installationId: string, materials: KeyMaterials): DataCipher {
  function contextOf(key: Key, versionNumber: number, { use, aad }: { use: CiphertextUse; aad: string }) {
    return encodeContext(USES[use].purpose, [
      installationId,
      key.projectId,
      key.id,
      String(versionNumber),
      aad,
    ]);
  }

  return {
    encrypt(key, input) {
      const version = currentKeyVersion(key);
      const header = writeHeader(USES[input.use].magic, key.id, version.number);
      const plaintext = frame(input.plaintext, header.length);
      const context = contextOf(key, version.number, input);
      try {
        return sealXaes(materials.open(key, version), { header, context, plaintext });
      } finally {
        plaintext.fill(0);
      }
    },

    decrypt(key, input) {
      const header = readHeader(USES[input.use].magic, input.ciphertext);
      const version = key.versions.find(({ number }) => number === header.versionNumber);
      if (version === undefined || header.keyId !== key.id) throw invalid();
      // Outside the catch below: material that cannot be unwrapped is the server's fault, not the caller's.
      const material = materials.open(key, version);
      const context = contextOf(key, version.number, input);
      const blob = input.ciphertext;
      const framed = asInvalid(() => openXaes(material, { blob, headerBytes: header.bytes, context }));
      const plaintext = Buffer.from(framed.subarray(LENGTH_BYTES, LENGTH_BYTES + framed.readUInt16BE(0)));
      framed.fill(0);
      return plaintext;
    },

    keyIdOf: (use, ciphertext) => readHeader(USES[use].magic, ciphertext).keyId,
    random: (bytes) => randomBytes(bytes),
  };
}

function writeHeader(magic: Magic, keyId: string, versionNumber: number): Buffer {
  const id = Buffer.from(keyId, 'latin1');
  const header = formatHeader(magic, ID_AT - HEADER_BYTES + id.length);
  header.writeUInt32BE(versionNumber, VERSION_AT);
  header.writeUInt8(id.length, ID_LENGTH_AT);
  header.set(id, ID_AT);
  return header;
}

/** What the header says; authenticated only by opening. Throws ciphertext-invalid. */
function readHeader(magic: Magic, ciphertext: Uint8Array): Header {
  asInvalid(() => requireFormat(ciphertext, magic));
  const blob = asBuffer(ciphertext);
  if (blob.length < ID_AT) throw invalid();
  const bytes = ID_AT + blob.readUInt8(ID_LENGTH_AT);
  if (blob.length < bytes + XAES_NONCE_BYTES + LENGTH_BYTES + TAG_BYTES) throw invalid();
  return {
    versionNumber: blob.readUInt32BE(VERSION_AT),
    keyId: blob.toString('latin1', ID_AT, bytes),
    bytes,
  };
}

/** The plaintext behind its length, and zeros up to the least size of a ciphertext. The caller zeroes it. */
function frame(plaintext: Uint8Array, headerBytes: number): Buffer {
  const bytesMin = CIPHERTEXT_BYTES_MIN - headerBytes - XAES_NONCE_BYTES - TAG_BYTES;
  const framed = Buffer.alloc(Math.max(LENGTH_BYTES + plaintext.length, bytesMin));
  framed.writeUInt16BE(plaintext.length);
  framed.set(plaintext, LENGTH_BYTES);
  return framed;
}

/** One error for everything that can be wrong with a ciphertext, so that a caller cannot learn which check failed. */
function invalid(): SecretError {
  return new SecretError(
    'ciphertext-invalid',
    'It has been changed, or was made with another key or other additional_authenticated_data.',
  );
}

function asInvalid<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (isDamaged(error)) throw invalid();
    throw error;
  }
}
