import type { KeyObject } from 'node:crypto';
import type { Logger } from 'pino';
import { createDamageReport } from '../app/health/damage-report.ts';
import { checkSamples } from '../app/health/samples.ts';
import type { DataCipher, Keyring, SigningKeys, Store } from '../app/ports/deps.ts';
import { createTokenKey } from '../auth/tokens/token.ts';
import type { Config } from '../config/config.ts';
import { createKeyring } from '../crypto/keyring.ts';
import { createRowMac } from '../crypto/row-mac.ts';
import { createSigningKeys } from '../crypto/signing-keys.ts';
import { RESOURCES } from '../std/resources.ts';
import type { Oversight } from '../storage/carry.ts';
import type { RowMac } from '../storage/row-mac.ts';
import { discard } from '../storage/sqlite/engine/connection.ts';
import { createCopy } from '../storage/sqlite/engine/copy.ts';
import type { ForkPoint } from '../storage/sqlite/engine/fork-point.ts';
import { createInlineStore } from '../storage/sqlite/engine/inline-store.ts';
import { type Connection, openImage } from '../storage/sqlite/engine/open.ts';
import { createSqliteStore, startWriter } from '../storage/sqlite/engine/store.ts';
import type { SqliteStore } from '../storage/sqlite/engine/store-options.ts';
import type { ClaimedDirectory } from '../storage/sqlite/files/data-directory.ts';
import { openInstallation } from './installation.ts';
import { giveMemoryBack } from './memory.ts';
import { systemClock, systemRandom } from './sources.ts';

/** Newest versions that are opened at the start, and as many others. */
const START_SAMPLES = 32;

/** Where a world's data are, and what opens them. */
export interface Storage {
  readonly store: Store;
  readonly keyring: Keyring & { readonly cipher: DataCipher };
  readonly signingKeys: SigningKeys;
  /** A copy of the data in memory, without a writer thread; changes to one are not seen in the other. */
  copy(oversight?: Oversight): StorageCopy;
  /** What a copy would take. Throws unavailable. */
  sizeBytes(): number;
}

/** A copy, from which its origin at that moment can be copied again. */
export interface StorageCopy extends Storage {
  /** A copy of what this one was copied from; to be called before this one is closed. */
  copyAgain(): StorageCopy;
}

/** What opens data and checks them. */
interface Sealing {
  readonly installationId: string;
  readonly kek: KeyObject;
  readonly mac: RowMac;
  readonly log: Logger;
}

/** The storage of a data directory, and what else its root key is used for. */
export interface OpenStorage extends Storage {
  /** Key of the tokens. */
  readonly tokenKey: KeyObject;
  /** Of the root key; not secret. */
  readonly rootKeyFingerprint: string;
}

/**
 * Opens the data directory and starts its writer. `onFatal` is called once when storage can no longer be trusted;
 * `claimed`: the directory, when the caller has already claimed it. Throws StartError, RootKeyError.
 */
export async function openStorage(
  config: Config,
  log: Logger,
  start: { onFatal(reason: string): void; readonly claimed?: ClaimedDirectory | undefined },
): Promise<OpenStorage> {
  const { open, installation, rootKey, staleShards } = openInstallation(config, systemClock, start.claimed);
  if (staleShards.length > 0) {
    log.error(
      { shards: staleShards },
      'stored rows were put back to an older copy, or removed, while the server did not run: run csms-server verify',
    );
  }
  if (open.directory !== config.dataDirectory) {
    log.info(
      { directory: open.directory },
      'the data directory is root’s: the data lies in a private folder in it',
    );
  }
  const { directory, databaseFile } = open;
  const settings = { directory, databaseFile, freeBytesMin: config.freeBytesMin };
  const rowMacKey = rootKey.derive('rowmac');
  const [installationId, kek, mac] = [installation.id, rootKey.derive('kek'), createRowMac(rowMacKey)];
  const sealing = { installationId, kek, mac, log };
  const writer = startWriter(RESOURCES.writer, settings, { rowMac: rowMacKey });
  const store = await createSqliteStore(open, {
    mac,
    writer,
    onFatal: start.onFatal,
    onDamage: createDamageReport(sealing),
    random: systemRandom,
    discard: discardConnection,
  });
  const storage = storageOf(store, sealing);
  await checkSamples({ ...storage, log }, START_SAMPLES).catch(closing(store));
  const tokenKey = createTokenKey(rootKey.derive('token'), installationId);
  return { ...storage, tokenKey, rootKeyFingerprint: rootKey.fingerprint };
}

function storageOf(store: SqliteStore, sealing: Sealing): Storage {
  return {
    store,
    keyring: createKeyring(sealing),
    signingKeys: createSigningKeys(sealing),
    sizeBytes: store.sizeBytes,
    copy: (oversight) => copyOf(store.forkPoint(), sealing, oversight),
  };
}

function copyOf(point: ForkPoint, sealing: Sealing, oversight: Oversight | undefined): StorageCopy {
  const { mac } = sealing;
  const options = { mac, onDamage: createDamageReport(sealing), oversight, random: systemRandom };
  const store = createCopy(point, (image) => {
    const db = openImage(image);
    return createInlineStore({
      ...options,
      db,
      keepsSums: false,
      discard: discardConnection,
      close: () => discardConnection(db),
    });
  });
  return { ...storageOf(store, sealing), copyAgain: () => copyOf(point, sealing, oversight) };
}

function discardConnection(db: Connection): void {
  discard(db, giveMemoryBack);
}

/** Cleans up after a failed start: a writer thread would keep the process alive and the data directory locked. */
export function closing(begun: { close(): Promise<void> }): (error: unknown) => Promise<never> {
  return async (error) => {
    await begun.close();
    throw error;
  };
}
