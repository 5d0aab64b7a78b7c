import { invalidParameter, SecretError } from '../errors.ts';
import type { SealedValue, SecretAggregate } from './secrets.ts';

/** What a blob says in plaintext: where it was made, and under which key. Bound into what is sealed. */
export interface BlobHeader {
  readonly projectId: string;
  /** The KMS key that seals it. */
  readonly keyId: string;
  readonly secretName: string;
  /** Epoch milliseconds. */
  readonly timeMs: number;
}

/** What a blob holds: everything about one secret. */
export interface SecretBackup {
  readonly aggregate: SecretAggregate;
  /** The opened values of the aggregate's versions, in their order. */
  readonly values: readonly Buffer[];
}

/** Characters of a blob. @see API operation UploadSecretBlob, secret_blob */
export const BLOB_CHARACTERS_MAX = 5_242_880;

/** Begins every blob: the program that made it, and the version of the format. @see docs/behaviour/blobs.md */
const PREFIX = ')CsmsServerSecretBackupV1.';
const PART = /^[A-Za-z0-9_-]+$/;
const LENGTH_BYTES = 4;

/** What is bound into a blob of that header. */
export function boundHeader(header: BlobHeader): string {
  const { projectId, keyId, secretName, timeMs } = header;
  const text = JSON.stringify({ project: projectId, key: keyId, secret: secretName, time: timeMs });
  return PREFIX + Buffer.from(text).toString('base64url');
}

/** A blob as text: prefix, header, wrapped data key and body, each in unpadded base64url, between dots. */
export function formatBlob(bound: string, sealed: SealedValue): string {
  return [bound, textOf(sealed.wrappedKey), textOf(sealed.body)].join('.');
}

/**
 * Parses a blob; nothing in it is trusted before it has been opened. `bound` is what is bound into the sealed contents:
 * prefix and header, as they were read. Throws invalid-parameter for a text of another shape.
 */
export function parseBlob(text: string) {
  const parts = text.startsWith(PREFIX) ? text.slice(PREFIX.length).split('.') : [];
  const [head, wrappedKey, body] = parts.map(bytesOf);
  if (parts.length !== 3 || head === undefined || wrappedKey === undefined || body === undefined) {
    throw notABlob();
  }
  return { header: parseHeader(head), bound: `${PREFIX}${parts[0]}`, sealed: { wrappedKey, body } };
}

/**
 * The contents of a blob as bytes: metadata as JSON, then each value as it is, each preceded by its length (u32). The
 * caller zeroes the result once it is sealed.
 */
export function encodeBackup({ aggregate, values }: SecretBackup): Buffer {
  const parts = [Buffer.from(JSON.stringify(aggregate)), ...values];
  const bytes = Buffer.alloc(parts.reduce((sum, part) => sum + LENGTH_BYTES + part.length, 0));
  let at = 0;
  for (const part of parts) {
    at = bytes.writeUInt32BE(part.length, at);
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * Reads what `encodeBackup` of this or an older program made; the values are views of the given bytes, which have been
 * authenticated. `complete`: makes an aggregate of its JSON. Throws damaged when they are of no known form.
 */
export function decodeBackup(bytes: Buffer, complete: (written: unknown) => SecretAggregate): SecretBackup {
  const [metadata, ...values] = splitParts(bytes);
  const aggregate = complete(JSON.parse(metadata?.toString('utf8') ?? ''));
  if (aggregate.versions.length !== values.length) throw new SecretError('damaged');
  return { aggregate, values };
}

function splitParts(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = at + LENGTH_BYTES <= bytes.length ? bytes.readUInt32BE(at) : bytes.length;
    const end = at + LENGTH_BYTES + length;
    if (end > bytes.length) throw new SecretError('damaged');
    parts.push(bytes.subarray(at + LENGTH_BYTES, end));
    at = end;
  }
  return parts;
}

function parseHeader(bytes: Buffer): BlobHeader {
  try {
    // The cast is undone by the checks below.
    const { project, key, secret, time } = JSON.parse(bytes.toString('utf8')) as Record<string, unknown>;
    const isHeader =
      [project, key, secret].every((name) => typeof name === 'string') && Number.isSafeInteger(time);
    if (isHeader) {
      return {
        projectId: String(project),
        keyId: String(key),
        secretName: String(secret),
        timeMs: Number(time),
      };
    }
  } catch {
    // Falls through: no header.
  }
  throw notABlob();
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

/** Undefined unless the text is canonical base64url: the last character may have bits that decode to nothing. */
function bytesOf(text: string): Buffer | undefined {
  if (!PART.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

function notABlob(): SecretError {
  return invalidParameter('secret_blob', 'must be a backup that this server has made');
}
