import { createSecretKey, verify, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SigningKey } from '../../src/core/events/signing-key.ts';
import { createSigningKeys } from '../../src/crypto/signing-keys.ts';
import { outcome } from '../support/builders.ts';

const KEK = createSecretKey(Buffer.alloc(32, 3));
const NOW = Date.UTC(2_026, 5, 1, 12);
const keysOf = (installationId = 'installation-1', kek = KEK) => createSigningKeys({ installationId, kek });

let key: SigningKey;
let certificate: X509Certificate;
beforeAll(async () => {
  key = await keysOf().create(NOW);
  certificate = new X509Certificate(key.certificatePem);
});

describe('the certificate', () => {
  it('is one that others can read: RSA of 2,048 bits, signed by itself with SHA-256', () => {
    expect(certificate.subject).toBe('CN=csms-server notifications');
    expect(certificate.issuer).toBe(certificate.subject);
    expect(certificate.publicKey.asymmetricKeyType).toBe('rsa');
    expect(certificate.publicKey.asymmetricKeyDetails?.modulusLength).toBe(2_048);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    // 1.2.840.113549.1.1.11, what a receiver takes the algorithm from.
    expect(certificate.raw.includes(Buffer.from('06092a864886f70d01010b0500', 'hex'))).toBe(true);
  });

  it('holds from a day before it was made, without an end', () => {
    expect(new Date(certificate.validFrom).getTime()).toBe(NOW - 86_400_000);
    expect(certificate.validTo).toBe('Dec 31 23:59:59 9999 GMT');
  });

  it('is no authority', () => {
    expect(certificate.ca).toBe(false);
    const usage = Buffer.from('0603551d0f0101ff040403020780', 'hex');
    expect(certificate.raw.includes(usage)).toBe(true);
  });

  it('has a positive serial number of its own', async () => {
    const other = new X509Certificate((await keysOf().create(NOW)).certificatePem);
    expect(certificate.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
    expect(other.serialNumber).not.toBe(certificate.serialNumber);
    expect(other.publicKey.equals(certificate.publicKey)).toBe(false);
  });

  it.each([2_049, 2_050, 2_124])('made in %i is read as made then', async (year) => {
    const made = new X509Certificate((await keysOf().create(Date.UTC(year, 11, 31))).certificatePem);
    expect(new Date(made.validFrom).getTime()).toBe(Date.UTC(year, 11, 30));
    expect(made.verify(made.publicKey)).toBe(true);
  });
});

describe('a signature', () => {
  it('is one that the certificate’s key verifies, over exactly this text', () => {
    const signature = Buffer.from(keysOf().sign(key, 'message\né\n'), 'base64');
    expect(verify('sha256', Buffer.from('message\né\n'), certificate.publicKey, signature)).toBe(true);
    expect(verify('sha256', Buffer.from('message\ne\n'), certificate.publicKey, signature)).toBe(false);
  });

  it('follows the key that is given, also after another one', async () => {
    const keys = keysOf();
    const other = await keys.create(NOW);
    keys.sign(key, 'text');
    const signature = Buffer.from(keys.sign(other, 'text'), 'base64');
    expect(verify('sha256', Buffer.from('text'), certificate.publicKey, signature)).toBe(false);
    const { publicKey } = new X509Certificate(other.certificatePem);
    expect(verify('sha256', Buffer.from('text'), publicKey, signature)).toBe(true);
  });
});

describe('the stored private key', () => {
  it('is sealed: no part of it can be read', () => {
    const blob = Buffer.from(key.sealedPrivateKey);
    expect(blob.subarray(0, 6)).toEqual(Buffer.from('43535001' + '0100', 'hex'));
    expect(blob.includes(Buffer.from('2a864886f70d010101', 'hex'))).toBe(false);
  });

  it.each([
    ['in another installation', () => keysOf('installation-2').sign(key, 'x')],
    [
      'under another key',
      () => keysOf('installation-1', createSecretKey(Buffer.alloc(32, 4))).sign(key, 'x'),
    ],
  ])('does not open %s', (_, sign) => {
    expect(outcome(sign)).toBe('damaged');
  });

  it('does not open with any changed byte or another length', () => {
    const blob = Buffer.from(key.sealedPrivateKey);
    const places = [...Array(32).keys(), 100, 700, blob.length - 17, blob.length - 16, blob.length - 1];
    const changed = places.map((at) => {
      const copy = Buffer.from(blob);
      copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
      return copy;
    });
    for (const sealedPrivateKey of [...changed, blob.subarray(1), blob.subarray(0, -1), Buffer.alloc(0)]) {
      expect(outcome(() => keysOf().sign({ ...key, sealedPrivateKey }, 'x'))).toBe('damaged');
    }
  });
});

describe('the digest', () => {
  it('is 32 hex digits, the same for the same text only', () => {
    expect(keysOf().digest('a')).toBe('ca978112ca1bbdcafac231b39a23dc4d');
    expect(keysOf().digest('b')).not.toBe(keysOf().digest('a'));
  });
});
