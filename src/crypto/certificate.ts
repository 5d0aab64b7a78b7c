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
  hostName: 0x82,
  address: 0x87,
  version: 0xa0,
  extensions: 0xa3,
});

/** Contents of the object identifiers in use. @see RFC 5280; RFC 8017 */
const OID = Object.freeze({
  sha256WithRsa: Buffer.from('2a864886f70d01010b', 'hex'),
  ecdsaWithSha256: Buffer.from('2a8648ce3d040302', 'hex'),
  commonName: Buffer.from('550403', 'hex'),
  basicConstraints: Buffer.from('551d13', 'hex'),
  keyUsage: Buffer.from('551d0f', 'hex'),
  alternativeNames: Buffer.from('551d11', 'hex'),
  extendedKeyUsage: Buffer.from('551d25', 'hex'),
  serverAuthentication: Buffer.from('2b06010505070301', 'hex'),
});

const SERIAL_BYTES = 16;
/** "Has no well-defined expiration date". @see RFC 5280, 4.1.2.5 */
const NEVER = '99991231235959Z';
const UTC_TIME_YEAR_END = 2_050;

/** What a certificate for a server says beside its key. */
export interface ServerNames {
  readonly hosts: readonly string[];
  /** Four or sixteen bytes each. */
  readonly addresses: readonly Uint8Array[];
}

/**
 * Creates a self-signed X.509 v3 certificate of an RSA or EC key, as PEM: for signatures only, no authority; without an
 * end unless one is given. `server`: the certificate is for a TLS server of these names. `commonName`: at most 64
 * characters.
 * @see RFC 5280, 4.1
 */
export function createCertificate(input: {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  readonly commonName: string;
  readonly notBeforeMs: number;
  readonly notAfterMs?: number;
  readonly server?: ServerNames;
}): string {
  const isRsa = input.publicKey.asymmetricKeyType === 'rsa';
  const algorithm = isRsa
    ? sequence(der(TAG.oid, OID.sha256WithRsa), der(TAG.null))
    : sequence(der(TAG.oid, OID.ecdsaWithSha256));
  const end =
    input.notAfterMs === undefined ? der(TAG.generalizedTime, Buffer.from(NEVER)) : timeOf(input.notAfterMs);
  const name = sequence(
    der(TAG.set, sequence(der(TAG.oid, OID.commonName), der(TAG.utf8, Buffer.from(input.commonName)))),
  );
  const toBeSigned = sequence(
    der(TAG.version, der(TAG.integer, Buffer.from([2]))),
    der(TAG.integer, serialNumber()),
    algorithm,
    name,
    sequence(timeOf(input.notBeforeMs), end),
    name,
    input.publicKey.export({ type: 'spki', format: 'der' }),
    der(TAG.extensions, sequence(...extensions(), ...serverExtensions(input.server))),
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

/** Names and purpose of a TLS server. @see RFC 5280, 4.2.1.6 and 4.2.1.12 */
function serverExtensions(server: ServerNames | undefined): Buffer[] {
  if (server === undefined) return [];
  const names = [
    ...server.hosts.map((host) => der(TAG.hostName, Buffer.from(host, 'latin1'))),
    ...server.addresses.map((address) => der(TAG.address, address)),
  ];
  const purpose = sequence(der(TAG.oid, OID.serverAuthentication));
  return [
    sequence(der(TAG.oid, OID.alternativeNames), der(TAG.octetString, sequence(...names))),
    sequence(der(TAG.oid, OID.extendedKeyUsage), der(TAG.octetString, purpose)),
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
