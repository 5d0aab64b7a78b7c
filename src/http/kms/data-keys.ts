import { createHash } from 'node:crypto';
import { Type } from '@sinclair/typebox';
import * as app from '../../app/kms/data-keys.ts';
import { SecretError } from '../../core/errors.ts';
import { DATA_KEY_BYTES, KMS_RANDOM_BITS } from '../../core/limits.ts';
import type { App } from '../app.ts';
import {
  Aad,
  aadOf,
  bytesOfHex,
  hexOf,
  KeyName,
  kmsBody,
  kmsRoute,
  NumberText,
  numberOf,
  OptionalNumberText,
} from '../wire/kms-schemas.ts';
import { operation } from '../wire/operation.ts';
import { Omissible, Titled } from '../wire/schemas.ts';

/** Bits of each kind of key; a data key is random bytes, whatever it will be used for. @see KMS API, CreateDatakey */
const SPEC_BITS: Readonly<Record<string, number>> = Object.freeze({
  AES_256: 256,
  AES_128: 128,
  SM4: 128,
  HMAC_256: 256,
  HMAC_384: 384,
  HMAC_512: 512,
  HMAC_SM3: 256,
});
const BITS_DEFAULT = 256;
const DIGEST_BYTES = 32;
/** 1,024 bytes and their digest, or the ciphertext of as many, in hexadecimal digits. */
const HEX_CHARACTERS_MAX = 8_192;

const HexText = Type.String({ maxLength: HEX_CHARACTERS_MAX, description: 'Hexadecimal digits' });
const CreateBody = kmsBody('CreateDatakeyRequest', {
  key_id: KeyName,
  datakey_length: OptionalNumberText,
  key_spec: Omissible(Type.String({ maxLength: 64, description: 'Instead of datakey_length' })),
  additional_authenticated_data: Aad,
});
const EncryptBody = kmsBody('EncryptDatakeyRequest', {
  key_id: KeyName,
  plain_text: HexText,
  datakey_plain_length: NumberText,
  additional_authenticated_data: Aad,
});
const DecryptBody = kmsBody('DecryptDatakeyRequest', {
  key_id: KeyName,
  cipher_text: HexText,
  datakey_cipher_length: NumberText,
  additional_authenticated_data: Aad,
});
const KeyId = Type.String();
const CreateResponse = Titled('CreateDatakeyResponse', {
  key_id: KeyId,
  plain_text: HexText,
  cipher_text: HexText,
});
const WithoutPlaintextResponse = Titled('CreateDatakeyWithoutPlaintextResponse', {
  key_id: KeyId,
  cipher_text: HexText,
});
const EncryptResponse = Titled('EncryptDatakeyResponse', {
  key_id: KeyId,
  cipher_text: HexText,
  datakey_length: Type.String({ description: 'Bytes' }),
});
const DecryptResponse = Titled('DecryptDatakeyResponse', {
  data_key: HexText,
  datakey_length: Type.String({ description: 'Bytes' }),
  datakey_dgst: HexText,
});

/** Bytes of a response: a key of 1,024 bytes and its ciphertext in hexadecimal digits. */
const RESPONSE_BYTES_MAX = 8_192;
const CONFIG = { changeResponseBytes: () => RESPONSE_BYTES_MAX };

/** CreateDatakey, CreateDatakeyWithoutPlaintext, EncryptDatakey, DecryptDatakey. */
export function registerDataKeys(api: App): void {
  api.route({
    ...kmsRoute('POST', '/v1.0/:project_id/kms/create-datakey', {
      ...operation('CreateDatakey', 'Creates a data key'),
      body: CreateBody,
      response: { 200: CreateResponse },
      config: CONFIG,
    }),
    handler: async ({ deps, params, body }) => {
      const made = await app.createDataKey(deps, toTarget(params, body), bitsOf(body));
      return {
        key_id: made.keyId,
        plain_text: hexOf(made.plaintext, 'secret'),
        cipher_text: hexOf(made.ciphertext, 'public'),
      };
    },
  });
  api.route({
    ...kmsRoute('POST', '/v1.0/:project_id/kms/create-datakey-without-plaintext', {
      ...operation('CreateDatakeyWithoutPlaintext', 'Creates a data key and returns only its ciphertext'),
      body: CreateBody,
      response: { 200: WithoutPlaintextResponse },
      config: CONFIG,
    }),
    handler: async ({ deps, params, body }) => {
      const made = await app.createDataKey(deps, toTarget(params, body), bitsOf(body));
      made.plaintext.fill(0);
      return { key_id: made.keyId, cipher_text: hexOf(made.ciphertext, 'public') };
    },
  });
  registerGiven(api);
}

