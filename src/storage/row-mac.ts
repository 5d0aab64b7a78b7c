import { hash } from 'node:crypto';
import { SecretError } from '../core/errors.ts';
import type { Key } from '../core/kms/keys.ts';
import type { SecretAggregate, Version } from '../core/secrets/secrets.ts';
import { type Form, type Row, wordOf } from './columns/fields.ts';
import { KEY, KEY_ALIAS, KEY_TAG, KEY_VERSION } from './columns/keys.ts';
import { CONTENTS_KIND, SECRET, STAGE, TAG, VERSION } from './columns/secrets.ts';
import { type RowText, textOf } from './columns/texts.ts';

/** Authenticates rows under a key that the storage never sees. */
export interface RowMac {
  /** 32 bytes over a row's canonical text, which must name its kind and be unambiguous. */
  sign(canonical: string): Buffer;
  /** False for any other text or MAC; takes the same time wherever the bytes differ. */
  verify(canonical: string, mac: Uint8Array): boolean;
  /** For the sums over all rows, under keys of their own. */
  readonly sums: SumCipher;
}

/** Turns row MACs into elements of sums, and hides the sums from those who can read and write the database. */
export interface SumCipher {
  /** For 16 bytes of each row MAC, one after the other, as many bytes that are unpredictable without the key. */
  elements(rowMacs: Uint8Array): Buffer;
  /** `counter`: how often sums have been written. */
  seal(counter: number, sums: Uint32Array): Buffer;
  /** Opens what `seal` made; anything else yields other sums. Throws damaged for bytes of another form. */
  open(counter: number, sealed: Uint8Array): Uint32Array;
}

/** The contents of a secret: versions by number, stages by slot, tags by key. */
export interface ContentsRows {
  readonly versions: readonly Row[];
  readonly stages: readonly Row[];
  readonly tags: readonly Row[];
}

/** The contents of a key: material by number, aliases in byte order, tags by position. */
export interface KeyRows {
  readonly versions: readonly Row[];
  readonly aliases: readonly Row[];
  readonly tags: readonly Row[];
}

/** A version as it was last written. */
export interface WrittenVersion extends RowText {
  readonly version: Version;
  readonly row: Row;
}

/** A secret's row as it is about to be written. */
export interface SignedSecret {
  /** The digest of the contents comes last. */
  readonly row: Row;
  readonly contentsDigest: Buffer;
  readonly rowMac: Buffer;
  /** In the order of the aggregate. */
  readonly written: readonly WrittenVersion[];
}

/** What the MAC of a row covers in a table whose rows are authenticated alone. */
export function rowText(table: Form & { readonly kind: string }, row: Row): string {
  return textOf(table.kind, [[table, [row]]]);
}

/** What the MAC in a key's row covers. */
export function keyText(row: Row, { aliases, tags, versions }: KeyRows): string {
  return textOf(KEY.kind, [
    [KEY, [row]],
    [KEY_ALIAS, aliases],
    [KEY_TAG, tags],
    [KEY_VERSION, versions],
  ]);
}

/** SHA-256 over a secret's contents. */
export function contentsDigest(
  { versions, stages, tags }: ContentsRows,
  texts: readonly RowText[] = [],
): Buffer {
  const text = textOf(CONTENTS_KIND, [
    [VERSION, versions, texts],
    [STAGE, stages],
    [TAG, tags],
  ]);
  return hash('sha256', text, 'buffer');
}

/** The row, the digest and the MAC of a secret that is about to be written; `former`: what stays of it need not be written anew. */
export function signSecret(
  mac: RowMac,
  { secret, stages, tags, versions }: SecretAggregate,
  former?: SignedSecret,
): SignedSecret {
  const known = former?.written ?? [];
  // What stays is mostly in the same place, or one further.
  let next = 0;
  const written = versions.map((version) => {
    const isNext = known[next]?.version === version;
    const found = isNext ? next : known.findIndex((other) => other.version === version);
    next = found + 1;
    return known[found] ?? { version, row: VERSION.encode(version), head: undefined, text: '' };
  });
  const rows = {
    versions: written.map(({ row }) => row),
    stages: stages.map(STAGE.encode),
    tags: tags.map(TAG.encode),
  };
  const digest = contentsDigest(rows, written);
  const row = [...SECRET.encode(secret), digest];
  return { row, contentsDigest: digest, rowMac: mac.sign(rowText(SECRET, row)), written };
}

/** The row and the MAC of a key that is about to be written. */
export function signKey(mac: RowMac, key: Key): { readonly row: Row; readonly rowMac: Buffer } {
  const row = KEY.encode(key);
  const parts = {
    versions: key.versions.map(KEY_VERSION.encode),
    aliases: key.aliases.map(KEY_ALIAS.encode),
    tags: key.tags.map((tag, position) => KEY_TAG.encode({ ...tag, position })),
  };
  return { row, rowMac: mac.sign(keyText(row, parts)) };
}

/** Checks the MAC of a row of that kind. Throws damaged. */
export function requireIntact(
  mac: RowMac,
  kind: string,
  signed: { readonly text: string; readonly rowMac: Uint8Array },
): void {
  if (!mac.verify(signed.text, signed.rowMac)) throw changedRow(kind);
}

/** What is thrown for a row of that kind that is not as it was signed. */
export function changedRow(kind: string): SecretError {
  return new SecretError('damaged', `A stored ${wordOf(kind)} has been changed.`);
}
