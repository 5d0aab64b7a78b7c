import { createHmac, createSecretKey, hkdfSync, type KeyObject, randomBytes, scryptSync } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';
import { FileFault, readGuarded } from '../files/guarded-file.ts';
import { createFile } from '../std/files.ts';
import { systemCode } from '../std/system-code.ts';
import { KEY_BYTES } from './aead.ts';

/** A root key that cannot be loaded. The message names what to set and may hold a path, never a byte of a key. */
export class RootKeyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RootKeyError';
  }
}

/** Where the root key comes from. @see docs/configuration.md */
export type RootKeySource =
  | { readonly kind: 'file' | 'passphrase-file'; readonly path: string }
  | { readonly kind: 'systemd' | 'env'; readonly name: string };

/** What each derived key is for; one key never serves two purposes. */
export type RootKeyLabel = 'kek' | 'rowmac' | 'check' | 'token';

/** The key at the top, never used itself. `id` (32 hex) and `fingerprint` (16 hex) follow from it; both may be printed. */
export interface RootKey {
  readonly id: string;
  readonly fingerprint: string;
  derive(label: RootKeyLabel): KeyObject;
}

/** What loading depends on. `allowEnv` and `allowInsideData` are for `dev`. */
export interface RootKeyOptions {
  /** Absent where the data are not in a directory. */
  readonly dataDirectory: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly allowEnv: boolean;
  readonly allowInsideData?: boolean;
  /** How a passphrase becomes a key: what `createStretching` returned when the installation was created. */
  readonly stretching?: string | undefined;
  /** True where the installation is created with this key: then a passphrase must be longer. */
  readonly isNew?: boolean;
}

const CHOICES = 'Set CSMS_ROOT_KEY to file:PATH, systemd:NAME or passphrase-file:PATH';
const KEY_FORMATS = '32 raw bytes, 44 characters of base64 or 64 of hex';
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const FILE_BYTES_MAX = 4_096;
/** For an installation being created, and for an existing one, which opens with the passphrase it was created with. */
const PASSPHRASE_BYTES_MIN = Object.freeze({ isNew: 16, present: 8 });
/** Never weaker than what `createStretching` says, never more than 1 GiB of memory. */
const STRETCHING = /^scrypt ln=(1[7-9]|20),r=8,p=([1-4]) salt=([A-Za-z0-9+/]{22}==)$/;

/**
 * Reads the setting CSMS_ROOT_KEY. Throws RootKeyError, which never repeats the text: it may be the key itself, by
 * mistake.
 */
export function parseRootKeySource(text: string): RootKeySource {
  const [, fileKind, path = ''] = /^(file|passphrase-file):([^\0]+)$/.exec(text) ?? [];
  if (fileKind === 'file' || fileKind === 'passphrase-file') return { kind: fileKind, path };
  const [, nameKind, name = ''] = /^(systemd|env):([A-Za-z0-9_][A-Za-z0-9_.-]*)$/.exec(text) ?? [];
  if (nameKind === 'systemd' || nameKind === 'env') return { kind: nameKind, name };
  const fault = text.startsWith('transit:') ? 'transit: is not supported in this release' : 'names no source';
  throw new RootKeyError(`CSMS_ROOT_KEY: ${fault}. ${CHOICES}.`);
}

/**
 * Loads the root key, once at start; a passphrase takes about 0.4 s and 128 MiB.
 * A key file holds 32 raw bytes, base64 or hex, with or without a newline. A passphrase file holds one line; the salt and
 * the scrypt parameters are not secret and are stored with the data that the key protects (`options.stretching`).
 * Throws RootKeyError, also for files that others may read, and for files inside the data directory.
 * @see RFC 7914 (scrypt)
 */
export function loadRootKey(source: RootKeySource, options: RootKeyOptions): RootKey {
  switch (source.kind) {
    case 'file':
      return createRootKey(parseKey(readKeyFile(source.path, 'secret', options), source.path));
    case 'systemd': {
      const directory = options.env.CREDENTIALS_DIRECTORY;
      if (directory === undefined || !isAbsolute(directory)) {
        throw new RootKeyError(`CSMS_ROOT_KEY: set LoadCredential=${source.name}:PATH in the systemd unit.`);
      }
      const path = join(directory, source.name);
      return createRootKey(parseKey(readKeyFile(path, 'credential', options), path));
    }
    case 'env': {
      if (!options.allowEnv) throw new RootKeyError(`CSMS_ROOT_KEY: env: is for dev only. ${CHOICES}.`);
      const text = options.env[source.name];
      if (text === undefined) throw new RootKeyError(`CSMS_ROOT_KEY: set ${source.name} to ${KEY_FORMATS}.`);
      return createRootKey(parseKey(Buffer.from(text), source.name));
    }
    case 'passphrase-file':
      return createRootKey(stretch(readKeyFile(source.path, 'secret', options), source.path, options));
    default:
      throw source satisfies never;
  }
}

