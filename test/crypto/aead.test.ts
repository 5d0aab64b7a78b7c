import { createHash, createSecretKey, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  createXaesKey,
  deriveXaesKey,
  openPreparedGcm,
  openXaes,
  prepareGcm,
  sealGcm,
  sealGcmWithIv,
  sealXaes,
  sealXaesWithNonce,
} from '../../src/crypto/aead.ts';
import gcmVectors from '../vectors/aes_gcm_test.json' with { type: 'json' };
import xaesVectors from '../vectors/xaes-256-gcm.json' with { type: 'json' };
import { flips } from './sealing.ts';

const hex = (text: string) => Buffer.from(text, 'hex');
const NONE = Buffer.alloc(0);
const openGcm = (...sealed: Parameters<typeof prepareGcm>) => openPreparedGcm(prepareGcm(...sealed));
const DAMAGED = expect.objectContaining({
  name: 'SecretError',
  code: 'damaged',
  message: 'A stored value cannot be opened.',
});

/** The error that the call throws; fails when it throws none. */
function errorOf(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('nothing was thrown');
}

describe('AES-256-GCM', () => {
  const vectors = gcmVectors.groups.flatMap((group) => group.tests);

  it('agrees with all 66 Wycheproof vectors', () => {
    expect(vectors).toHaveLength(66);
    for (const vector of vectors) {
      const key = createSecretKey(hex(vector.key));
      const context = hex(vector.aad);
      const blob = Buffer.concat([hex(vector.iv), hex(vector.ct), hex(vector.tag)]);
      const open = () => openGcm(key, { blob, headerBytes: 0, context });
      if (vector.result === 'valid') {
        const sealed = sealGcmWithIv(
          key,
          { header: NONE, context, plaintext: hex(vector.msg) },
          hex(vector.iv),
        );
        expect(sealed.toString('hex'), `tcId ${vector.tcId}`).toBe(blob.toString('hex'));
        expect(open().toString('hex'), `tcId ${vector.tcId}`).toBe(vector.msg);
      } else {
        expect(errorOf(open), `tcId ${vector.tcId}`).toEqual(DAMAGED);
      }
    }
  });

  it('authenticates header and context as one text, in that order', () => {
    const vector = vectors.find((candidate) => candidate.aad.length >= 16 && candidate.result === 'valid');
    if (vector === undefined) throw new Error('no vector with associated data');
    const key = createSecretKey(hex(vector.key));
    const [header, context] = [hex(vector.aad.slice(0, 6)), hex(vector.aad.slice(6))];
    const sealed = sealGcmWithIv(key, { header, context, plaintext: hex(vector.msg) }, hex(vector.iv));
    expect(sealed.toString('hex')).toBe(vector.aad.slice(0, 6) + vector.iv + vector.ct + vector.tag);
    expect(openGcm(key, { blob: sealed, headerBytes: 3, context }).toString('hex')).toBe(vector.msg);
  });

  it('never uses a nonce twice', () => {
    const key = createSecretKey(randomBytes(32));
    const ivs = new Set<string>();
    for (let i = 0; i < 1_000; i++) {
      ivs.add(sealGcm(key, { header: NONE, context: NONE, plaintext: NONE }).toString('hex', 0, 12));
    }
    expect(ivs.size).toBe(1_000);
  });

  it('refuses every shortened tag', () => {
    const key = createSecretKey(randomBytes(32));
    const blob = sealGcm(key, { header: NONE, context: NONE, plaintext: NONE });
    for (let length = 0; length < blob.length; length++) {
      const open = () => openGcm(key, { blob: blob.subarray(0, length), headerBytes: 0, context: NONE });
      expect(errorOf(open)).toEqual(DAMAGED);
    }
  });

  it('gives sealed bytes memory of their own, so that no neighbour travels along to another thread', () => {
    const sealed = sealGcm(createSecretKey(randomBytes(32)), {
      header: NONE,
      context: NONE,
      plaintext: NONE,
    });
    expect(sealed.buffer.byteLength).toBe(sealed.length);
  });
});

