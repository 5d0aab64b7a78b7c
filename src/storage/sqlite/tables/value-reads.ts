import type { SecretWithValues, StoredValue } from '../../../app/ports/deps.ts';
import { SecretError } from '../../../core/errors.ts';
import type { SecretRef } from '../../../core/secrets/secrets.ts';
import { findVersion, latestVersionNumber } from '../../../core/secrets/versions.ts';
import { createBoundedMap } from '../../../std/bounded-map.ts';
import type { ChangeCounters } from '../engine/change-counters.ts';
import { type Connection, readOrDamaged, type Snapshot } from '../engine/open.ts';
import type { KeyReads } from './keys.ts';
import type { SecretReads } from './secret-reads.ts';

/** Reads one value with everything needed to open it. */
export type ReadValue = (ref: SecretRef, version: number | 'latest') => StoredValue | undefined;

/** Reads a secret with all its values. */
export type ReadContents = (ref: SecretRef) => SecretWithValues | undefined;

/** What was read and verified before, with what it was made from. */
interface KnownValue {
  readonly stored: StoredValue;
  readonly secretMac: Buffer;
  readonly versionRow: number;
  readonly keyId: string;
  readonly slot: number;
  /** The count of changes at which it was found current; undefined: the database must be read. */
  seen: number | undefined;
}

type FreshRow = readonly [
  secretMac: Buffer,
  keyRevision: number | null,
  wrapped: Buffer | null,
  body: Buffer | null,
];

/** Bytes of all cached values together. */
const CACHE_BYTES = 16 * 1_048_576;
/** What an entry takes besides its value, roughly. */
const ENTRY_BYTES = 2_048;

/**
 * Prepares the hot path. A value that was read before is returned again, sealed as stored, while the count of changes
 * says that nothing has happened to its secret or to any key. Otherwise one statement, which is one snapshot, compares
 * what it was made from. The MAC of a secret's row changes with everything about the secret, the uids of its versions
 * included, also by a restore, which repeats id and revision; a key's revision rises with every change. What is not
 * confirmed is read and authenticated anew.
 */
export function createReadValue(
  db: Connection,
  reads: {
    readonly secrets: SecretReads;
    readonly keys: KeyReads;
    readonly snapshot: Snapshot;
    readonly changes: ChangeCounters;
  },
): ReadValue {
  const { changes, snapshot } = reads;
  const known = createBoundedMap<string, KnownValue>(CACHE_BYTES, sizeOf);
  const isCurrent = createConfirm(db);

  return (ref, wanted) => {
    const name = `${ref.projectId}/${ref.name}/${wanted}`;
    const entry = known.get(name);
    const slot = entry?.slot ?? changes.slotOf(ref);
    // Before the database is read: a change that begins in between changes the number for ever.
    const seen = changes.settled(slot);
    if (entry?.seen !== undefined && entry.seen === seen) return entry.stored;
    if (entry !== undefined && isCurrent(ref, entry)) {
      entry.seen = seen;
      return entry.stored;
    }
    const found = snapshot(() => lookUp(reads, ref, wanted));
    if (found === undefined) known.delete(name);
    else known.set(name, { ...found, slot, seen });
    return found?.stored;
  };
}

function sizeOf({ stored }: KnownValue): number {
  return ENTRY_BYTES + stored.sealed.body.length;
}

/** True while the rows are those that the entry was made from. */
function createConfirm(db: Connection): (ref: SecretRef, entry: KnownValue) => boolean {
  const fresh = db
    .prepare<[string, string, number, number, string, string], FreshRow>(
      `SELECT row_mac,
              (SELECT revision FROM kms_key WHERE project_id = ? AND kms_key.id = ?),
              (SELECT wrapped FROM version_key WHERE version_row = ?),
              (SELECT body FROM version_body WHERE version_row = ?)
         FROM secret WHERE project_id = ? AND name = ?`,
    )
    .raw();
  return (ref, { keyId, secretMac, versionRow, stored }) => {
    const row = readOrDamaged(() =>
      fresh.get(ref.projectId, keyId, versionRow, versionRow, ref.projectId, ref.name),
    );
    if (row === undefined) return false;
    const [storedMac, keyRevision, wrappedKey, body] = row;
    const { key, sealed } = stored;
    return (
      storedMac.equals(secretMac) &&
      keyRevision === (key?.revision ?? null) &&
      wrappedKey?.equals(sealed.wrappedKey) === true &&
      body?.equals(sealed.body) === true
    );
  };
}

function lookUp(
  { secrets, keys }: { readonly secrets: SecretReads; readonly keys: KeyReads },
  ref: SecretRef,
  wanted: number | 'latest',
): Pick<KnownValue, 'stored' | 'secretMac' | 'versionRow' | 'keyId'> | undefined {
  const loaded = secrets.load(ref);
  if (loaded === undefined) return undefined;
  const { secret, stages, tags } = loaded.aggregate;
  const number = wanted === 'latest' ? latestVersionNumber(stages) : wanted;
  const found = number === undefined ? undefined : findVersion(loaded.aggregate, number);
  const versionRow = found && loaded.versionRows.get(found.version.slot);
  if (found === undefined || versionRow === undefined) return undefined;
  const keyId = found.version.kmsKeyId;
  const key = keys.find({ projectId: ref.projectId, id: keyId });
  const sealed = secrets.sealed(versionRow);
  return { stored: { ...found, secret, tags, key, sealed }, secretMac: loaded.rowMac, versionRow, keyId };
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
        return entry.stored;
      });
      return { aggregate, values };
    });
}
