import { beforeAll, describe, expect, it } from 'vitest';
import { ADMIN, BETA, shareServer } from '../../support/server.ts';
import { ok } from '../calls.ts';
import { ABSENT_KEY, kmsCallsOf, refusal } from '../kms-calls.ts';

const AAD = { additional_authenticated_data: '123aad' };
const server = shareServer();
let key_id: string;
beforeAll(async () => {
  key_id = await kms.create('master');
});
const kms = kmsCallsOf(server);
const beta = kmsCallsOf(server, ADMIN, BETA);
const encrypt = async (plain_text: string, more: object = {}): Promise<string> =>
  ok(await kms.post('encrypt-data', { key_id, plain_text, ...more })).cipher_text;
const decrypt = (cipher_text: unknown, more: object = {}) =>
  kms.post('decrypt-data', { cipher_text, ...more });

describe('EncryptData and DecryptData', () => {
  it.each(['x', 'hello world', 'für 漢 🔑\n\t"\\', '\0', ' ', 'x'.repeat(4_096), '漢'.repeat(1_365)])(
    'carry a text there and back (case %#)',
    async (plain_text) => {
      const answer = ok(await kms.post('encrypt-data', { key_id, plain_text, ...AAD }));
      expect(answer).toEqual({ key_id, cipher_text: expect.stringMatching(/^[0-9a-zA-Z+/=]{128,5648}$/) });
      expect(ok(await decrypt(answer.cipher_text, AAD))).toEqual({
        key_id,
        plain_text,
        plain_text_base64: Buffer.from(plain_text).toString('base64'),
      });
    },
  );

  it('need no key to decrypt, and take one that fits', async () => {
    const cipher_text = await encrypt('x', { encryption_algorithm: 'SYMMETRIC_DEFAULT' });
    for (const name of [undefined, null, key_id, 'alias/master']) {
      const more = { key_id: name, encryption_algorithm: 'SYMMETRIC_DEFAULT' };
      expect(ok(await decrypt(cipher_text, more)).plain_text).toBe('x');
    }
    const other = await kms.create('other-master');
    expect(refusal(await decrypt(cipher_text, { key_id: other }))).toEqual([400, 'KMS.2201']);
    expect(refusal(await decrypt(cipher_text, { key_id: ABSENT_KEY }))).toEqual([404, 'KMS.0207']);
    expect(refusal(await decrypt(cipher_text, { key_id: 'nonsense' }))).toEqual([400, 'KMS.0205']);
  });

  it('refuse every changed character and other bound text', async () => {
    const cipher_text = await encrypt('x', AAD);
    for (let at = 0; at < cipher_text.length; at += 1) {
      const changed = `${cipher_text.slice(0, at)}${cipher_text[at] === 'A' ? 'B' : 'A'}${cipher_text.slice(at + 1)}`;
      const answer = await decrypt(changed, AAD);
      expect(refusal(answer), `character ${at}`).toEqual([400, 'KMS.2201']);
      expect(answer.text).not.toContain(changed.slice(0, 20));
    }
    expect(refusal(await decrypt(cipher_text))).toEqual([400, 'KMS.2201']);
    expect(refusal(await decrypt(cipher_text, { additional_authenticated_data: '123aae' }))).toEqual([
      400,
      'KMS.2201',
    ]);
    expect(refusal(await decrypt(`${cipher_text}AAAA`, AAD))).toEqual([400, 'KMS.2201']);
    expect(refusal(await beta.post('decrypt-data', { cipher_text, ...AAD }))).toEqual([400, 'KMS.2201']);
  });

  it('refuse another spelling of the same bytes', async () => {
    const cipher_text = await encrypt('12345678');
    expect(cipher_text).toMatch(/[AQgw]==$/);
    ok(await decrypt(cipher_text));
    // The next letter differs in bits that Base64 leaves unused in front of two paddings.
    const next = String.fromCharCode(cipher_text.charCodeAt(cipher_text.length - 3) + 1);
    const respelt = `${cipher_text.slice(0, -3)}${next}==`;
    expect(Buffer.from(respelt, 'base64')).toEqual(Buffer.from(cipher_text, 'base64'));
    for (const other of [respelt, cipher_text.slice(0, -2), cipher_text.slice(0, -1), `${cipher_text}=`])
      expect(refusal(await decrypt(other)), other.slice(-4)).toEqual([400, 'KMS.2201']);
  });

  it('refuse a data key’s ciphertext, and the other way round', async () => {
    const made = ok(await kms.post('create-datakey', { key_id }));
    const base64 = Buffer.from(made.cipher_text, 'hex').toString('base64');
    expect(refusal(await decrypt(base64))).toEqual([400, 'KMS.2201']);
    const hex = Buffer.from(await encrypt('x'.repeat(32)), 'base64').toString('hex');
    const body = { key_id, cipher_text: hex, datakey_cipher_length: '32' };
    expect(refusal(await kms.post('decrypt-datakey', body))).toEqual([400, 'KMS.2201']);
  });

  it.each([
    [{ plain_text: '漢'.repeat(1_366) }, 'KMS.0308'],
    [{ plain_text: 'canary\ud800' }, 'KMS.0308'],
    [{ encryption_algorithm: 'RSAES_OAEP_SHA_256' }, 'KMS.0308'],
  ])('refuse to encrypt %j', async (wrong, code) => {
    const answer = await kms.post('encrypt-data', { key_id, plain_text: 'x', ...wrong });
    expect(refusal(answer)).toEqual([400, code]);
    expect(answer.json.error_msg).toContain(Object.keys(wrong)[0]);
    expect(answer.text).not.toContain('canary');
  });

  it.each(['A'.repeat(128), '='.repeat(128)])('refuse to decrypt %s', async (cipher_text) => {
    const answer = await decrypt(cipher_text);
    expect(refusal(answer)).toEqual([400, 'KMS.2201']);
    expect(answer.json.error_msg).toContain('cipher_text');
  });

  it('go by the state of the key', async () => {
    const id = await kms.create('moody');
    const body = { key_id: id, plain_text: 'x' };
    const { cipher_text } = ok(await kms.post('encrypt-data', body));
    ok(await kms.post('disable-key', { key_id: id }));
    expect(refusal(await kms.post('encrypt-data', body))).toEqual([400, 'KMS.0209']);
    expect(refusal(await decrypt(cipher_text))).toEqual([400, 'KMS.0209']);
    ok(await kms.post('schedule-key-deletion', { key_id: id, pending_days: '7' }));
    expect(refusal(await kms.post('encrypt-data', body))).toEqual([400, 'KMS.0210']);
    expect(refusal(await decrypt(cipher_text))).toEqual([400, 'KMS.0210']);
    ok(await kms.post('cancel-key-deletion', { key_id: id }));
    ok(await kms.post('enable-key', { key_id: id }));
    expect(ok(await decrypt(cipher_text)).plain_text).toBe('x');
  });
});