describe('XAES-256-GCM', () => {
  it('agrees with the published vectors, intermediate values included', () => {
    for (const vector of xaesVectors.tests) {
      const key = createXaesKey(createSecretKey(hex(vector.key)));
      const nonce = Buffer.from(vector.nonce_ascii);
      const context = Buffer.from(vector.aad_ascii);
      expect(key.subkey.toString('hex')).toBe(vector.K1);
      expect(deriveXaesKey(key, nonce).export().toString('hex')).toBe(vector.Kx);
      const plaintext = Buffer.from(vector.plaintext_ascii);
      const sealed = sealXaesWithNonce(key, { header: NONE, context, plaintext }, nonce);
      expect(sealed.toString('hex')).toBe(nonce.toString('hex') + vector.ciphertext_and_tag);
      expect(openXaes(key, { blob: sealed, headerBytes: 0, context }).toString()).toBe(
        vector.plaintext_ascii,
      );
    }
  });

  it('agrees with the accumulated vector of 10,000 random messages, and opens each of them', () => {
    const random = createHash('shake128', { outputLength: 10_000 * (32 + 24 + 2 * 256) }).digest();
    let at = 0;
    const take = (bytes: number) => {
      at += bytes;
      return random.subarray(at - bytes, at);
    };
    const takeText = () => take(take(1).readUInt8());
    const all = createHash('shake128', { outputLength: 32 });
    for (let i = 0; i < 10_000; i++) {
      const key = createXaesKey(createSecretKey(take(32)));
      const nonce = take(24);
      const plaintext = takeText();
      const context = takeText();
      const sealed = sealXaesWithNonce(key, { header: NONE, context, plaintext }, nonce);
      all.update(sealed.subarray(24));
      if (!openXaes(key, { blob: sealed, headerBytes: 0, context }).equals(plaintext))
        expect.fail(`message ${i}`);
    }
    expect(all.digest('hex')).toBe(xaesVectors.accumulated['10000']);
  });

  it('refuses every changed bit of the nonce, ciphertext and tag', () => {
    const key = createXaesKey(createSecretKey(randomBytes(32)));
    const blob = sealXaes(key, { header: Buffer.of(7), context: NONE, plaintext: randomBytes(32) });
    for (const changed of flips(blob)) {
      expect(errorOf(() => openXaes(key, { blob: changed, headerBytes: 1, context: NONE }))).toEqual(DAMAGED);
    }
  });
});

describe('failing', () => {
  it('looks the same whatever was wrong, and shows nothing of the plaintext', () => {
    const key = createSecretKey(randomBytes(32));
    const plaintext = Buffer.from('marker-7f3a-never-to-be-seen');
    const blob = sealGcm(key, { header: NONE, context: NONE, plaintext });
    const changed = Buffer.from(blob);
    changed[changed.length - 1]! ^= 1;
    const failures = [
      () => openGcm(key, { blob: changed, headerBytes: 0, context: NONE }),
      () => openGcm(key, { blob, headerBytes: 0, context: Buffer.of(1) }),
      () => openGcm(key, { blob, headerBytes: 1, context: NONE }),
      () => openGcm(createSecretKey(randomBytes(32)), { blob, headerBytes: 0, context: NONE }),
      () => openGcm(createSecretKey(randomBytes(16)), { blob, headerBytes: 0, context: NONE }),
      () => openGcm(key, { blob: NONE, headerBytes: 0, context: NONE }),
    ];
    for (const failure of failures) {
      const error = errorOf(failure);
      expect(error).toEqual(DAMAGED);
      expect(error.cause).toBeUndefined();
      expect(`${error.message}${error.stack}${JSON.stringify(error)}`).not.toMatch(/marker|7f3a/);
    }
  });
});

describe('the source', () => {
  it('gives every cipher of node:crypto a tag length', () => {
    const source = readFileSync(new URL('../../src/crypto/aead.ts', import.meta.url), 'utf8');
    const calls = source.match(/create(?:Dec|C)ipheriv\(.*/g) ?? [];
    expect(calls).toHaveLength(3);
    for (const call of calls) expect(call).toMatch(/aes-256-ecb|authTagLength: TAG_BYTES/);
  });
});