/** The operations on data keys that the caller brings. */
function registerGiven(api: App): void {
  api.route({
    ...kmsRoute('POST', '/v1.0/:project_id/kms/encrypt-datakey', {
      ...operation('EncryptDatakey', 'Encrypts a data key that comes with its SHA-256'),
      body: EncryptBody,
      response: { 200: EncryptResponse },
      config: CONFIG,
    }),
    handler: async ({ deps, params, body }) => {
      const plaintext = readPlaintext(body);
      const { keyId, ciphertext } = await app.encryptDataKey(deps, toTarget(params, body), plaintext);
      const length = String(plaintext.length);
      plaintext.fill(0);
      return { key_id: keyId, cipher_text: hexOf(ciphertext, 'public'), datakey_length: length };
    },
  });
  api.route({
    ...kmsRoute('POST', '/v1.0/:project_id/kms/decrypt-datakey', {
      ...operation('DecryptDatakey', 'Decrypts a data key'),
      body: DecryptBody,
      response: { 200: DecryptResponse },
      config: CONFIG,
    }),
    handler: async ({ deps, params, body }) => {
      const length = numberOf(body.datakey_cipher_length, 'datakey_cipher_length', DATA_KEY_BYTES);
      const ciphertext = bytesOfHex(body.cipher_text, 'ciphertext-invalid');
      const plaintext = await app.decryptDataKey(deps, toTarget(params, body), ciphertext);
      // The length of the key itself, despite the name: the pages give 64 for a key of 512 bits.
      if (plaintext.length !== length) {
        plaintext.fill(0);
        throw new SecretError('data-key-cipher-length-wrong');
      }
      const digest = createHash('sha256').update(plaintext).digest();
      return {
        data_key: hexOf(plaintext, 'secret'),
        datakey_length: String(length),
        datakey_dgst: hexOf(digest, 'public'),
      };
    },
  });
}

function toTarget(
  params: { readonly project_id: string },
  body: { readonly key_id: string; readonly additional_authenticated_data?: string | null },
): app.CipherTarget {
  const aad = aadOf(body.additional_authenticated_data);
  return { projectId: params.project_id, keyId: body.key_id, aad };
}

/** The length takes precedence over the specification where both are given. */
function bitsOf(body: {
  readonly datakey_length?: string | number | null;
  readonly key_spec?: string | null;
}): number {
  const { datakey_length: length, key_spec: spec } = body;
  if (length != null) {
    const bits = numberOf(length, 'datakey_length', KMS_RANDOM_BITS);
    if (bits % 8 === 0) return bits;
    throw new SecretError('data-key-length-uneven');
  }
  if (spec == null) return BITS_DEFAULT;
  const bits = Object.hasOwn(SPEC_BITS, spec) ? SPEC_BITS[spec] : undefined;
  if (bits !== undefined) return bits;
  throw new SecretError(
    'data-key-spec-invalid',
    `key_spec must be one of ${Object.keys(SPEC_BITS).join(', ')}.`,
  );
}

/** The data key before its SHA-256 in one text; the caller zeroes it. */
function readPlaintext(body: {
  readonly plain_text: string;
  readonly datakey_plain_length: string | number;
}) {
  const length = numberOf(body.datakey_plain_length, 'datakey_plain_length', DATA_KEY_BYTES);
  const given = bytesOfHex(body.plain_text, 'data-key-text-invalid');
  const plaintext = given.subarray(0, length);
  if (given.length !== length + DIGEST_BYTES) throw new SecretError('data-key-plain-length-wrong');
  const digest = createHash('sha256').update(plaintext).digest();
  if (!digest.equals(given.subarray(length))) throw new SecretError('data-key-hash-wrong');
  return plaintext;
}
