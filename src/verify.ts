import type { Keyring } from './app/ports.ts';
import { systemClock } from './compose.ts';
import type { Config } from './config.ts';
import { SecretError } from './core/errors.ts';
import type { Key } from './core/key.ts';
import type { Version } from './core/secret.ts';
import { createKeyring } from './crypto/keyring.ts';
import { createRowMac } from './crypto/row-mac.ts';
import { openInstallation } from './installation.ts';
import { createInspector, type InspectedSecret } from './storage/sqlite/inspect.ts';
import { openWriter } from './storage/sqlite/open.ts';

/** What the full check found: one text for each finding, which names the damaged row. */
export interface VerifyReport {
  readonly secrets: number;
  readonly versions: number;
  readonly keys: number;
  readonly findings: readonly string[];
}

/**
 * Checks everything that is stored: the file itself, every constraint and counter, every row MAC, and that every value
 * opens. Throws what opening the installation throws.
 */
export function verifyInstallation(config: Pick<Config, 'mode' | 'dataDirectory' | 'rootKey'>): VerifyReport {
  const { open, installation, rootKey } = openInstallation(config, systemClock);
  const db = openWriter(open.databaseFile);
  try {
    const keyring = createKeyring({ installationId: installation.id, kek: rootKey.derive('kek') });
    const inspector = createInspector(db, createRowMac(rootKey.derive('rowmac')));
    const findings = inspector.structure();
    const keys = new Map(inspector.keys().map(({ place, key }) => [place, key]));
    for (const [place, key] of keys)
      if (key === undefined) findings.push(`key ${place}: its row has been changed`);
    for (const projectId of inspector.damagedCheckers())
      findings.push(`checker configuration of project ${projectId}: its row has been changed`);
    let [secrets, versions] = [0, 0];
    for (const secret of inspector.secrets()) {
      secrets += 1;
      versions += secret.aggregate?.versions.length ?? 0;
      findings.push(...checkSecret(secret, { keyring, keys }));
    }
    return { secrets, versions, keys: keys.size, findings };
  } finally {
    db.close();
    open.release();
  }
}

interface Opening {
  readonly keyring: Keyring;
  readonly keys: ReadonlyMap<string, Key | undefined>;
}

function checkSecret(secret: InspectedSecret, opening: Opening): string[] {
  const { place, aggregate } = secret;
  if (aggregate === undefined) return [`secret ${place}: its rows have been changed`];
  return aggregate.versions
    .map((version) => checkVersion(secret, version, opening))
    .filter((finding) => finding !== undefined);
}

function checkVersion(
  secret: InspectedSecret,
  version: Version,
  { keyring, keys }: Opening,
): string | undefined {
  const place = `version ${secret.place}/v${version.number}`;
  const projectId = secret.aggregate?.secret.projectId ?? '';
  const key = keys.get(`${projectId}/${version.kmsKeyId}`);
  if (key === undefined) return `${place}: its key ${version.kmsKeyId} is missing or damaged`;
  const { id: secretId = '', name: secretName = '' } = secret.aggregate?.secret ?? {};
  const { kind, uid: versionUid } = version;
  try {
    keyring
      .open(key, { projectId, secretId, secretName, versionUid, kind }, secret.sealed(version.number))
      .fill(0);
    return undefined;
  } catch (error) {
    if (error instanceof SecretError && error.code === 'damaged') return `${place}: its value does not open`;
    throw error;
  }
}
