import type { Secret, SecretState, SecretType, Stage, ValueKind, Version } from '../../core/secret.ts';
import type { SecretMac } from '../row-mac.ts';

/** A row of `secret` as SQLite gives it. */
export interface SecretRow {
  readonly row: number;
  readonly id: string;
  readonly project_id: string;
  readonly name: string;
  readonly state: string;
  readonly state_before_deletion: string | null;
  readonly kms_key_id: string;
  readonly description: string;
  readonly create_time_ms: number;
  readonly update_time_ms: number;
  readonly scheduled_delete_time_ms: number | null;
  readonly secret_type: string;
  readonly auto_rotation: number;
  readonly rotation_period: string | null;
  readonly rotation_config: string | null;
  readonly rotation_func_urn: string | null;
  readonly rotation_time_ms: number | null;
  readonly next_rotation_time_ms: number | null;
  readonly event_subscriptions: string;
  readonly enterprise_project_id: string;
  readonly last_version_number: number;
  readonly revision: number;
  readonly contents_digest: Buffer;
  readonly row_mac: Buffer;
}

/** A row of `version`. */
export interface VersionRow {
  readonly row: number;
  readonly number: number;
  readonly uid: string;
  readonly kind: string;
  readonly kms_key_id: string;
  readonly create_time_ms: number;
  readonly expire_time_ms: number | null;
  readonly expiry_notified: number;
  /** Set only while the expiry has not been told. */
  readonly expiry_project_id: string | null;
  readonly slot: number;
}

/** A row of `stage`. */
export interface StageRow {
  readonly name: string;
  readonly version_number: number;
  readonly update_time_ms: number;
  readonly slot: number;
}

/** Columns of `secret` that are written, in the order in which the statements name them. */
export const SECRET_COLUMNS = [
  'id',
  'project_id',
  'name',
  'state',
  'state_before_deletion',
  'kms_key_id',
  'description',
  'create_time_ms',
  'update_time_ms',
  'scheduled_delete_time_ms',
  'secret_type',
  'auto_rotation',
  'rotation_period',
  'rotation_config',
  'rotation_func_urn',
  'rotation_time_ms',
  'next_rotation_time_ms',
  'event_subscriptions',
  'enterprise_project_id',
  'last_version_number',
  'revision',
  'contents_digest',
  'row_mac',
] as const;

/** The bound parameters of a secret's row. */
export function toSecretRow(secret: Secret, mac: SecretMac): Omit<SecretRow, 'row'> {
  return {
    id: secret.id,
    project_id: secret.projectId,
    name: secret.name,
    state: secret.state,
    state_before_deletion: secret.stateBeforeDeletion ?? null,
    kms_key_id: secret.kmsKeyId,
    description: secret.description,
    create_time_ms: secret.createTimeMs,
    update_time_ms: secret.updateTimeMs,
    scheduled_delete_time_ms: secret.scheduledDeleteTimeMs ?? null,
    secret_type: secret.secretType,
    auto_rotation: secret.autoRotation ? 1 : 0,
    rotation_period: secret.rotationPeriod ?? null,
    rotation_config: secret.rotationConfig ?? null,
    rotation_func_urn: secret.rotationFuncUrn ?? null,
    rotation_time_ms: secret.rotationTimeMs ?? null,
    next_rotation_time_ms: secret.nextRotationTimeMs ?? null,
    event_subscriptions: JSON.stringify(secret.eventSubscriptions),
    enterprise_project_id: secret.enterpriseProjectId,
    last_version_number: secret.lastVersionNumber,
    revision: secret.revision,
    contents_digest: mac.contentsDigest,
    row_mac: mac.rowMac,
  };
}

/**
 * A secret from its row. The unions are cast and not checked: the row's MAC has to hold before anybody looks at the
 * result, and only checked values were ever signed.
 */
export function fromSecretRow(row: SecretRow): Secret {
  return {
    id: row.id,
    projectId: row.project_id,
    name: row.name,
    state: row.state as SecretState,
    stateBeforeDeletion: (row.state_before_deletion ?? undefined) as SecretState | undefined,
    kmsKeyId: row.kms_key_id,
    description: row.description,
    createTimeMs: row.create_time_ms,
    updateTimeMs: row.update_time_ms,
    scheduledDeleteTimeMs: row.scheduled_delete_time_ms ?? undefined,
    secretType: row.secret_type as SecretType,
    autoRotation: row.auto_rotation === 1,
    rotationPeriod: row.rotation_period ?? undefined,
    rotationConfig: row.rotation_config ?? undefined,
    rotationFuncUrn: row.rotation_func_urn ?? undefined,
    rotationTimeMs: row.rotation_time_ms ?? undefined,
    nextRotationTimeMs: row.next_rotation_time_ms ?? undefined,
    eventSubscriptions: parseNames(row.event_subscriptions),
    enterpriseProjectId: row.enterprise_project_id,
    lastVersionNumber: row.last_version_number,
    revision: row.revision,
  };
}

/** A version from its row; see `fromSecretRow` for the casts. */
export function fromVersionRow(row: VersionRow): Version {
  return {
    number: row.number,
    uid: row.uid,
    kind: row.kind as ValueKind,
    kmsKeyId: row.kms_key_id,
    createTimeMs: row.create_time_ms,
    expireTimeMs: row.expire_time_ms ?? undefined,
    expiryNotified: row.expiry_notified !== 0,
    slot: row.slot,
  };
}

/** A stage from its row. */
export function fromStageRow(row: StageRow): Stage {
  return {
    name: row.name,
    versionNumber: row.version_number,
    updateTimeMs: row.update_time_ms,
    slot: row.slot,
  };
}

/**
 * The event that a secret is subscribed to, as SQL: character by character the expression of the index `secret_event`.
 * A secret subscribes to one event at most.
 */
export const SUBSCRIBED_EVENT =
  "iif(json_valid(event_subscriptions), json_extract(event_subscriptions, '$[0]'), NULL)";

/** Text that is no JSON array becomes a name that no MAC was made for, so damage is found where all damage is. */
export function parseNames(text: string): string[] {
  try {
    const names: unknown = JSON.parse(text);
    if (Array.isArray(names)) return names.map(String);
  } catch {
    // Falls through: the row MAC refuses it.
  }
  return [text];
}
