import { randomUUID } from 'node:crypto';
import type { Clock } from '../app/ports/deps.ts';
import { StartError } from '../app/start-error.ts';
import type { DataConfig } from '../config/config.ts';
import { checkCanary, createCanary } from '../crypto/canary.ts';
import {
  createStretching,
  loadRootKey,
  parseRootKeySource,
  type RootKey,
  type RootKeySource,
} from '../crypto/root-key.ts';
import { createRowMac } from '../crypto/row-mac.ts';
import { RESOURCES } from '../std/resources.ts';
import { readMigrations } from '../storage/migrate.ts';
import type { RowMac } from '../storage/row-mac.ts';
import type { ClaimedDirectory } from '../storage/sqlite/files/data-directory.ts';
import {
  type InspectedDirectory,
  inspectDirectory,
  type OpenDirectory,
  openDirectory,
} from '../storage/sqlite/files/installation.ts';
import type { Installation } from '../storage/sqlite/files/installation-record.ts';
import { schemaFindings } from '../storage/sqlite/files/schema.ts';

/**
 * Opens the data directory, loads the root key and checks that they belong together; on the first start it creates the
 * record that later starts check. `claimed`: the directory, when the caller has already claimed it; `staleShards`: those,
 * counted from 1, in which a row is not the one that was written last.
 * Throws RootKeyError; StartError: configuration (wrong root key), damaged, taken.
 */
export function openInstallation(config: DataConfig, clock: Clock, claimed?: ClaimedDirectory) {
  const source = sourceOf(config);
  const open = openDirectory(claimed ?? config.dataDirectory, readMigrations(RESOURCES.migrations));
  try {
    const isNew = open.installation === undefined && source.kind === 'passphrase-file';
    const stretching = isNew ? createStretching() : open.installation?.rootKeyStretching;
    const rootKey = loadKey(config, source, { stretching, isNew });
    const mac = createRowMac(rootKey.derive('rowmac'));
    const installation =
      open.installation ?? createInstallation(open, { rootKey, mac }, { stretching, nowMs: clock.nowMs() });
    const { isSigned } = requireFitting(rootKey, installation);
    if (isSigned) open.requireIntact(mac);
    else open.signFirst(mac, createCanary(rootKey, installation.id));
    return { open, installation, rootKey, staleShards: open.findStaleShards(mac) };
  } catch (error) {
    open.release();
    throw error;
  }
}

/** An installation as it is, with the root key that has been proved to fit it. */
export interface InspectedInstallation extends InspectedDirectory {
  readonly rootKey: RootKey;
  /** False in a database from before the installation's record was signed, which the next start does. */
  readonly isSigned: boolean;
  /** How its schema differs from this program's: one text for each difference. */
  schemaFindings(): string[];
}

/** Opens an installation for the full check, without changing anything. Throws what `openInstallation` throws. */
export function inspectInstallation(config: DataConfig): InspectedInstallation {
  const source = sourceOf(config);
  const migrations = readMigrations(RESOURCES.migrations);
  const inspected = inspectDirectory(config.dataDirectory, migrations);
  try {
    const { db, installation } = inspected;
    const rootKey = loadKey(config, source, { stretching: installation.rootKeyStretching, isNew: false });
    const { isSigned } = requireFitting(rootKey, installation);
    return { ...inspected, rootKey, isSigned, schemaFindings: () => schemaFindings(db, migrations) };
  } catch (error) {
    inspected.release();
    throw error;
  }
}

/** Opens an older copy of an installation, to compare it. Throws StartError, also when it is a copy of another one. */
export function inspectCopy(directory: string, { id }: Installation): InspectedDirectory {
  const copy = inspectDirectory(directory, readMigrations(RESOURCES.migrations));
  if (copy.installation.id === id) return copy;
  copy.release();
  throw new StartError('configuration', `the database in ${directory} is of another installation`);
}

function sourceOf({ rootKey }: DataConfig): RootKeySource {
  if (rootKey === undefined) throw new StartError('configuration', 'CSMS_ROOT_KEY is not set');
  return parseRootKeySource(rootKey);
}

function loadKey(
  { environment: env, mode, dataDirectory }: DataConfig,
  source: RootKeySource,
  made: { readonly stretching: string | undefined; readonly isNew: boolean },
): RootKey {
  const isDev = mode === 'dev';
  return loadRootKey(source, {
    dataDirectory,
    env,
    allowEnv: isDev,
    allowInsideData: isDev,
    ...made,
  });
}

function createInstallation(
  open: OpenDirectory,
  { rootKey, mac }: { readonly rootKey: RootKey; readonly mac: RowMac },
  { stretching, nowMs }: { readonly stretching: string | undefined; readonly nowMs: number },
): Installation {
  const id = randomUUID();
  const canary = createCanary(rootKey, id);
  const installation: Installation = {
    id,
    createTimeMs: nowMs,
    rootKeyId: rootKey.id,
    rootKeyFingerprint: rootKey.fingerprint,
    rootKeyStretching: stretching,
    canary,
  };
  open.initialise(installation, mac);
  return installation;
}

/** Throws StartError (configuration) for another root key, or a damaged record. */
function requireFitting(
  rootKey: RootKey,
  { id, rootKeyId, rootKeyFingerprint, canary }: Installation,
): { readonly isSigned: boolean } {
  const result = checkCanary(rootKey, id, { rootKeyId, fingerprint: rootKeyFingerprint, sealed: canary });
  switch (result.kind) {
    case 'ok':
      return result;
    case 'wrong-root-key':
      throw new StartError(
        'configuration',
        `wrong root key: the database expects ${result.expected}, CSMS_ROOT_KEY gave ${result.given}`,
      );
    case 'damaged':
      throw new StartError('configuration', 'the database’s record of its root key is damaged');
    default:
      throw result satisfies never;
  }
}
