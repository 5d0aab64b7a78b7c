import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { CiphertextUse } from '../../src/app/ports/deps.ts';
import type { Key } from '../../src/core/kms/keys.ts';
import { createKeyring } from '../../src/crypto/keyring.ts';
import { outcome } from '../support/builders.ts';
import { BINDING, keyOf, variants } from './sealing.ts';

const installationId = randomUUID();
const kek = createSecretKey(randomBytes(32));
const keyring = createKeyring({ installationId, kek });
const { cipher } = keyring;
const key = keyOf(keyring, { id: randomUUID() }, 2);
const TEXT = Buffer.from('canary: für 漢 🔑');
const AAD = '123aad';
const USES: readonly CiphertextUse[] = ['data', 'data-key'];

const encrypt = (of: Key, use: CiphertextUse = 'data', plaintext: Uint8Array = TEXT, aad = AAD) =>
  cipher.encrypt(of, { use, plaintext, aad });
const decrypt = (of: Key, ciphertext: Uint8Array, use: CiphertextUse = 'data', aad = AAD) =>
  cipher.decrypt(of, { use, ciphertext, aad });

describe.each(USES)('a ciphertext of %s', (use) => {
  it.each([0, 1, 7, 8, 9, 32, 4_096])('of %d bytes opens as what it was', (length) => {
    const plaintext = randomBytes(length);
    expect(decrypt(key, encrypt(key, use, plaintext), use)).toEqual(plaintext);
  });

  it('differs every time and does not hold the plaintext', () => {
    const [one, other] = [encrypt(key, use), encrypt(key, use)];
    expect(one).not.toEqual(other);
    expect(one.includes(TEXT.subarray(0, 6))).toBe(false);
  });

  it('has at least 96 bytes and does not tell how many of a few the plaintext has', () => {
    expect(encrypt(key, use, randomBytes(1)).length).toBe(96);
    expect(encrypt(key, use, randomBytes(7)).length).toBe(96);
    const short = keyOf(keyring, { id: 'ab' });
    expect(encrypt(short, use, randomBytes(1)).length).toBe(96);
  });

  it('fits into the documented 5,648 characters with the longest key id and text', () => {
    const long = keyOf(keyring, { id: 'x'.repeat(64) });
    expect(encrypt(long, use, randomBytes(4_096)).toString('base64').length).toBeLessThanOrEqual(5_648);
  });

  it('tells its key, and opens with every later version there is', () => {
    const ciphertext = encrypt({ ...key, versions: key.versions.slice(0, 1) }, use);
    expect(cipher.keyIdOf(use, ciphertext)).toBe(key.id);
    expect(decrypt(key, ciphertext, use)).toEqual(TEXT);
    expect(encrypt(key, use).readUInt32BE(6)).toBe(2);
    expect(ciphertext.readUInt32BE(6)).toBe(1);
  });

  it('is refused with any bit changed, and at every other length', () => {
    for (const changed of variants(encrypt(key, use)))
      expect(outcome(() => decrypt(key, changed, use))).toBe('ciphertext-invalid');
  });

  it('is refused with other bound text, another use, key, project, version or installation', () => {
    const ciphertext = encrypt(key, use);
    const refused = (work: () => unknown) => expect(outcome(work)).toBe('ciphertext-invalid');
    for (const aad of ['', '123aa', '123aad ', '123AAD']) refused(() => decrypt(key, ciphertext, use, aad));
    refused(() => decrypt(key, ciphertext, use === 'data' ? 'data-key' : 'data'));
    refused(() => decrypt(keyOf(keyring, { id: key.id }, 2), ciphertext, use));
    refused(() => decrypt({ ...key, id: randomUUID() }, ciphertext, use));
    refused(() => decrypt({ ...key, versions: key.versions.slice(0, 1) }, ciphertext, use));
    const elsewhere = createKeyring({ installationId: randomUUID(), kek });
    const copy = keyOf(elsewhere, { id: key.id }, 2);
    refused(() => elsewhere.cipher.decrypt(copy, { use, ciphertext, aad: AAD }));
  });

  it('says nothing about which check failed, nor anything of what it holds', () => {
    const messages = new Set<string>();
    for (const change of [0, 6, 12, 60, 95]) {
      const changed = encrypt(key, use);
      changed[change]! ^= 1;
      try {
        decrypt(key, changed, use);
      } catch (error) {
        messages.add((error as Error).message);
      }
    }
    expect(messages.size).toBe(1);
  });

  it('leaves material that was swapped in the database a fault of the server', () => {
    const [first, second] = key.versions;
    const swapped = { ...key, versions: [{ ...first!, wrapped: second!.wrapped }, second!] };
    const ciphertext = encrypt({ ...key, versions: [first!] }, use);
    expect(outcome(() => decrypt(swapped, ciphertext, use))).toBe('damaged');
  });
});

describe('values of secrets and ciphertexts of the key service', () => {
  const binding = { ...BINDING, projectId: key.projectId };
  const sealed = keyring.seal(key, binding, TEXT);

  it.each(USES)('a secret’s parts never open as %s', (use) => {
    for (const part of [sealed.wrappedKey, sealed.body]) {
      expect(outcome(() => decrypt(key, part, use))).toBe('ciphertext-invalid');
      expect(outcome(() => cipher.keyIdOf(use, part))).toBe('ciphertext-invalid');
    }
  });

  it.each(USES)('a secret’s parts do not open as %s under another header', (use) => {
    const header = encrypt(key, use).subarray(0, 6 + 4 + 1 + key.id.length);
    for (const part of [sealed.wrappedKey, sealed.body]) {
      const dressed = Buffer.concat([header, part.subarray(10)]);
      expect(outcome(() => decrypt(key, dressed, use))).toBe('ciphertext-invalid');
    }
  });

  it.each(USES)('%s never opens as a secret’s data key or body', (use) => {
    const ciphertext = encrypt(key, use, randomBytes(32));
    const opened = (parts: object) => outcome(() => keyring.open(key, binding, { ...sealed, ...parts }));
    expect(opened({})).toBe('ok');
    expect(opened({ wrappedKey: ciphertext })).toBe('damaged');
    expect(opened({ body: ciphertext })).toBe('damaged');
    const nonceAt = 6 + 4 + 1 + key.id.length;
    const dressed = Buffer.concat([sealed.wrappedKey.subarray(0, 10), ciphertext.subarray(nonceAt)]);
    expect(opened({ wrappedKey: dressed.subarray(0, sealed.wrappedKey.length) })).toBe('damaged');
  });
});

describe('random bytes', () => {
  it('have the wanted length and differ', () => {
    expect(cipher.random(64)).toHaveLength(64);
    expect(cipher.random(64)).not.toEqual(cipher.random(64));
  });
});
