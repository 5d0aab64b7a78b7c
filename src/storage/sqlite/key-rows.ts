import type { Key, KeyState } from '../../core/key.ts';

/** A row of `kms_key` as SQLite gives it. */
export interface KeyRow {
  readonly project_id: string;
  readonly id: string;
  readonly alias: string;
  readonly is_default: number;
  readonly state: string;
  readonly description: string;
  readonly enterprise_project_id: string;
  readonly create_time_ms: number;
  readonly scheduled_delete_time_ms: number | null;
  readonly rotation_interval_days: number | null;
  readonly next_rotation_time_ms: number | null;
  readonly revision: number;
  readonly row_mac: Buffer;
}

/** A row of `kms_key_version`. */
export interface KeyVersionRow {
  readonly number: number;
  readonly wrapped: Buffer;
  readonly create_time_ms: number;
}

/** A row of `kms_key_alias`. */
export interface KeyAliasRow {
  readonly alias: string;
  readonly create_time_ms: number;
  readonly update_time_ms: number;
}

/** A row of `kms_key_tag`. */
export interface KeyTagRow {
  readonly tag_key: string;
  readonly tag_value: string;
  readonly position: number;
}

/** What belongs to one key, each in its order. */
export interface KeyParts {
  readonly versions: readonly KeyVersionRow[];
  readonly aliases: readonly KeyAliasRow[];
  readonly tags: readonly KeyTagRow[];
}

/** Columns of `kms_key`, in the order in which the statements name them. */
export const KEY_COLUMNS = [
  'project_id',
  'id',
  'alias',
  'is_default',
  'state',
  'description',
  'enterprise_project_id',
  'create_time_ms',
  'scheduled_delete_time_ms',
  'rotation_interval_days',
  'next_rotation_time_ms',
  'revision',
  'row_mac',
] as const;

/** The bound parameters of a key's row. */
export function toKeyRow(key: Key, rowMac: Buffer): KeyRow {
  return {
    project_id: key.projectId,
    id: key.id,
    alias: key.alias,
    is_default: key.isDefault ? 1 : 0,
    state: key.state,
    description: key.description,
    enterprise_project_id: key.enterpriseProjectId,
    create_time_ms: key.createTimeMs,
    scheduled_delete_time_ms: key.scheduledDeleteTimeMs ?? null,
    rotation_interval_days: key.rotation?.intervalDays ?? null,
    next_rotation_time_ms: key.rotation?.nextTimeMs ?? null,
    revision: key.revision,
    row_mac: rowMac,
  };
}

/**
 * A key from its rows. The state is cast and half a rotation is read as one: the row's MAC has to hold before anybody
 * looks at the result, and only checked values were ever signed.
 */
export function fromKeyRow(row: KeyRow, { versions, aliases, tags }: KeyParts): Key {
  const { rotation_interval_days: intervalDays, next_rotation_time_ms: nextTimeMs } = row;
  const isOff = intervalDays === null && nextTimeMs === null;
  return {
    projectId: row.project_id,
    id: row.id,
    alias: row.alias,
    aliases: aliases.map((alias) => ({
      alias: alias.alias,
      createTimeMs: alias.create_time_ms,
      updateTimeMs: alias.update_time_ms,
    })),
    isDefault: row.is_default === 1,
    state: row.state as KeyState,
    description: row.description,
    enterpriseProjectId: row.enterprise_project_id,
    createTimeMs: row.create_time_ms,
    scheduledDeleteTimeMs: row.scheduled_delete_time_ms ?? undefined,
    rotation: isOff ? undefined : { intervalDays: intervalDays ?? 0, nextTimeMs: nextTimeMs ?? 0 },
    tags: tags.map((tag) => ({ key: tag.tag_key, value: tag.tag_value })),
    versions: versions.map((v) => ({ number: v.number, wrapped: v.wrapped, createTimeMs: v.create_time_ms })),
    revision: row.revision,
  };
}
