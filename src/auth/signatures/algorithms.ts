import {
  createECDH,
  createHmac,
  createPublicKey,
  createSecretKey,
  getHashes,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import { SecretError } from '../../core/errors.ts';
import { type BoundedMap, createBoundedMap } from '../../std/bounded-map.ts';
import { hmac } from './hmac.ts';

/** An access key with its secret, held as a KeyObject: HMAC is 5 to 7 times cheaper than with a raw Buffer. */
export interface RequestKey {
  readonly accessKeyId: string;
  readonly secret: KeyObject;
}

/** What was signed, and the signature that came with it. */
export interface SignedText {
  readonly key: RequestKey;
  /** What a derived key is derived from; undefined for all other algorithms. */
  readonly scope: string | undefined;
  readonly stringToSign: string;
  /** As received; anything but lower-case hex of the right length never matches. */
  readonly signature: string;
}

/** How a scope is written after the access key id and a slash; its first eight characters are the day. */
export interface ScopeForm {
  readonly pattern: RegExp;
  /** The form of the whole credential, for messages. */
  readonly shown: string;
}

/** A signing algorithm. */
export interface Algorithm {
  readonly name: string;
  readonly digest: 'sha256' | 'sm3';
  /** Lower-case name of the header that may stand in for the hash of the body. */
  readonly payloadHeader: 'x-sdk-content-sha256' | 'x-sdk-content-sm3';
  /** What the key is derived from, as the credential writes it; undefined where the key is the secret itself. */
  readonly scope: ScopeForm | undefined;
  /** The form of the same name that writes `Credential` in place of `Access`. */
  readonly older?: Algorithm;
  /** Compares in constant time. Never throws on any signature. */
  readonly matches: (text: SignedText) => boolean;
}

/** Scopes remembered for each access key. */
export const DERIVED_KEYS_MAX = 32;

const P256_ORDER = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
/** DER of two integers of at most 33 bytes. */
const ECDSA_HEX = /^(?:[0-9a-f]{2}){8,72}$/;

/** Whether this OpenSSL has the digest of SDK-HMAC-SM3. */
export const hasSm3: boolean = getHashes().includes('sm3');
/** Both caches live as long as the access key they belong to, so a reload needs no invalidation. */
const derivedKeys = new WeakMap<KeyObject, BoundedMap<string, KeyObject>>();
const p256Keys = new WeakMap<KeyObject, KeyObject>();

const V11_SCOPE: ScopeForm = {
  pattern: /^\d{8}\/[A-Za-z0-9_.-]{1,64}\/[A-Za-z0-9_.-]{1,64}$/,
  shown: 'AK/YYYYMMDD/region/service',
};
/** Region and service may be empty: older clients omit what is not configured. */
const OLDER_SCOPE: ScopeForm = {
  pattern: /^\d{8}\/[A-Za-z0-9_.-]{0,64}\/[A-Za-z0-9_.-]{0,64}\/sdk_request$/,
  shown: 'AK/YYYYMMDD/region/service/sdk_request',
};

const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map(
  [
    {
      ...hmacAlgorithm('SDK-HMAC-SHA256', 'sha256'),
      older: scopedAlgorithm('SDK-HMAC-SHA256', OLDER_SCOPE, deriveChainedKey),
    },
    hmacAlgorithm('SDK-HMAC-SM3', 'sm3'),
    scopedAlgorithm('V11-HMAC-SHA256', V11_SCOPE, deriveScopedKey),
    {
      name: 'SDK-ECDSA-P256-SHA256',
      digest: 'sha256',
      payloadHeader: 'x-sdk-content-sha256',
      scope: undefined,
      matches: ecdsaMatches,
    } satisfies Algorithm,
  ].map((algorithm) => [algorithm.name, algorithm]),
);

/**
 * Creates the key of one access key. `secretKey` is used as its UTF-8 bytes, 1 to 256 characters; it is not kept as a
 * string.
 */
export function createRequestKey(input: {
  readonly accessKeyId: string;
  readonly secretKey: string;
}): RequestKey {
  return { accessKeyId: input.accessKeyId, secret: createSecretKey(input.secretKey, 'utf8') };
}

/**
 * Finds an algorithm by its exact name.
 * Throws credentials-unsupported for an unknown one, for SDK-SM2-SM3 (Node cannot verify SM2 signatures made with a user
 * id) and for SM3 where OpenSSL lacks it.
 */
export function findAlgorithm(name: string): Algorithm {
  const algorithm = ALGORITHMS.get(name);
  if (algorithm === undefined) {
    const shown = name === 'SDK-SM2-SM3' ? name : 'of the Authorization header';
    throw new SecretError(
      'credentials-unsupported',
      `algorithm ${shown} is not supported, use one of ${[...ALGORITHMS.keys()].join(', ')}`,
    );
  }
  if (algorithm.digest === 'sm3' && !hasSm3) {
    throw new SecretError('credentials-unsupported', `algorithm ${name} is not supported on this machine`);
  }
  return algorithm;
}

/**
 * Derives the key of V11-HMAC-SHA256: the 64 ASCII characters of the hex of HKDF-SHA256(SK, salt AK, info scope). scope:
 * `<YYYYMMDD>/<region>/<service>`, at most 256 bytes. Cached.
 * @see the vendor's SDK cores, V11-HMAC-SHA256 and SDK-ECDSA-P256-SHA256
 */
export function deriveScopedKey(key: RequestKey, scope: string): KeyObject {
  return cached(key, scope, () => {
    const bits = Buffer.from(hkdfSync('sha256', key.secret, key.accessKeyId, scope, 32));
    return createSecretKey(bits.toString('hex'), 'utf8');
  });
}

/**
 * Derives the key of the older, scoped SDK-HMAC-SHA256: a chain of HMAC-SHA256 over "SDK" and the secret key, then each
 * part of the scope. scope: `<YYYYMMDD>/<region>/<service>/sdk_request`. Cached like the others.
 * @see support.huaweicloud.com/intl/en-us/api-dis/dis_02_0508.html
 */
export function deriveChainedKey(key: RequestKey, scope: string): KeyObject {
  return cached(key, scope, () => {
    const secret = key.secret.export();
    let link = Buffer.concat([Buffer.from('SDK'), secret]);
    secret.fill(0);
    for (const part of scope.split('/')) {
      const next = createHmac('sha256', link).update(part).digest();
      link.fill(0);
      link = next;
    }
    const derived = createSecretKey(link);
    link.fill(0);
    return derived;
  });
}

/**
 * Derives the public key of SDK-ECDSA-P256-SHA256 (SP 800-108 in counter mode with rejection, then d = k + 1). Cached for
 * the life of the access key.
 * @see the vendor's SDK cores, V11-HMAC-SHA256 and SDK-ECDSA-P256-SHA256
 */
export function deriveP256Key(key: RequestKey): KeyObject {
  const found = p256Keys.get(key.secret);
  if (found !== undefined) return found;
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(deriveP256Scalar(key), 'hex');
  const point = ecdh.getPublicKey();
  const publicKey = createPublicKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: 'P-256',
      x: point.subarray(1, 33).toString('base64url'),
      y: point.subarray(33, 65).toString('base64url'),
    },
  });
  p256Keys.set(key.secret, publicKey);
  return publicKey;
}

