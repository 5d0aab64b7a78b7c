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
import { createSqliteStore, startWriter } from '../storage/sqlite/engine/store.ts';
import type { ClaimedDirectory } from '../storage/sqlite/files/data-directory.ts';
import { openInstallation } from './installation.ts';
import { systemClock, systemRandom } from './sources.ts';

/** Newest versions that are opened at the start, and as many others. */
const START_SAMPLES = 32;

/** Where a world's data are, and what opens them. */
export interface Storage {
  readonly store: Store;
  readonly keyring: Keyring & { readonly cipher: DataCipher };
  readonly signingKeys: SigningKeys;
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
  const writer = startWriter(new URL('./writer.ts', import.meta.url), settings, { rowMac: rowMacKey });
  const store = await createSqliteStore(open, {
    mac: createRowMac(rowMacKey),
    writer,
    onFatal: start.onFatal,
    onDamage: createDamageReport({ log }),
    random: systemRandom,
  });
  const keys = { installationId: installation.id, kek: rootKey.derive('kek') };
  const keyring = createKeyring(keys);
  await checkSamples({ store, keyring, log }, START_SAMPLES).catch(closing(store));
  const signingKeys = createSigningKeys(keys);
  const tokenKey = createTokenKey(rootKey.derive('token'), installation.id);
  const { fingerprint: rootKeyFingerprint } = rootKey;
  return { store, keyring, signingKeys, tokenKey, rootKeyFingerprint };
}

/** Cleans up after a failed start: a writer thread would keep the process alive and the data directory locked. */
export function closing(begun: { close(): Promise<void> }): (error: unknown) => Promise<never> {
  return async (error) => {
    await begun.close();
    throw error;
  };
}
