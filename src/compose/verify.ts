import type { Keyring, SigningKeys } from '../app/ports/deps.ts';
import type { DataConfig } from '../config/config.ts';
import type { SigningKey } from '../core/events/signing-key.ts';
import type { Key, KeyRef } from '../core/kms/keys.ts';
import type { Version } from '../core/secrets/secrets.ts';
import { createKeyring } from '../crypto/keyring.ts';
import { createRowMac } from '../crypto/row-mac.ts';
import { createSigningKeys } from '../crypto/signing-keys.ts';
import type { Connection } from '../storage/sqlite/engine/open.ts';
import type { InspectedDirectory } from '../storage/sqlite/files/installation.ts';
import { unlessDamaged } from '../storage/sqlite/rows/damage.ts';
import { createInspector, type InspectedSecret } from '../storage/sqlite/rows/inspect.ts';
import { type InspectedInstallation, inspectCopy, inspectInstallation } from './installation.ts';

/** What the full check found: one text for each finding, which names the damaged row. */
export interface VerifyReport {
  readonly secrets: number;
  readonly versions: number;
  /** Values that can never be read again because their key was destroyed, which is not a finding. */
  readonly unreadable: number;
  readonly keys: number;
  readonly findings: readonly string[];
  /** Findings about the sums over all rows that the operator has accepted. */
  readonly accepted?: readonly string[];
}

/** What the full check does besides checking. */
export interface VerifyOptions {
  /** A data directory with an older copy of the database, to tell which rows differ. */
  readonly older?: string | undefined;
  /** Recomputes the sums over all rows from the rows as they are. */
  readonly accepts?: boolean;
}

/**
 * Checks everything that is stored, and changes nothing: the file itself, its schema, every constraint and counter, every
 * row MAC, the sums over all rows, and that every value opens. Only what is to be accepted is changed. Throws what opening
 * the installation throws.
 */
export function verifyInstallation(config: DataConfig, options: VerifyOptions = {}): VerifyReport {
  const inspected = inspectInstallation(config);
  let copy: InspectedDirectory | undefined;
  try {
    if (options.older !== undefined) copy = inspectCopy(options.older, inspected.installation);
    const schema = inspected.schemaFindings().map((finding) => `the schema was changed: ${finding}`);
    // Other tables cannot be checked.
    if (schema.some((finding) => finding.includes(': table '))) {
      return {
        secrets: 0,
        versions: 0,
        unreadable: 0,
        keys: 0,
        findings: [...schema, 'nothing else was checked'],
      };
    }
    const { differences, ...report } = verifyRows(inspected, copy?.db);
    // A trigger that does not belong there would run.
    if (options.accepts !== true || schema.length > 0) {
      return { ...report, findings: [...schema, ...differences, ...report.findings] };
    }
    if (differences.length > 0) inspected.acceptRows(createRowMac(inspected.rootKey.derive('rowmac')));
    return { ...report, accepted: differences };
  } finally {
    copy?.release();
    inspected.release();
  }
}

function verifyRows(
  { db, installation, isSigned, rootKey }: InspectedInstallation,
  older: Connection | undefined,
): VerifyReport & { readonly differences: readonly string[] } {
  const sealing = { installationId: installation.id, kek: rootKey.derive('kek') };
  const keyring = createKeyring(sealing);
  const inspector = createInspector(db, createRowMac(rootKey.derive('rowmac')));
  const findings = inspector.structure();
  // A start leaves no unsigned record unless it is cut off; the next one would sign whatever the row says by then.
  const isSound = isSigned && inspector.isRecordIntact();
  if (!isSigned)
    findings.push('the installation: its row is not signed, and the next start signs it as it is');
  else if (!isSound) findings.push('the installation: its row has been changed');
  const differences = isSound ? inspector.sums(older) : [];
  const keys = new Map(inspector.keys().map(({ address, key }) => [address, key]));
  for (const [address, key] of keys)
    if (key === undefined) findings.push(`key ${address}: its row has been changed`);
  for (const address of inspector.changedRows()) findings.push(`${address}: its row has been changed`);
  findings.push(...checkSigningKey(inspector.signingKey(), createSigningKeys(sealing)));
  let [secrets, versions, unreadable] = [0, 0, 0];
  for (const secret of inspector.secrets()) {
    secrets += 1;
    versions += secret.aggregate?.versions.length ?? 0;
    const results = checkSecret(secret, { keyring, keys, isDestroyed: inspector.isDestroyed });
    unreadable += results.filter((result) => result === UNREADABLE).length;
    findings.push(...results.filter((result) => result !== UNREADABLE));
  }
  return { secrets, versions, unreadable, keys: keys.size, findings, differences };
}

/** Instead of a finding: the value's key was destroyed. */
const UNREADABLE = Symbol('unreadable');

interface Opening {
  readonly keyring: Keyring;
  isDestroyed(ref: KeyRef): boolean;
  readonly keys: ReadonlyMap<string, Key | undefined>;
}

function checkSecret(secret: InspectedSecret, opening: Opening): (string | typeof UNREADABLE)[] {
  const { address, aggregate } = secret;
  if (aggregate === undefined) return [`secret ${address}: its rows have been changed`];
  const findings = aggregate.versions
    .map((version) => checkVersion(secret, version, opening))
    .filter((finding) => finding !== undefined);
  if (!secret.grantsIntact) findings.push(`secret ${address}: its grants have been changed`);
  return findings;
}

function checkSigningKey(key: SigningKey | undefined, signingKeys: SigningKeys): string[] {
  if (key === undefined) return [];
  const sign = () => {
    signingKeys.sign(key, 'check');
    return [];
  };
  return unlessDamaged(sign, () => ['the signing key: it does not open']);
}

function checkVersion(
  secret: InspectedSecret,
  version: Version,
  { keyring, keys, isDestroyed }: Opening,
): string | typeof UNREADABLE | undefined {
  const address = `version ${secret.address}/v${version.number}`;
  const projectId = secret.aggregate?.secret.projectId ?? '';
  const keyAddress = `${projectId}/${version.kmsKeyId}`;
  const key = keys.get(keyAddress);
  if (!keys.has(keyAddress) && isDestroyed({ projectId, id: version.kmsKeyId })) return UNREADABLE;
  if (key === undefined) return `${address}: its key ${version.kmsKeyId} is missing or damaged`;
  const { id: secretId = '', name: secretName = '' } = secret.aggregate?.secret ?? {};
  const { kind, uid: versionUid } = version;
  const binding = { projectId, secretId, secretName, versionUid, kind };
  return unlessDamaged(
    () => void keyring.open(key, binding, secret.sealed(version)).fill(0),
    () => `${address}: its value does not open`,
  );
}