describe('what the key service was given', () => {
  it('is in no log', async () => {
    const plain_text = 'canary-of-the-key-service';
    const bound = { additional_authenticated_data: 'canary-bound-text' };
    const cipher_text = await encrypt(plain_text, bound);
    ok(await decrypt(cipher_text, bound));
    await decrypt(cipher_text);
    const made = ok(await kms.post('create-datakey', { key_id }));
    const random = ok(await kms.post('gen-random', { random_data_length: 512 })).random_data;
    const log = server.logText();
    expect(log).toContain('/kms/encrypt-data');
    for (const canary of [
      plain_text,
      'canary-bound-text',
      cipher_text,
      made.plain_text,
      made.cipher_text,
      random,
    ])
      expect(log).not.toContain(canary);
  });
});

describe('CreateRandom', () => {
  it.each([8, '8', 16, '512', 8_192])('makes %j bits', async (random_data_length) => {
    const random = async () => ok(await kms.post('gen-random', { random_data_length })).random_data;
    const data = await random();
    expect(data).toMatch(/^(?:[0-9A-F]{2})+$/);
    expect(data).toHaveLength(Number(random_data_length) / 4);
    if (data.length > 30) expect(await random()).not.toBe(data);
  });

  it.each([
    ['0', 'KMS.1801'],
    ['8200', 'KMS.1801'],
    ['9', 'KMS.1802'],
    [511, 'KMS.1802'],
  ])('refuses %j bits', async (random_data_length, code) => {
    expect(refusal(await kms.post('gen-random', { random_data_length }))).toEqual([400, code]);
  });
});
