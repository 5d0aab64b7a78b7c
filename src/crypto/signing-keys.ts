import { createHash, createPrivateKey, generateKeyPair, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import type { SigningKeys } from '../app/ports/deps.ts';
import type { SigningKey } from '../core/events/signing-key.ts';
import { DAY_MS } from '../std/durations.ts';
import { createXaesKey, damaged, openXaes, sealXaes } from './aead.ts';
import { createCertificate } from './certificate.ts';
import { encodeContext, formatHeader, HEADER_BYTES, requireFormat } from './envelope.ts';

const MODULUS_BITS = 2_048;
const COMMON_NAME = 'csms-server notifications';
/** A receiver's clock may be a little behind. */
const NOT_BEFORE_MARGIN_MS = DAY_MS;
const DIGEST_HEX_DIGITS = 32;

const generate = promisify(generateKeyPair);

/**
 * Creates the signer of notifications. The private key is stored as "CSP" 01 | suite | flags | nonce 24 | PKCS #8 | tag
 * 16, sealed under the key-encryption key and bound to its purpose and the installation; opened once, then kept as a key
 * object.
 */
export function createSigningKeys(options: {
  readonly installationId: string;
  /** `rootKey.derive('kek')` */
  readonly kek: KeyObject;
}): SigningKeys {
  const kek = createXaesKey(options.kek);
  const context = encodeContext('signing-key', [options.installationId]);
  let opened: { readonly stored: SigningKey; readonly privateKey: KeyObject } | undefined;

  function open(stored: SigningKey): KeyObject {
    if (opened?.stored === stored) return opened.privateKey;
    const blob = stored.sealedPrivateKey;
    requireFormat(blob, 'CSP');
    const pkcs8 = openXaes(kek, { blob, headerBytes: HEADER_BYTES, context });
    const privateKey = readPrivateKey(pkcs8);
    opened = { stored, privateKey };
    return privateKey;
  }

  return {
    async create(nowMs) {
      const { privateKey, publicKey } = await generate('rsa', { modulusLength: MODULUS_BITS });
      const notBeforeMs = nowMs - NOT_BEFORE_MARGIN_MS;
      const certificatePem = createCertificate({
        publicKey,
        privateKey,
        commonName: COMMON_NAME,
        notBeforeMs,
      });
      const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
      const sealedPrivateKey = sealXaes(kek, { header: formatHeader('CSP'), context, plaintext: pkcs8 });
      pkcs8.fill(0);
      return { certificatePem, sealedPrivateKey, createTimeMs: nowMs };
    },
    sign: (key, text) => sign('sha256', Buffer.from(text, 'utf8'), open(key)).toString('base64'),
    digest: (text) => createHash('sha256').update(text, 'utf8').digest('hex').slice(0, DIGEST_HEX_DIGITS),
  };
}

/** Reads the bytes and zeroes them. Throws damaged. */
function readPrivateKey(pkcs8: Buffer): KeyObject {
  try {
    return createPrivateKey({ key: pkcs8, type: 'pkcs8', format: 'der' });
  } catch {
    throw damaged();
  } finally {
    pkcs8.fill(0);
  }
}
