import { createCipheriv, createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createXaesKey, openPreparedGcm, prepareGcm, TAG_BYTES } from '../../src/crypto/aead.ts';
import {
  BODY_OVERHEAD_BYTES,
  encodeContext,
  expandSha512,
  formatHeader,
  materialContext,
  openBodyKey,
  prepareBody,
  readCmkVersion,
  readCommitment,
  requireFormat,
  sealBody,
  unwrapDataKey,
  unwrapMaterial,
  valueContexts,
  WRAPPED_DATA_KEY_BYTES,
  WRAPPED_MATERIAL_BYTES,
  wrapDataKey,
  wrapMaterial,
} from '../../src/crypto/envelope.ts';
import hkdfVectors from '../vectors/hkdf_sha512_test.json' with { type: 'json' };
import { BINDING, variants } from './sealing.ts';

const hex = (text: string) => Buffer.from(text, 'hex');
const aKey = () => createSecretKey(randomBytes(32));
const DAMAGED = 'A stored value cannot be opened.';

describe('context', () => {
  it('is length-prefixed fields behind the label and the purpose', () => {
    expect(encodeContext('body', ['a', 'ü', '']).toString('hex')).toBe(
      `000563736d7331${'0004'}626f6479${'0001'}61${'0002'}c3bc${'0000'}`,
    );
  });

  it('names every fact that the design names, in its order', () => {
    const fields = (context: Buffer) => {
      const found: string[] = [];
      for (let at = 0; at < context.length; ) {
        const end = at + 2 + context.readUInt16BE(at);
        found.push(context.toString('utf8', at + 2, end));
        at = end;
      }
      return found;
    };
    const facts = ['i1', 'p1', 's1', 'name', 'u1', 'string'];
    const { body, dataKey } = valueContexts('i1', 'k1', BINDING);
    expect(fields(body)).toEqual(['csms1', 'body', ...facts]);
    expect(fields(dataKey(7))).toEqual(['csms1', 'dek', ...facts, 'k1', '7']);
    expect(fields(materialContext('i1', { projectId: 'p1', id: 'k1' }, 7))).toEqual([
      'csms1',
      'cmk',
      'i1',
      'p1',
      'k1',
      '7',
    ]);
  });

  it('does not confuse ("ab","c") with ("a","bc")', () => {
    expect(encodeContext('body', ['ab', 'c'])).not.toEqual(encodeContext('body', ['a', 'bc']));
  });

  it('is different for different lists of fields', () => {
    // Few letters and short texts, so that near misses are common.
    const fields = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\0', '\x01', 'é'), maxLength: 3 }), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(fields, fields, (left, right) => {
        const isSame = encodeContext('dek', left).equals(encodeContext('dek', right));
        expect(isSame).toBe(JSON.stringify(left) === JSON.stringify(right));
      }),
      { numRuns: 5_000 },
    );
  });

  it('refuses what it could not encode without doubt: 65,536 bytes, lone surrogates', () => {
    expect(encodeContext('body', ['x'.repeat(65_535)]).length).toBe(2 + 5 + 2 + 4 + 2 + 65_535);
    expect(() => encodeContext('body', ['x'.repeat(65_536)])).toThrow(DAMAGED);
    expect(() => encodeContext('body', ['\ud800'])).toThrow(DAMAGED);
  });
});

describe('key derivation', () => {
  it('agrees with the first block of all Wycheproof vectors of HKDF-SHA512', () => {
    let checked = 0;
    for (const vector of hkdfVectors.groups.flatMap((group) => group.tests)) {
      if (vector.result !== 'valid') continue;
      const salt = vector.salt === '' ? Buffer.alloc(64) : hex(vector.salt);
      const extracted = createHmac('sha512', createSecretKey(salt)).update(hex(vector.ikm)).digest();
      const expanded = expandSha512(createSecretKey(extracted), [hex(vector.info)]).toString('hex');
      const length = 2 * Math.min(64, vector.size);
      expect(expanded.slice(0, length), `tcId ${vector.tcId}`).toBe(vector.okm.slice(0, length));
      checked++;
    }
    expect(checked).toBe(80);
  });

  it('is the HKDF-Expand of the label, the header and the context', () => {
    const dataKey = aKey();
    const context = valueContexts('i1', 'k1', BINDING).body;
    const commitment = readCommitment(sealBody(dataKey, randomBytes(5), context));
    const label = Buffer.concat([
      Buffer.from('csms/1/body-key-and-commitment'),
      Buffer.from('CSV\x01\x01\x00', 'latin1'),
      context,
    ]);
    const expected = createHmac('sha512', dataKey)
      .update(Buffer.concat([label, Buffer.of(1)]))
      .digest();
    expect(Buffer.from(commitment)).toEqual(expected.subarray(32));
  });
});

