import { createHmac, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

/** Cost of scrypt: N = 2^ln rounds, blocks of 128 r bytes, p lanes. */
export interface ScryptCost {
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

/** What new hashes cost: 64 MiB and about a quarter of a second. */
export const SCRYPT_COST: ScryptCost = Object.freeze({ ln: 16, r: 8, p: 1 });

/** Costs accepted in a stored hash, and the memory that they may come to. */
export const SCRYPT_BOUNDS = Object.freeze({
  ln: { min: 10, max: 20 },
  r: { min: 1, max: 32 },
  p: { min: 1, max: 16 },
  memoryBytesMax: 1_073_741_824,
});

interface Hashed {
  readonly cost: ScryptCost;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const PHC =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;
const DIGEST = /^\$hmac-sha256\$(k=random\$)?([^$]+)\$([^$]+)$/;
/** No user's password: unknown users are checked against it, so that they take as long as known ones. */
const NOBODY = { salt: Buffer.alloc(16), hash: Buffer.alloc(32) };

/**
 * Hashes a password with scrypt and a fresh 16-byte salt.
 * Returns a PHC string: `$scrypt$ln=16,r=8,p=1$<salt>$<hash>`, unpadded base64.
 * @see https://github.com/P-H-C/phc-string-format
 */
export async function hashPassword(password: string, cost: ScryptCost = SCRYPT_COST): Promise<string> {
  const salt = randomBytes(16);
  const hash = await deriveHash(password, { cost, salt, hash: Buffer.alloc(32) });
  return `$scrypt$ln=${cost.ln},r=${cost.r},p=${cost.p}$${unpadded(salt)}$${unpadded(hash)}`;
}

/**
 * Checks a password against a PHC string in constant time; undefined checks against nobody's password, at `dummyCost`.
 * Returns false, and never throws, for a malformed or too costly string.
 * Not limited; use `createPasswordChecker`.
 */
export async function verifyPassword(
  phc: string | undefined,
  password: string,
  dummyCost: ScryptCost = SCRYPT_COST,
): Promise<boolean> {
  const parsed = phc === undefined ? undefined : parseHash(phc);
  const wanted = parsed ?? { ...NOBODY, cost: dummyCost };
  const hash = await deriveHash(password, wanted);
  return timingSafeEqual(hash, wanted.hash) && parsed !== undefined;
}

/** How a password is digested. */
export interface DigestWay {
  /** Absent: a fresh one. Digests with the same one cost a login one computation together. */
  readonly salt?: string;
  /** It was made at random, so that nobody can guess it. */
  readonly isRandom?: boolean;
}

/**
 * Digests a password of a world that ends with the process, and is not stored: `$hmac-sha256$<salt>$<digest>`, with
 * `k=random$` before the salt when it was made at random. Fast, so that a login can find its world by it; must not be
 * written to a file.
 */
export function digestPassword(password: string, { salt, isRandom }: DigestWay = {}): string {
  const used = salt ?? unpadded(randomBytes(16));
  return `$hmac-sha256$${isRandom === true ? 'k=random$' : ''}${used}$${digestOf(password, used)}`;
}

/**
 * Finds out which digests were made of this password, in constant time; false for everything else, a PHC string too.
 * Those with the same salt cost one digest of the password together: each world has one of the user.
 */
export function createDigestMatcher(password: string): (digest: string | undefined) => boolean {
  const known = new Map<string, Buffer>();
  return (digest = '') => {
    const [, , salt, of] = DIGEST.exec(digest) ?? [];
    if (salt === undefined || of === undefined) return false;
    const own = known.get(salt) ?? Buffer.from(digestOf(password, salt));
    known.set(salt, own);
    const given = Buffer.from(of);
    return own.length === given.length && timingSafeEqual(own, given);
  };
}

/** How the digested password came to be; undefined when it is no digest. */
export function originOfDigest(digest: string | undefined): 'random' | 'chosen' | undefined {
  const match = DIGEST.exec(digest ?? '');
  if (match === null) return undefined;
  return match[1] === undefined ? 'chosen' : 'random';
}

/** True for a PHC scrypt string whose cost is within SCRYPT_BOUNDS. */
export function isPasswordHash(text: string): boolean {
  return parseHash(text) !== undefined;
}

/** What checking against this PHC string costs; undefined when it can never match. */
export function costOf(phc: string): ScryptCost | undefined {
  return parseHash(phc)?.cost;
}

function parseHash(text: string): Hashed | undefined {
  const match = PHC.exec(text);
  if (match === null) return undefined;
  const [, ln = '', r = '', p = '', saltText = '', hashText = ''] = match;
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  const salt = Buffer.from(saltText, 'base64');
  const hash = Buffer.from(hashText, 'base64');
  const isCanonical =
    `$scrypt$ln=${cost.ln},r=${cost.r},p=${cost.p}$${unpadded(salt)}$${unpadded(hash)}` === text;
  return isCanonical && isBounded(cost) ? { cost, salt, hash } : undefined;
}

function isBounded(cost: ScryptCost): boolean {
  const { ln, r, p, memoryBytesMax } = SCRYPT_BOUNDS;
  const isInside =
    cost.ln >= ln.min &&
    cost.ln <= ln.max &&
    cost.r >= r.min &&
    cost.r <= r.max &&
    cost.p >= p.min &&
    cost.p <= p.max;
  // OpenSSL wants N < 2^(16 r). Time grows with p, memory does not: bounding the product bounds both.
  return isInside && cost.ln < 16 * cost.r && 128 * 2 ** cost.ln * cost.r * cost.p <= memoryBytesMax;
}

function deriveHash(password: string, wanted: Hashed): Promise<Buffer> {
  const { ln, r, p } = wanted.cost;
  // OpenSSL counts some bookkeeping beside the blocks themselves.
  const maxmem = 128 * r * (2 ** ln + p) + 1_048_576;
  const options: ScryptOptions = { N: 2 ** ln, r, p, maxmem };
  return new Promise((resolve, reject) => {
    scrypt(password, wanted.salt, wanted.hash.length, options, (error, hash) => {
      if (error === null) resolve(hash);
      else reject(error);
    });
  });
}

function digestOf(password: string, salt: string): string {
  return unpadded(createHmac('sha256', salt).update(password).digest());
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
