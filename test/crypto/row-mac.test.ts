import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createRowMac } from '../../src/crypto/row-mac.ts';
import vectors from '../vectors/hmac_sha256_test.json' with { type: 'json' };
import vectors512 from '../vectors/hmac_sha512_test.json' with { type: 'json' };
import { variants } from './sealing.ts';

const mac = createRowMac(createSecretKey(randomBytes(32)));

describe('row MAC', () => {
  it('agrees with the Wycheproof vectors of HMAC-SHA256 whose message is text', () => {
    let checked = 0;
    for (const group of vectors.groups.filter((candidate) => candidate.tagSize === 256)) {
      for (const vector of group.tests) {
        const text = Buffer.from(vector.msg, 'hex').toString();
        if (Buffer.from(text).toString('hex') !== vector.msg) continue;
        const rowMac = createRowMac(createSecretKey(Buffer.from(vector.key, 'hex')));
        const isValid = vector.result === 'valid';
        expect(rowMac.verify(text, Buffer.from(vector.tag, 'hex')), `tcId ${vector.tcId}`).toBe(isValid);
        if (isValid) expect(rowMac.sign(text).toString('hex')).toBe(vector.tag);
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(30);
  });

  it('accepts its own MAC', () => {
    expect(mac.verify('secret|a', mac.sign('secret|a'))).toBe(true);
  });

  it('refuses every changed bit, and a MAC of any other length, without throwing', () => {
    for (const changed of variants(mac.sign('secret|a'))) expect(mac.verify('secret|a', changed)).toBe(false);
  });

  it('refuses another text and another key', () => {
    expect(mac.verify('secret|b', mac.sign('secret|a'))).toBe(false);
    expect(createRowMac(createSecretKey(randomBytes(32))).verify('secret|a', mac.sign('secret|a'))).toBe(
      false,
    );
  });

  it('counts UTF-8 bytes, and a lone surrogate as the database gives it back', () => {
    expect(mac.verify('gr\u00fc\u00dfe \u{1f511}', mac.sign('grüße 🔑'))).toBe(true);
    expect(mac.verify('\ufffd', mac.sign('\ud800'))).toBe(true);
  });
});

describe('HMAC of Node', () => {
  it('agrees with all Wycheproof vectors of HMAC-SHA256 and HMAC-SHA512, called as we call it', () => {
    let checked = 0;
    for (const [hash, { groups }] of [['sha256', vectors] as const, ['sha512', vectors512] as const]) {
      for (const group of groups) {
        for (const { key, msg, tag, result, tcId } of group.tests) {
          const hmac = createHmac(hash, createSecretKey(Buffer.from(key, 'hex')));
          const digest = hmac
            .update(Buffer.from(msg, 'hex'))
            .digest('hex')
            .slice(0, group.tagSize / 4);
          expect(digest === tag, `${hash} tcId ${tcId}`).toBe(result === 'valid');
          checked++;
        }
      }
    }
    expect(checked).toBe(2 * 174);
  });
});