function hmacAlgorithm(name: string, digest: 'sha256' | 'sm3'): Algorithm {
  return {
    name,
    digest,
    payloadHeader: `x-sdk-content-${digest}`,
    scope: undefined,
    matches: (text) => hmacMatches(digest, text.key.secret, text),
  };
}

function scopedAlgorithm(
  name: string,
  scope: ScopeForm,
  derive: (key: RequestKey, scope: string) => KeyObject,
): Algorithm {
  return {
    name,
    digest: 'sha256',
    payloadHeader: 'x-sdk-content-sha256',
    scope,
    matches: (text) => hmacMatches('sha256', derive(text.key, text.scope ?? ''), text),
  };
}

/** The forms of scope differ in their number of parts, so one map per access key holds them all. */
function cached(key: RequestKey, scope: string, derive: () => KeyObject): KeyObject {
  const known = derivedKeys.get(key.secret) ?? createBoundedMap<string, KeyObject>(DERIVED_KEYS_MAX);
  const found = known.get(scope);
  if (found !== undefined) return found;
  const derived = derive();
  known.set(scope, derived);
  derivedKeys.set(key.secret, known);
  return derived;
}

function hmacMatches(digest: 'sha256' | 'sm3', secret: KeyObject, text: SignedText): boolean {
  const expected = Buffer.from(hmac(digest, secret, text.stringToSign));
  // Compared as text: anything but these 64 lower-case hex digits differs.
  const given = Buffer.from(text.signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function ecdsaMatches(text: SignedText): boolean {
  // Strict first: Buffer.from(x, 'hex') silently stops at the first character that is not a hex digit.
  if (!ECDSA_HEX.test(text.signature)) return false;
  return verify(
    'sha256',
    Buffer.from(text.stringToSign, 'latin1'),
    { key: deriveP256Key(text.key), dsaEncoding: 'der' },
    Buffer.from(text.signature, 'hex'),
  );
}

function deriveP256Scalar(key: RequestKey): string {
  const head = Buffer.from('\0\0\0\x01SDK-ECDSA-P256-SHA256\0', 'latin1');
  const accessKeyId = Buffer.from(key.accessKeyId, 'latin1');
  // One try fails with probability 2^-32; 256 tries practically never do.
  for (let counter = 0; counter < 256; counter += 1) {
    const tail = Buffer.from([counter, 0, 0, 1, 0]);
    const bits = createHmac('sha256', key.secret)
      .update(Buffer.concat([head, accessKeyId, tail]))
      .digest('hex');
    const candidate = BigInt(`0x${bits}`);
    if (candidate <= P256_ORDER - 2n) return (candidate + 1n).toString(16).padStart(64, '0');
  }
  throw new Error('no P-256 key can be derived');
}
