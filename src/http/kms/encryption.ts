import { Type } from '@sinclair/typebox';
import * as app from '../../app/kms/encryption.ts';
import { invalidParameter, SecretError } from '../../core/errors.ts';
import { KMS_DATA_BYTES, KMS_RANDOM_BITS } from '../../core/limits.ts';
import type { App } from '../app.ts';
import { Aad, aadOf, hexOf, KeyName, kmsBody, kmsRoute, NumberText, numberOf } from '../wire/kms-schemas.ts';
import { operation } from '../wire/operation.ts';
import { Omissible, Titled } from '../wire/schemas.ts';

const Algorithm = Omissible(
  Type.String({
    enum: ['SYMMETRIC_DEFAULT', 'RSAES_OAEP_SHA_256', 'SM2_ENCRYPT'],
    description: 'SYMMETRIC_DEFAULT is the one that exists here',
  }),
);
const EncryptBody = kmsBody('EncryptDataRequest', {
  key_id: KeyName,
  plain_text: Type.String({
    minLength: 1,
    maxLength: KMS_DATA_BYTES.max,
    description: '1 to 4,096 bytes of UTF-8',
  }),
  additional_authenticated_data: Aad,
  encryption_algorithm: Algorithm,
});
const DecryptBody = kmsBody('DecryptDataRequest', {
  cipher_text: Type.String({ pattern: '^[0-9a-zA-Z+/=]{128,5648}$', description: 'From encrypt-data' }),
  key_id: Omissible(KeyName),
  additional_authenticated_data: Aad,
  encryption_algorithm: Algorithm,
});
const RandomBody = kmsBody('CreateRandomRequest', { random_data_length: NumberText });
const EncryptResponse = Titled('EncryptDataResponse', {
  key_id: Type.String(),
  cipher_text: Type.String({ description: 'Base64' }),
});
const DecryptResponse = Titled('DecryptDataResponse', {
  key_id: Type.String(),
  plain_text: Type.String(),
  plain_text_base64: Type.String(),
});
const RandomResponse = Titled('CreateRandomResponse', {
  random_data: Type.String({ description: 'Hexadecimal digits' }),
});

/** Bytes of a response: 4,096 characters that grow six times, and the same in Base64. */
const RESPONSE_BYTES_MAX = 32_768;
const CONFIG = { changeResponseBytes: () => RESPONSE_BYTES_MAX };

/** EncryptData, DecryptData, CreateRandom. */
export function registerEncryption(api: App): void {
  api.route({
    ...kmsRoute('POST', '/v1.0/:project_id/kms/encrypt-data', {
      ...operation('EncryptData', 'Encrypts a small piece of text under a key'),
      body: EncryptBody,
      response: { 200: EncryptResponse },
      config: CONFIG,
    }),
    handler: async ({ deps, params, body }) => {
      requireSymmetric(body.encryption_algorithm);
      const plaintext = readText(body.plain_text);
      const aad = aadOf(body.additional_authenticated_data);
      const target = { projectId: params.project_id, keyId: body.key_id, aad };
      const { keyId, ciphertext } = await app.encryptData(deps, target, plaintext);
      plaintext.fill(0);
      return { key_id: keyId, cipher_text: ciphertext.toString('base64') };
    },
  });
  api.route({
    ...kmsRoute('POST', '/v1.0/:project_id/kms/decrypt-data', {
      ...operation('DecryptData', 'Decrypts what encrypt-data returned'),
      body: DecryptBody,
      response: { 200: DecryptResponse },
      config: CONFIG,
    }),
    handler: async ({ deps, params, body }) => {
      requireSymmetric(body.encryption_algorithm);
      const aad = aadOf(body.additional_authenticated_data);
      const target = { projectId: params.project_id, keyId: body.key_id ?? undefined, aad };
      const { keyId, plaintext } = await app.decryptData(deps, target, readBase64(body.cipher_text));
      const decrypted = {
        key_id: keyId,
        plain_text: plaintext.toString('utf8'),
        plain_text_base64: plaintext.toString('base64'),
      };
      plaintext.fill(0);
      return decrypted;
    },
  });
  api.route({
    ...kmsRoute('POST', '/v1.0/:project_id/kms/gen-random', {
      ...operation('CreateRandom', 'Generates random bytes'),
      body: RandomBody,
      response: { 200: RandomResponse },
      config: CONFIG,
    }),
    handler: async ({ deps, body }) => {
      const bits = numberOf(body.random_data_length, 'random_data_length', KMS_RANDOM_BITS);
      if (bits % 8 !== 0) throw new SecretError('random-length-uneven');
      return { random_data: hexOf(deps.cipher.random(bits / 8), 'secret') };
    },
  });
}

function requireSymmetric(algorithm: string | null | undefined): void {
  if (algorithm == null || algorithm === 'SYMMETRIC_DEFAULT') return;
  throw invalidParameter('encryption_algorithm', 'must be SYMMETRIC_DEFAULT: all keys here are symmetric');
}

/** The bytes of a text; the caller zeroes them. Throws invalid-parameter. */
function readText(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  if (text.isWellFormed() && bytes.length <= KMS_DATA_BYTES.max) return bytes;
  throw invalidParameter('plain_text', `must be 1 to ${KMS_DATA_BYTES.max} bytes of well-formed text`);
}

/** The bytes of canonical Base64: otherwise a changed character could go unnoticed. */
function readBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') === text) return bytes;
  throw new SecretError('ciphertext-invalid', 'It must be Base64 with padding.');
}