describe('format', () => {
  const kek = createXaesKey(aKey());
  const context = valueContexts('i1', 'k1', BINDING).body;

  it('has the lengths and the first bytes of the design', () => {
    const material = wrapMaterial(kek, randomBytes(32), context);
    const wrapped = wrapDataKey(kek, { dataKey: randomBytes(32), cmkVersion: 0x01020304, context });
    const body = sealBody(aKey(), randomBytes(10), context);
    expect([material.length, WRAPPED_MATERIAL_BYTES]).toEqual([78, 78]);
    expect([wrapped.length, WRAPPED_DATA_KEY_BYTES]).toEqual([82, 82]);
    expect([body.length, BODY_OVERHEAD_BYTES]).toEqual([76, 66]);
    expect(material.toString('latin1', 0, 6)).toBe('CSM\x01\x01\x00');
    expect(wrapped.toString('latin1', 0, 10)).toBe('CSK\x01\x01\x00\x01\x02\x03\x04');
    expect(body.toString('latin1', 0, 6)).toBe('CSV\x01\x01\x00');
    expect(readCmkVersion(wrapped)).toBe(0x01020304);
  });

  it('refuses every other magic, version, suite and any flag', () => {
    for (let at = 0; at < 6; at++) {
      for (let value = 0; value < 256; value++) {
        const header = formatHeader('CSV');
        if (header[at] === value) continue;
        header[at] = value;
        expect(() => requireFormat(header, 'CSV')).toThrow(DAMAGED);
      }
    }
    expect(() => requireFormat(formatHeader('CSV').subarray(0, 5), 'CSV')).toThrow(DAMAGED);
    expect(() => requireFormat(formatHeader('CSV'), 'CSV')).not.toThrow();
  });

  it('wraps and unwraps key material and data keys', () => {
    const material = randomBytes(32);
    const unwrapped = unwrapMaterial(kek, wrapMaterial(kek, material, context), context);
    expect(unwrapped.export()).toEqual(material);
    const wrapped = wrapDataKey(kek, { dataKey: material, cmkVersion: 1, context });
    expect(unwrapDataKey(kek, wrapped, context).export()).toEqual(material);
  });

  it('refuses every changed bit, every truncation and an added byte of wrapped material', () => {
    const wrapped = wrapMaterial(kek, randomBytes(32), context);
    for (const changed of variants(wrapped))
      expect(() => unwrapMaterial(kek, changed, context)).toThrow(DAMAGED);
  });

  it('never takes one kind of blob for another', () => {
    const wrapped = wrapDataKey(kek, { dataKey: randomBytes(32), cmkVersion: 1, context });
    const material = wrapMaterial(kek, randomBytes(32), context);
    const body = sealBody(aKey(), randomBytes(32), context);
    expect(() => unwrapMaterial(kek, wrapped, context)).toThrow(DAMAGED);
    expect(() => unwrapDataKey(kek, material, context)).toThrow(DAMAGED);
    expect(() => readCmkVersion(body)).toThrow(DAMAGED);
    expect(() => readCommitment(wrapped)).toThrow(DAMAGED);
    expect(() => prepareBody(aKey(), material, context)).toThrow(DAMAGED);
  });
});

