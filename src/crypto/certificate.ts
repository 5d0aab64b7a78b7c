import { type KeyObject, randomBytes, sign } from 'node:crypto';

/** ASN.1 tags that a certificate is made of. @see ITU-T X.690 */
const TAG = Object.freeze({
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  version: 0xa0,
  extensions: 0xa3,
});

/** Contents of the object identifiers in use. @see RFC 5280; RFC 8017 */
const OID = Object.freeze({
  sha256WithRsa: Buffer.from('2a864886f70d01010b', 'hex'),
  commonName: Buffer.from('550403', 'hex'),
  basicConstraints: Buffer.from('551d13', 'hex'),
  keyUsage: Buffer.from('551d0f', 'hex'),
});

const SERIAL_BYTES = 16;
/** "Has no well-defined expiration date". @see RFC 5280, 4.1.2.5 */
const NEVER = '99991231235959Z';
const UTC_TIME_YEAR_END = 2_050;

/**
 * Makes a self-signed X.509 v3 certificate of an RSA key, as PEM: for signatures only, no authority, without an end.
 * `commonName`: at most 64 characters. @see RFC 5280, 4.1
 */
export function createCertificate(input: {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  readonly commonName: string;
  readonly notBeforeMs: number;
}): string {
  const algorithm = sequence(der(TAG.oid, OID.sha256WithRsa), der(TAG.null));
  const name = sequence(
    der(TAG.set, sequence(der(TAG.oid, OID.commonName), der(TAG.utf8, Buffer.from(input.commonName)))),
  );
  const toBeSigned = sequence(
    der(TAG.version, der(TAG.integer, Buffer.from([2]))),
    der(TAG.integer, serialNumber()),
    algorithm,
    name,
    sequence(timeOf(input.notBeforeMs), der(TAG.generalizedTime, Buffer.from(NEVER))),
    name,
    input.publicKey.export({ type: 'spki', format: 'der' }),
    der(TAG.extensions, sequence(...extensions())),
  );
  const signature = sign('sha256', toBeSigned, input.privateKey);
  const certificate = sequence(toBeSigned, algorithm, bitString(signature, 0));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** Both critical: no authority; digital signatures (bit 0) only. @see RFC 5280, 4.2.1.3 and 4.2.1.9 */
function extensions(): Buffer[] {
  const critical = der(TAG.boolean, Buffer.from([0xff]));
  const noAuthority = der(TAG.octetString, sequence());
  const signatures = der(TAG.octetString, bitString(Buffer.from([0x80]), 7));
  return [
    sequence(der(TAG.oid, OID.basicConstraints), critical, noAuthority),
    sequence(der(TAG.oid, OID.keyUsage), critical, signatures),
  ];
}

/** Positive, and without a leading zero byte, which would not be the shortest form. */
function serialNumber(): Buffer {
  const serial = randomBytes(SERIAL_BYTES);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial;
}

/** UTCTime up to 2049, GeneralizedTime from then on. @see RFC 5280, 4.1.2.5 */
function timeOf(timeMs: number): Buffer {
  const time = new Date(timeMs);
  const text = `${time.toISOString().slice(0, 19).replaceAll(/[-T:]/g, '')}Z`;
  const isShort = time.getUTCFullYear() < UTC_TIME_YEAR_END;
  return der(isShort ? TAG.utcTime : TAG.generalizedTime, Buffer.from(isShort ? text.slice(2) : text));
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return der(TAG.sequence, ...parts);
}

function bitString(bytes: Uint8Array, unusedBits: number): Buffer {
  return der(TAG.bitString, Buffer.from([unusedBits]), bytes);
}

/** Tag, length in its shortest form, contents. @see ITU-T X.690, 8.1 and 10.1 */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const contents = Buffer.concat(parts);
  const { length } = contents;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), contents]);
  const digits = length.toString(16);
  const bytes = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | bytes.length]), bytes, contents]);
}
