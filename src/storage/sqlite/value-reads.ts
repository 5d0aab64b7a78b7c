import type { SecretWithValues, StoredValue } from '../../app/ports.ts';
import { SecretError } from '../../core/errors.ts';
import type { SecretRef } from '../../core/secret.ts';
import { findVersion, latestVersionNumber } from '../../core/versions.ts';
import type { KeyReads } from './keys.ts';
import { type Connection, readOrDamaged, type Snapshot } from './open.ts';
import type { SecretReads } from './secret-reads.ts';

/** Reads one value with everything that is needed to open it. */
export type ReadValue = (ref: SecretRef, version: number | 'latest') => StoredValue | undefined;

/** Reads a secret with all its values. */
export type ReadContents = (ref: SecretRef) => SecretWithValues | undefined;

/** What was read and verified before, with the MAC of the secret's row and the revision of the key that it holds for. */
interface KnownValue {
  readonly secretMac: Buffer;
  readonly keyRevision: number | null;
  readonly versionRow: number;
  readonly keyId: string;
  readonly stored: Omit<StoredValue, 'sealed'>;
}

type FreshRow = readonly [
  secretMac: Buffer,
  keyRevision: number | null,
  wrapped: Buffer | null,
  body: Buffer | null,
];

const CACHE_ENTRIES = 4_000;

/**
 * Prepares the hot path: what is known about a value is confirmed and its sealed bytes are fetched by one statement,
 * which is one snapshot. The MAC of a secret's row changes with everything about the secret, the uids of its versions
 * included, so an entry with the stored MAC is what the rows say, also after a restore, which brings id and revision
 * back; anything else is read and authenticated anew.
 */
export function createReadValue(
  db: Connection,
  reads: { readonly secrets: SecretReads; readonly keys: KeyReads; readonly snapshot: Snapshot },
): ReadValue {
  const known = new Map<string, KnownValue>();
  const confirm = createConfirm(db);

  function remember(cacheKey: string, entry: KnownValue): void {
    known.delete(cacheKey);
    known.set(cacheKey, entry);
    if (known.size <= CACHE_ENTRIES) return;
    const oldest = known.keys().next();
    if (!oldest.done) known.delete(oldest.value);
  }

  function readAnew(ref: SecretRef, wanted: number | 'latest', cacheKey: string): StoredValue | undefined {
    const entry = lookUp(reads, ref, wanted);
    if (entry === undefined) return undefined;
    remember(cacheKey, entry);
    return { ...entry.stored, sealed: reads.secrets.sealed(entry.versionRow) };
  }

  return (ref, wanted) => {
    const cacheKey = `${ref.projectId}/${ref.name}/${wanted}`;
    const entry = known.get(cacheKey);
    const confirmed = entry && confirm(ref, entry);
    return confirmed ?? reads.snapshot(() => readAnew(ref, wanted, cacheKey));
  };
}

/** Fetches the sealed bytes of a known value; undefined when anything about it has changed. */
function createConfirm(db: Connection): (ref: SecretRef, entry: KnownValue) => StoredValue | undefined {
  const fresh = db
    .prepare<[string, string, number, number, string, string], FreshRow>(
      `SELECT row_mac,
              (SELECT revision FROM kms_key WHERE project_id = ? AND kms_key.id = ?),
              (SELECT wrapped FROM version_key WHERE version_row = ?),
              (SELECT body FROM version_body WHERE version_row = ?)
         FROM secret WHERE project_id = ? AND name = ?`,
    )
    .raw();
  return (ref, entry) => {
    const { keyId, versionRow } = entry;
    const row = readOrDamaged(() =>
      fresh.get(ref.projectId, keyId, versionRow, versionRow, ref.projectId, ref.name),
    );
    if (row === undefined) return undefined;
    const [secretMac, keyRevision, wrappedKey, body] = row;
    const isSame = secretMac.equals(entry.secretMac) && keyRevision === entry.keyRevision;
    if (!isSame || wrappedKey === null || body === null) return undefined;
    return { ...entry.stored, sealed: { wrappedKey, body } };
  };
}

function lookUp(
  { secrets, keys }: { readonly secrets: SecretReads; readonly keys: KeyReads },
  ref: SecretRef,
  wanted: number | 'latest',
): KnownValue | undefined {
  const loaded = secrets.load(ref);
  if (loaded === undefined) return undefined;
  const { secret, stages } = loaded.aggregate;
  const number = wanted === 'latest' ? latestVersionNumber(stages) : wanted;
  const found = number === undefined ? undefined : findVersion(loaded.aggregate, number);
  const versionRow = number === undefined ? undefined : loaded.versionRows.get(number);
  if (found === undefined || versionRow === undefined) return undefined;
  const keyId = found.version.kmsKeyId;
  const key = keys.find({ projectId: ref.projectId, id: keyId });
  return {
    secretMac: loaded.rowMac,
    keyRevision: key?.revision ?? null,
    versionRow,
    keyId,
    stored: { ...found, secret, key },
  };
}

/** Prepares the read of everything about a secret, in one snapshot. Throws damaged when a value is missing. */
export function createReadContents(reads: {
  readonly secrets: SecretReads;
  readonly keys: KeyReads;
  readonly snapshot: Snapshot;
}): ReadContents {
  return (ref) =>
    reads.snapshot(() => {
      const aggregate = reads.secrets.load(ref)?.aggregate;
      if (aggregate === undefined) return undefined;
      const values = aggregate.versions.map(({ number }) => {
        const entry = lookUp(reads, ref, number);
        if (entry === undefined) throw new SecretError('damaged', 'A stored version is missing.');
        return { ...entry.stored, sealed: reads.secrets.sealed(entry.versionRow) };
      });
      return { aggregate, values };
    });
}
