import { createHash } from 'node:crypto';
import { canonicalContents, canonicalKey, canonicalSecret } from '../core/canonical.ts';
import { SecretError } from '../core/errors.ts';
import type { Key } from '../core/key.ts';
import type { Secret, SecretAggregate, SecretContents } from '../core/secret.ts';

/** Authenticates rows under a key that the storage never sees. */
export interface RowMac {
  /** HMAC over the text, 32 bytes. */
  sign(canonical: string): Buffer;
  /** In constant time; false for a wrong length. */
  verify(canonical: string, mac: Uint8Array): boolean;
}

/** What a secret's row stores beside its fields. */
export interface SecretMac {
  readonly contentsDigest: Buffer;
  readonly rowMac: Buffer;
}

/** SHA-256 over a secret's versions, stages and tags. */
export function contentsDigest(contents: SecretContents): Buffer {
  return createHash('sha256').update(canonicalContents(contents)).digest();
}

/** The digest and the MAC of an aggregate that is about to be written. */
export function signSecret(mac: RowMac, aggregate: SecretAggregate): SecretMac {
  const digest = contentsDigest(aggregate);
  return {
    contentsDigest: digest,
    rowMac: mac.sign(canonicalSecret(aggregate.secret, digest.toString('hex'))),
  };
}

/** Checks a secret's own row. Throws damaged. */
export function requireIntactSecret(mac: RowMac, secret: Secret, stored: SecretMac): void {
  const canonical = canonicalSecret(secret, stored.contentsDigest.toString('hex'));
  if (!mac.verify(canonical, stored.rowMac))
    throw new SecretError('damaged', 'A stored secret has been changed.');
}

/** Checks that a secret's versions, stages and tags are those which its row was signed with. Throws damaged. */
export function requireIntactContents(aggregate: SecretAggregate, signedDigest: Buffer): void {
  if (!contentsDigest(aggregate).equals(signedDigest)) {
    throw new SecretError('damaged', 'A stored secret has been changed.');
  }
}

/** The MAC of a key that is about to be written. */
export function signKey(mac: RowMac, key: Key): Buffer {
  return mac.sign(canonicalKey(key));
}

/** Checks a key's rows. Throws damaged. */
export function requireIntactKey(mac: RowMac, key: Key, rowMac: Uint8Array): void {
  if (!mac.verify(canonicalKey(key), rowMac))
    throw new SecretError('damaged', 'A stored key has been changed.');
}

/**
 * Checks a row that is a whole by itself: `canonical` is its text, `what` names its kind in the message.
 * Throws damaged.
 */
export function requireIntactRow(
  mac: RowMac,
  canonical: string,
  row: { rowMac: Uint8Array; what: string },
): void {
  if (!mac.verify(canonical, row.rowMac))
    throw new SecretError('damaged', `A stored ${row.what} has been changed.`);
}
