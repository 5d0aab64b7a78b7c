import { createECDH, createHmac, createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  createRequestKey,
  DERIVED_KEYS_MAX,
  deriveP256Key,
  deriveScopedKey,
  findAlgorithm,
} from '../../../src/auth/signatures/algorithms.ts';
import { AK, refusalOf, SK } from '../fixtures.ts';

const KEY = createRequestKey({ accessKeyId: AK, secretKey: SK });
/** Private scalar published for the test key. @see the vendor's SDK cores */
const P256_D = '41100cf637842a252a3af603f3daf3c25ee341a4fdea34f0beae26e002a790fd';
const P256_X = 'c9e626a8ba0c1f64367bf0b651a5439456502ae31872c775a63ea2102d4fe426';
const P256_Y = '53f6d15c28dd0415f7fc368606c40338e224bf436b824b9b3da88555611bebf2';

describe('the table of algorithms', () => {
  it.each([
    ['SDK-HMAC-SHA256', 'sha256', 'x-sdk-content-sha256'],
    ['SDK-HMAC-SM3', 'sm3', 'x-sdk-content-sm3'],
    ['V11-HMAC-SHA256', 'sha256', 'x-sdk-content-sha256'],
    ['SDK-ECDSA-P256-SHA256', 'sha256', 'x-sdk-content-sha256'],
  ])('has %s', (name, digest, payloadHeader) => {
    expect(findAlgorithm(name)).toMatchObject({ name, digest, payloadHeader });
  });

  it.each(['SDK-SM2-SM3', 'SDK-HMAC-SHA1', 'SDK-', '__proto__', 'sdk-hmac-sha256'])('refuses %s', (name) => {
    expect(refusalOf(() => findAlgorithm(name)).code).toBe('credentials-unsupported');
  });
});

describe('HMAC signatures', () => {
  const algorithm = findAlgorithm('SDK-HMAC-SHA256');
  const good = createHmac('sha256', SK).update('text').digest('hex');
  const matches = (signature: string): boolean =>
    algorithm.matches({ key: KEY, scope: undefined, stringToSign: 'text', signature });

  it('match in one form only', () => {
    expect(matches(good)).toBe(true);
    const others = [
      good.toUpperCase(),
      `${good}\n`,
      ` ${good}`,
      `${good}00`,
      good.slice(2),
      `${good.slice(2)}zz`,
      '',
      'é',
    ];
    expect(others.filter(matches)).toEqual([]);
  });
});

describe('derived keys of V11', () => {
  it('are remembered for each access key and scope', () => {
    const derived = deriveScopedKey(KEY, '20260102/r/s');
    expect(deriveScopedKey(KEY, '20260102/r/s')).toBe(derived);
    expect(deriveScopedKey(KEY, '20260103/r/s').equals(derived)).toBe(false);
    const other = createRequestKey({ accessKeyId: 'other', secretKey: SK });
    expect(deriveScopedKey(other, '20260102/r/s').equals(derived)).toBe(false);
  });

  it('are forgotten, the oldest first of those not used again, beyond the bound', () => {
    const key = createRequestKey({ accessKeyId: AK, secretKey: SK });
    const scopes = Array.from({ length: DERIVED_KEYS_MAX }, (_, index) => `scope ${index}`);
    const [first, second] = scopes.map((scope) => deriveScopedKey(key, scope)) as [KeyObject, KeyObject];
    expect(deriveScopedKey(key, 'scope 0')).toBe(first);
    deriveScopedKey(key, `scope ${DERIVED_KEYS_MAX}`);
    expect(deriveScopedKey(key, 'scope 0')).toBe(first);
    expect(deriveScopedKey(key, 'scope 1')).not.toBe(second);
    expect(deriveScopedKey(key, 'scope 1').equals(second)).toBe(true);
  });
});

describe('P-256', () => {
  const algorithm = findAlgorithm('SDK-ECDSA-P256-SHA256');
  const base64url = (hex: string): string => Buffer.from(hex, 'hex').toString('base64url');
  const jwk = { kty: 'EC', crv: 'P-256', x: base64url(P256_X), y: base64url(P256_Y) };
  const privateKey = createPrivateKey({ format: 'jwk', key: { ...jwk, d: base64url(P256_D) } });
  const good = sign('sha256', Buffer.from('text'), { key: privateKey, dsaEncoding: 'der' });
  const matches = (signature: string, stringToSign = 'text'): boolean =>
    algorithm.matches({ key: KEY, scope: undefined, stringToSign, signature });

  it('derives the published public key, once', () => {
    const derived = deriveP256Key(KEY);
    expect(derived.export({ format: 'jwk' })).toEqual(jwk);
    expect(deriveP256Key(KEY)).toBe(derived);
    const ecdh = createECDH('prime256v1');
    ecdh.setPrivateKey(P256_D, 'hex');
    expect(ecdh.getPublicKey('hex')).toBe(`04${P256_X}${P256_Y}`);
  });

  it('accepts a DER signature over the text', () => {
    expect(matches(good.toString('hex'))).toBe(true);
    expect(matches(good.toString('hex'), 'text ')).toBe(false);
  });

  it('refuses every one-bit change of the signature', () => {
    for (let bit = 0; bit < good.length * 8; bit += 1) {
      const bytes = Buffer.from(good);
      bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(matches(bytes.toString('hex')), `bit ${bit}`).toBe(false);
    }
  });

  it('refuses everything that is no strict DER in lower-case hex', () => {
    const hex = good.toString('hex');
    const raw = sign('sha256', Buffer.from('text'), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString(
      'hex',
    );
    const others = [
      hex.toUpperCase(),
      `${hex}00`,
      hex.slice(0, -2),
      hex.slice(1),
      raw,
      '30060201000201',
      '',
      '3006020100020100',
    ];
    expect(others.filter((signature) => matches(signature))).toEqual([]);
  });
});
