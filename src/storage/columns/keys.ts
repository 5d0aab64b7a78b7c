import type { DestroyedKey, Key, KeyAlias, KeyRotation, KeyTag, KeyVersion } from '../../core/kms/keys.ts';
import { allOf, defineTable, flag, optional, plain } from './fields.ts';

/** A key without its versions, aliases and tags, which its MAC covers as well. */
export const KEY = defineTable<
  Omit<Key, 'aliases' | 'tags' | 'versions'>,
  Omit<Key, 'aliases' | 'tags' | 'versions' | 'rotation'> & {
    readonly rotationIntervalDays: number | undefined;
    readonly nextRotationTimeMs: number | undefined;
  }
>({
  name: 'kms_key',
  kind: 'key/2',
  key: ['project_id', 'id'],
  fields: {
    projectId: plain(),
    id: plain(),
    alias: plain(),
    isDefault: flag(),
    state: plain(),
    description: plain(),
    enterpriseProjectId: plain(),
    createTimeMs: plain(),
    scheduledDeleteTimeMs: optional(),
    rotationIntervalDays: optional(),
    nextRotationTimeMs: optional(),
    revision: plain(),
  },
  flatten: ({ rotation, ...key }) => ({
    ...key,
    rotationIntervalDays: rotation?.intervalDays,
    nextRotationTimeMs: rotation?.nextTimeMs,
  }),
  gather: ({ rotationIntervalDays: intervalDays, nextRotationTimeMs: nextTimeMs, ...key }) => ({
    ...key,
    rotation: allOf<KeyRotation>({ intervalDays, nextTimeMs }),
  }),
});

/** A generation of a key's material. */
export const KEY_VERSION = defineTable<KeyVersion>({
  name: 'kms_key_version',
  fields: { number: plain(), wrapped: plain(), createTimeMs: plain() },
});

/** An alias of a key. */
export const KEY_ALIAS = defineTable<KeyAlias>({
  name: 'kms_key_alias',
  fields: { alias: plain(), createTimeMs: plain(), updateTimeMs: plain() },
});

/** A tag of a key, and its position among them. */
export const KEY_TAG = defineTable<
  KeyTag & { readonly position: number },
  { readonly tagKey: string; readonly tagValue: string; readonly position: number }
>({
  name: 'kms_key_tag',
  fields: { tagKey: plain(), tagValue: plain(), position: plain() },
  flatten: ({ key, position, value }) => ({ tagKey: key, tagValue: value, position }),
  gather: ({ position, tagKey, tagValue }) => ({ key: tagKey, value: tagValue, position }),
});

/** What is kept of a destroyed key. */
export const DESTROYED_KEY = defineTable<DestroyedKey>({
  name: 'kms_key_destroyed',
  kind: 'destroyed-key/2',
  key: ['project_id', 'id'],
  fields: { projectId: plain(), id: plain(), destroyTimeMs: plain() },
});
