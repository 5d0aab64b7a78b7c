import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { StartError } from '../../app/start-error.ts';
import type { FileReader } from '../../files/file-reader.ts';
import { FileFault } from '../../files/guarded-file.ts';
import { systemCode } from '../../std/system-code.ts';
import { type ClientAuthorities, readClientAuthorities } from './client-authorities.ts';

/** A certificate chain with its private key, fit to serve with. */
export interface Certificate {
  /** PEM. */
  readonly cert: Buffer;
  /** PEM. */
  readonly key: Buffer;
  /** The validity of the server's own certificate, epoch milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
  /** Absent: clients are asked for no certificate. */
  readonly clientAuthorities?: ClientAuthorities | undefined;
}

const PEM_BYTES_MAX = 1_048_576;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Where its parts are. */
export interface CertificatePaths {
  readonly certFile: string;
  readonly keyFile: string;
  /** Authorities of client certificates. */
  readonly clientCaFile?: string | undefined;
}

/**
 * Reads the files of CSMS_TLS_CERT and CSMS_TLS_KEY, and CSMS_TLS_CLIENT_CA. Throws StartError (configuration) that names the file and its fault:
 * it cannot be read, is not PEM, or the two do not belong together. A certificate that is not valid now is not an error:
 * a server that starts with one is better than none.
 */
export function readCertificate(
  reader: FileReader,
  { certFile, keyFile, clientCaFile }: CertificatePaths,
): Certificate {
  const cert = readPem(reader, { name: 'CSMS_TLS_CERT', path: certFile, content: 'authority' });
  const key = readPem(reader, { name: 'CSMS_TLS_KEY', path: keyFile, content: 'secret' });
  const [own, ...others] = parseChain(cert, certFile);
  const privateKey = parseKey(key, keyFile);
  if (!own.checkPrivateKey(privateKey)) {
    const isBehind = others.some((other) => other.checkPrivateKey(privateKey));
    throw isBehind
      ? wrong(`CSMS_TLS_CERT: ${certFile} must begin with the server's own certificate; the chain follows it`)
      : wrong(`CSMS_TLS_KEY: ${keyFile} is the key of another certificate than that in ${certFile}`);
  }
  try {
    // Other faults that the library sees, such as a short key, show here and not at the first connection.
    createSecureContext({ cert, key, minVersion: 'TLSv1.2' });
  } catch (cause) {
    throw wrong(`CSMS_TLS_CERT: ${certFile} cannot be used: ${systemCode(cause) || 'unknown reason'}`, cause);
  }
  return {
    cert,
    key,
    startMs: Date.parse(own.validFrom),
    endMs: Date.parse(own.validTo),
    clientAuthorities: clientCaFile === undefined ? undefined : readClientAuthorities(reader, clientCaFile),
  };
}

/** Why clients will refuse the certificate at that time; undefined: they will not. */
export function validityFault({ startMs, endMs }: Certificate, nowMs: number): string | undefined {
  if (nowMs > endMs) return 'the certificate is over';
  return nowMs < startMs ? 'the certificate is not valid yet' : undefined;
}

interface PemFile {
  readonly name: string;
  readonly path: string;
  readonly content: 'authority' | 'secret';
}

function readPem(reader: FileReader, { name, path, content }: PemFile): Buffer {
  try {
    return reader.read({ path, content, bytesMax: PEM_BYTES_MAX });
  } catch (cause) {
    if (cause instanceof FileFault) throw wrong(`${name}: ${cause.message}`, cause);
    throw cause;
  }
}

function parseChain(cert: Buffer, path: string): [X509Certificate, ...X509Certificate[]] {
  const blocks = cert.toString('latin1').match(CERTIFICATE) ?? [];
  try {
    const [own, ...others] = blocks.map((block) => new X509Certificate(block));
    if (own !== undefined) return [own, ...others];
  } catch (cause) {
    throw wrong(`CSMS_TLS_CERT: ${path} holds a certificate that cannot be read`, cause);
  }
  throw wrong(`CSMS_TLS_CERT: ${path} holds no certificate in PEM form`);
}

function parseKey(key: Buffer, path: string): KeyObject {
  const text = key.toString('latin1');
  if (/-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(text)) {
    throw wrong(`CSMS_TLS_KEY: ${path} is encrypted; the server needs a key without a passphrase`);
  }
  try {
    return createPrivateKey({ key, format: 'pem' });
  } catch (cause) {
    throw wrong(`CSMS_TLS_KEY: ${path} holds no private key in PEM form`, cause);
  }
}

function wrong(message: string, cause?: unknown): StartError {
  return new StartError('configuration', message, { cause });
}