/** Creates a root key from 32 bytes, which are zeroed. @see RFC 5869: HKDF-SHA512, no salt, one label for each key */
export function createRootKey(bytes: Buffer): RootKey {
  if (bytes.length !== KEY_BYTES) throw new RootKeyError('A root key has 32 bytes.');
  const root = createSecretKey(bytes);
  bytes.fill(0);
  const derive = (label: RootKeyLabel | 'fingerprint'): KeyObject => {
    const derived = Buffer.from(hkdfSync('sha512', root, '', `csms/1/${label}`, KEY_BYTES));
    const key = createSecretKey(derived);
    derived.fill(0);
    return key;
  };
  const print = createHmac('sha256', derive('fingerprint')).update('csms root key').digest('hex');
  return { id: print.slice(32), fingerprint: print.slice(0, 16), derive };
}

/** Writes a new random root key as base64: a new file with mode 0600, on the disk when this returns. */
export function createRootKeyFile(path: string): void {
  const key = randomBytes(KEY_BYTES);
  try {
    createFile(path, `${key.toString('base64')}\n`);
  } catch (error) {
    throw new RootKeyError(
      `${path} cannot be created (${systemCode(error) || 'unknown'}); nothing was overwritten.`,
    );
  } finally {
    key.fill(0);
  }
}

/** A fresh salt and the cost of stretching a passphrase, as text to store with the data. @see RFC 7914 */
export function createStretching(): string {
  return `scrypt ln=17,r=8,p=1 salt=${randomBytes(16).toString('base64')}`;
}

/** Reads a small file that must be private, whatever the command: the key of everything. */
function readKeyFile(path: string, content: 'secret' | 'credential', options: RootKeyOptions): Buffer {
  try {
    const { bytes, fault } = readGuarded({ path, content, bytesMax: FILE_BYTES_MAX });
    if (fault !== undefined) {
      bytes.fill(0);
      throw fault;
    }
    if (options.allowInsideData === true || !isInside(path, options.dataDirectory)) return bytes;
  } catch (error) {
    if (error instanceof FileFault) throw new RootKeyError(`CSMS_ROOT_KEY: ${error.message}.`);
    throw error;
  }
  throw new RootKeyError(`CSMS_ROOT_KEY: ${path} lies inside the data directory. Move it elsewhere.`);
}

/** True when the file, links followed, lies under the directory; a missing directory holds nothing. */
function isInside(path: string, directory: string | undefined): boolean {
  if (directory === undefined || !existsSync(directory)) return false;
  const way = relative(realpathSync(directory), realpathSync(path));
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** Decodes bytes, not text, and zeroes them: a string of a key could not be wiped. */
function parseKey(content: Buffer, origin: string): Buffer {
  const digits = withoutNewline(content);
  let key: Buffer | undefined;
  if (content.length === KEY_BYTES) key = Buffer.from(content);
  if (digits.length === 64) key = decodeDigits(digits, '0123456789abcdef', 4);
  if (digits.length === 44 && digits[43] === 0x3d) key = decodeDigits(digits.subarray(0, 43), BASE64, 6);
  content.fill(0);
  if (key === undefined) throw new RootKeyError(`CSMS_ROOT_KEY: ${origin} must hold ${KEY_FORMATS}.`);
  return key;
}

/** Strict: undefined for a foreign character or leftover bits. Hex may be upper-case. */
function decodeDigits(digits: Buffer, alphabet: string, bits: 4 | 6): Buffer | undefined {
  const key = Buffer.alloc(KEY_BYTES);
  let [pending, pendingBits, at] = [0, 0, 0];
  for (const digit of digits) {
    const isUpperHex = bits === 4 && digit >= 0x41 && digit <= 0x46;
    const value = alphabet.indexOf(String.fromCharCode(isUpperHex ? digit + 32 : digit));
    if (value < 0) return undefined;
    pending = ((pending << bits) | value) & 0xfff;
    pendingBits += bits;
    if (pendingBits < 8) continue;
    pendingBits -= 8;
    key.writeUInt8((pending >> pendingBits) & 0xff, at++);
  }
  return (pending & ((1 << pendingBits) - 1)) === 0 ? key : undefined;
}

/** Derives the root key from a passphrase and zeroes it. */
function stretch(content: Buffer, path: string, { stretching, isNew }: RootKeyOptions): Buffer {
  const bytesMin = isNew === true ? PASSPHRASE_BYTES_MIN.isNew : PASSPHRASE_BYTES_MIN.present;
  const [, ln, p, salt] = STRETCHING.exec(stretching ?? '') ?? [];
  const passphrase = withoutNewline(content);
  try {
    if (passphrase.length < bytesMin || passphrase.includes(0x0a)) {
      throw new RootKeyError(`CSMS_ROOT_KEY: ${path} must hold one line of at least ${bytesMin} bytes.`);
    }
    if (salt === undefined) {
      throw new RootKeyError(
        'CSMS_ROOT_KEY: passphrase-file: this installation was not made with a passphrase.',
      );
    }
    const N = 2 ** Number(ln);
    const cost = { N, r: 8, p: Number(p), maxmem: 2 * 128 * 8 * N };
    return scryptSync(passphrase, Buffer.from(salt, 'base64'), KEY_BYTES, cost);
  } finally {
    content.fill(0);
  }
}

function withoutNewline(line: Buffer): Buffer {
  if (line.at(-1) !== 0x0a) return line;
  return line.subarray(0, line.at(-2) === 0x0d ? -2 : -1);
}
