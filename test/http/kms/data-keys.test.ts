import { createHash, randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { ADMIN, ALPHA, BETA, shareServer } from '../../support/server.ts';
import { ok } from '../calls.ts';
import { ABSENT_KEY, changeAt, kmsCallsOf, refusal } from '../kms-calls.ts';

const HEX = /^(?:[0-9A-F]{2})+$/;
const AAD = { additional_authenticated_data: '123aad' };
const server = shareServer();
let key_id: string;
beforeAll(async () => {
  key_id = await kms.create('master');
});
const kms = kmsCallsOf(server);
const beta = kmsCallsOf(server, ADMIN, BETA);
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest();
const withDigest = (dek: Buffer) => Buffer.concat([dek, sha256(dek)]).toString('hex');
const decrypt = (cipher_text: unknown, bytes: unknown, more: object = {}) =>
  kms.post('decrypt-datakey', { key_id, cipher_text, datakey_cipher_length: bytes, ...more });

describe('CreateDatakey', () => {
  it.each([
    [{}, 32],
    [{ datakey_length: '512' }, 64],
    [{ datakey_length: 512 }, 64],
    [{ datakey_length: '8' }, 1],
    [{ datakey_length: '8192' }, 1_024],
    [{ key_spec: 'AES_256' }, 32],
    [{ key_spec: 'AES_128' }, 16],
    [{ key_spec: 'SM4' }, 16],
    [{ key_spec: 'HMAC_384' }, 48],
    [{ key_spec: 'HMAC_512' }, 64],
    [{ key_spec: 'AES_128', datakey_length: '256' }, 32],
    [{ key_spec: null, datakey_length: null }, 32],
  ])('with %j makes %d bytes that open again', async (wanted, bytes) => {
    const made = ok(await kms.post('create-datakey', { key_id, ...wanted, ...AAD }));
    expect(Object.keys(made)).toEqual(['key_id', 'plain_text', 'cipher_text']);
    expect(made.key_id).toBe(key_id);
    expect(made.plain_text).toMatch(HEX);
    expect(made.plain_text).toHaveLength(bytes * 2);
    expect(made.cipher_text).toMatch(HEX);
    expect(made.cipher_text.length).toBeLessThanOrEqual(8_192);
    expect(ok(await decrypt(made.cipher_text, String(bytes), AAD))).toEqual({
      data_key: made.plain_text,
      datakey_length: String(bytes),
      datakey_dgst: sha256(Buffer.from(made.plain_text, 'hex')).toString('hex').toUpperCase(),
    });
  });

  it('makes another one every time', async () => {
    const [one, other] = [
      ok(await kms.post('create-datakey', { key_id })),
      ok(await kms.post('create-datakey', { key_id })),
    ];
    expect(one.plain_text).not.toBe(other.plain_text);
    expect(one.cipher_text).not.toBe(other.cipher_text);
  });

  it.each([
    [{ datakey_length: '0' }, 'KMS.1901'],
    [{ datakey_length: '7' }, 'KMS.1901'],
    [{ datakey_length: '8200' }, 'KMS.1901'],
    [{ datakey_length: '12' }, 'KMS.1903'],
    [{ key_spec: 'DES' }, 'KMS.1902'],
    [{ key_spec: '' }, 'KMS.1902'],
    [{ key_spec: 'toString' }, 'KMS.1902'],
    [{ additional_authenticated_data: 'é'.repeat(65) }, 'KMS.0308'],
    [{ additional_authenticated_data: '\ud800' }, 'KMS.0308'],
  ])('refuses %j, with and without the plaintext', async (wrong, code) => {
    for (const operation of ['create-datakey', 'create-datakey-without-plaintext']) {
      const answer = await kms.post(operation, { key_id, ...wrong });
      expect(refusal(answer)).toEqual([400, code]);
      expect(answer.json.error_msg).toContain(Object.keys(wrong)[0]);
    }
  });
});

describe('CreateDatakeyWithoutPlaintext', () => {
  it('returns no plaintext, and a ciphertext that opens', async () => {
    const made = ok(
      await kms.post('create-datakey-without-plaintext', { key_id: 'alias/master', datakey_length: '128' }),
    );
    expect(Object.keys(made)).toEqual(['key_id', 'cipher_text']);
    expect(made.key_id).toBe(key_id);
    expect(ok(await decrypt(made.cipher_text, '16')).data_key).toHaveLength(32);
  });
});

describe('EncryptDatakey and DecryptDatakey', () => {
  it.each([1, 16, 64, 1_024])('carry a data key of %d bytes there and back', async (bytes) => {
    const dek = randomBytes(bytes);
    const sealed = ok(
      await kms.post('encrypt-datakey', {
        key_id,
        plain_text: withDigest(dek),
        datakey_plain_length: String(bytes),
      }),
    );
    expect(sealed).toEqual({
      key_id,
      cipher_text: expect.stringMatching(HEX),
      datakey_length: String(bytes),
    });
    for (const cipher_text of [sealed.cipher_text, sealed.cipher_text.toLowerCase()]) {
      expect(ok(await decrypt(cipher_text, bytes))).toEqual({
        data_key: dek.toString('hex').toUpperCase(),
        datakey_length: String(bytes),
        datakey_dgst: sha256(dek).toString('hex').toUpperCase(),
      });
    }
  });

  it('take the example of the documents', async () => {
    const dek = '0'.repeat(128);
    const plain_text = `${dek}F5A5FD42D16A20302798EF6ED309979B43003D2320D9F0E8EA9831A92759FB4B`;
    const sealed = ok(await kms.post('encrypt-datakey', { key_id, plain_text, datakey_plain_length: '64' }));
    expect(ok(await decrypt(sealed.cipher_text, '64'))).toEqual({
      data_key: dek,
      datakey_length: '64',
      datakey_dgst: 'F5A5FD42D16A20302798EF6ED309979B43003D2320D9F0E8EA9831A92759FB4B',
    });
  });

  const dek = Buffer.alloc(32, 5);
  it.each([
    [{ plain_text: '' }, 'KMS.2101'],
    [{ plain_text: 'xyz' }, 'KMS.2101'],
    [{ plain_text: `${withDigest(dek)}0` }, 'KMS.2101'],
    [{ plain_text: 'g'.repeat(128) }, 'KMS.2101'],
    [{ plain_text: dek.toString('hex') }, 'KMS.2104'],
    [{ plain_text: `${withDigest(dek)}00` }, 'KMS.2104'],
    [{ plain_text: withDigest(dek).replace(/.$/, (last) => (last === '0' ? '1' : '0')) }, 'KMS.2103'],
    [{ plain_text: withDigest(dek).replace(/^./, 'f') }, 'KMS.2103'],
    [{ datakey_plain_length: '31' }, 'KMS.2104'],
    [{ datakey_plain_length: '0' }, 'KMS.2102'],
    [{ datakey_plain_length: '1025' }, 'KMS.2102'],
  ])('refuse to encrypt %j', async (wrong, code) => {
    const body = { key_id, plain_text: withDigest(dek), datakey_plain_length: '32', ...wrong };
    const answer = await kms.post('encrypt-datakey', body);
    expect(refusal(answer)).toEqual([400, code]);
    expect(answer.text).not.toContain(dek.toString('hex').slice(0, 16));
  });

  it('refuse every changed byte, other bound text, another length and another key', async () => {
    const { cipher_text } = ok(await kms.post('create-datakey', { key_id, ...AAD }));
    for (let at = 0; at < cipher_text.length; at += 2) {
      const byte = (Number.parseInt(cipher_text.slice(at, at + 2), 16) ^ 1).toString(16).padStart(2, '0');
      const changed = cipher_text.slice(0, at) + byte + cipher_text.slice(at + 2);
      expect(refusal(await decrypt(changed, '32', AAD)), `byte ${at / 2}`).toEqual([400, 'KMS.2201']);
    }
    const other = await kms.create('other-master');
    for (const wrong of [{}, { additional_authenticated_data: '123AAD' }, { ...AAD, key_id: other }])
      expect(refusal(await decrypt(cipher_text, '32', wrong))).toEqual([400, 'KMS.2201']);
    expect(refusal(await decrypt(cipher_text, '33', AAD))).toEqual([400, 'KMS.2204']);
    expect(refusal(await decrypt(cipher_text.slice(2), '32', AAD))).toEqual([400, 'KMS.2201']);
    expect(refusal(await decrypt(`${cipher_text}00`, '32', AAD))).toEqual([400, 'KMS.2201']);
    expect(
      refusal(await beta.post('decrypt-datakey', { key_id, cipher_text, datakey_cipher_length: '32' })),
    ).toEqual([404, 'KMS.0207']);
  });

  it.each([
    ['', '32', 'KMS.2201'],
    ['xyz', '32', 'KMS.2201'],
    ['abc', '32', 'KMS.2201'],
    ['ab', '32', 'KMS.2201'],
    ['abcd', '0', 'KMS.2202'],
    ['abcd', '1025', 'KMS.2202'],
  ])('refuse to decrypt %j of %j bytes', async (cipher_text, bytes, code) => {
    expect(refusal(await decrypt(cipher_text, bytes))).toEqual([400, code]);
  });
});

describe('a data key and the state of its key', () => {
  it('is refused while the key is disabled or waits for its deletion, and gone with it', async () => {
    const id = await kms.create('moody');
    const { cipher_text } = ok(await kms.post('create-datakey', { key_id: id }));
    const plain = { plain_text: withDigest(Buffer.alloc(1)), datakey_plain_length: '1' };
    const operations: [string, object][] = [
      ['create-datakey', {}],
      ['create-datakey-without-plaintext', {}],
      ['encrypt-datakey', plain],
      ['decrypt-datakey', { cipher_text, datakey_cipher_length: '32' }],
    ];
    const expectAll = async (expected: readonly [number, string]) => {
      for (const [operation, more] of operations)
        expect(refusal(await kms.post(operation, { key_id: id, ...more })), operation).toEqual(expected);
    };
    ok(await kms.post('disable-key', { key_id: id }));
    await expectAll([400, 'KMS.0209']);
    ok(await kms.post('enable-key', { key_id: id }));
    for (const [operation, more] of operations) ok(await kms.post(operation, { key_id: id, ...more }));
    ok(await kms.post('schedule-key-deletion', { key_id: id, pending_days: '7' }));
    await expectAll([400, 'KMS.0210']);
    const ref = { projectId: ALPHA, id };
    await changeAt(server, { kind: 'purge-key', ref, nowMs: Date.now() + 8 * 86_400_000 } as never);
    await expectAll([404, 'KMS.0207']);
    expect(refusal(await kms.post('create-datakey', { key_id: ABSENT_KEY }))).toEqual([404, 'KMS.0207']);
  });
});
