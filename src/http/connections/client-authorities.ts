import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { StartError } from '../../app/start-error.ts';
import type { FileReader } from '../../files/file-reader.ts';
import { FileFault } from '../../files/guarded-file.ts';

/** Whose certificates clients may show, as PEM texts. */
export interface ClientAuthorities {
  readonly ca: readonly string[];
  /** Lists of revoked certificates; where there is one, every authority needs one. */
  readonly crl: readonly string[];
}

const PEM_BYTES_MAX = 4_194_304;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const REVOCATIONS = /-----BEGIN X509 CRL-----[^-]+-----END X509 CRL-----/g;

/**
 * Reads the file of CSMS_TLS_CLIENT_CA: certificates of authorities, and lists of what they have revoked. Throws StartError
 * (configuration) that names the file and its fault.
 */
export function readClientAuthorities(reader: FileReader, path: string): ClientAuthorities {
  const text = readText(reader, path);
  const ca = text.match(CERTIFICATE) ?? [];
  const crl = text.match(REVOCATIONS) ?? [];
  if (ca.length === 0) throw wrong(`${path} holds no certificate in PEM form`);
  for (const block of ca)
    if (!isAuthority(block)) throw wrong(`${path} holds what is no authority's certificate`);
  try {
    createSecureContext({ ca: [...ca], ...(crl.length > 0 && { crl: [...crl] }) });
  } catch (cause) {
    throw wrong(`${path} holds a list of revoked certificates that cannot be read`, cause);
  }
  return { ca, crl };
}

/** True when the two let the same certificates in. */
export function isSameAuthorities(one?: ClientAuthorities, other?: ClientAuthorities): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function isAuthority(block: string): boolean {
  try {
    return new X509Certificate(block).ca;
  } catch {
    return false;
  }
}

function readText(reader: FileReader, path: string): string {
  try {
    return reader.read({ path, content: 'authority', bytesMax: PEM_BYTES_MAX }).toString('latin1');
  } catch (cause) {
    if (cause instanceof FileFault) throw wrong(cause.message, cause);
    throw cause;
  }
}

function wrong(message: string, cause?: unknown): StartError {
  return new StartError('configuration', `CSMS_TLS_CLIENT_CA: ${message}`, { cause });
}