describe('key commitment', () => {
  it('refuses a ciphertext that was crafted to open under two keys', () => {
    const context = valueContexts('i1', 'k1', BINDING).body;
    const [ours, theirs] = [aKey(), aKey()];
    const bodyKeyOf = (dataKey: KeyObject): KeyObject =>
      openBodyKey(dataKey, readCommitment(sealBody(dataKey, Buffer.alloc(0), context)), context);
    const [ourBodyKey, theirBodyKey] = [bodyKeyOf(ours), bodyKeyOf(theirs)];
    const header = sealBody(ours, Buffer.alloc(0), context).subarray(0, BODY_OVERHEAD_BYTES - 12 - TAG_BYTES);
    const crafted = craftForTwoKeys([ourBodyKey.export(), theirBodyKey.export()], header, context);

    // The attack works on bare GCM: both keys open it, to different texts.
    const open = (key: KeyObject) =>
      openPreparedGcm(prepareGcm(key, { blob: crafted, headerBytes: header.length, context }));
    expect(open(ourBodyKey).length).toBe(32);
    expect(open(theirBodyKey).length).toBe(32);
    expect(open(ourBodyKey)).not.toEqual(open(theirBodyKey));

    // The commitment lets only one of them come that far.
    expect(() => openBodyKey(ours, readCommitment(crafted), context)).not.toThrow();
    expect(() => openBodyKey(theirs, readCommitment(crafted), context)).toThrow(DAMAGED);
  });
});

/** Reduction polynomial of GCM's field, in its reflected bit order. @see NIST SP 800-38D, 6.3 */
const R = 0xe1n << 120n;

/**
 * Crafts header | iv 12 | ciphertext 32 | tag 16 that AES-256-GCM opens under both keys. GHASH is linear in each
 * block: with the first block chosen freely, the last one solves one equation for equal tags.
 */
function craftForTwoKeys(keys: readonly [Buffer, Buffer], header: Buffer, context: Buffer): Buffer {
  const iv = randomBytes(12);
  const aad = Buffer.concat([header, context]);
  const first = randomBytes(16);
  const lengths = Buffer.alloc(16);
  lengths.writeUInt32BE(aad.length * 8, 4);
  lengths.writeUInt32BE(32 * 8, 12);
  const padded = Buffer.concat([aad, Buffer.alloc((16 - (aad.length % 16)) % 16)]);

  const equations = keys.map((key) => {
    const h = toField(encryptBlock(key, Buffer.alloc(16)));
    const mask = toField(encryptBlock(key, Buffer.concat([iv, Buffer.of(0, 0, 0, 1)])));
    const tagFor = (last: Buffer): bigint => {
      let y = 0n;
      const blocks = Buffer.concat([padded, first, last, lengths]);
      for (let at = 0; at < blocks.length; at += 16)
        y = multiply(y ^ toField(blocks.subarray(at, at + 16)), h);
      return y ^ mask;
    };
    return { tagFor, slope: multiply(h, h), constant: tagFor(Buffer.alloc(16)) };
  });
  const [one, two] = [equations[0]!, equations[1]!];
  const last = fromField(multiply(one.constant ^ two.constant, invert(one.slope ^ two.slope)));
  return Buffer.concat([header, iv, first, last, fromField(one.tagFor(last))]);
}

function encryptBlock(key: Buffer, block: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-ecb', key, null);
  cipher.setAutoPadding(false);
  return cipher.update(block);
}

const toField = (block: Buffer): bigint => BigInt(`0x${block.toString('hex')}`);
const fromField = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(32, '0'), 'hex');

function multiply(x: bigint, y: bigint): bigint {
  let product = 0n;
  let shifted = y;
  for (let bit = 127n; bit >= 0n; bit--) {
    if ((x >> bit) & 1n) product ^= shifted;
    shifted = shifted & 1n ? (shifted >> 1n) ^ R : shifted >> 1n;
  }
  return product;
}

/** x to the power 2^128 - 2. */
function invert(x: bigint): bigint {
  let result = 1n << 127n;
  let square = x;
  for (let i = 0; i < 127; i++) {
    square = multiply(square, square);
    result = multiply(result, square);
  }
  return result;
}
