import { DAY_MS, HOUR_MS } from '../std/durations.ts';
/** Quotas that the operator may change (`CSMS_LIMITS`); they travel inside commands, so rules stay pure. */
export interface Limits {
  /** Secrets per project. */
  readonly secrets: number;
  /** Versions per secret; the oldest one without a stage makes room for the next. */
  readonly versions: number;
  /** Stages per secret; the two built-in ones always count. */
  readonly stages: number;
  /** Tags per secret. */
  readonly tags: number;
  /** Events per project. */
  readonly events: number;
  /** Bytes of one value: UTF-8 for text, decoded for binary. */
  readonly valueBytes: number;
}

/** The documented quotas of the real service. @see CSMS user guide, quotas; API page CreateSecretVersion */
export const DEFAULT_LIMITS: Limits = Object.freeze({
  secrets: 5_000,
  versions: 20,
  stages: 12,
  tags: 20,
  events: 30,
  valueBytes: 65_536,
});

/**
 * What each quota may be set to. Versions and stages end at the documented figures because the database has
 * exactly so many slots for them: a 21st version cannot be written, whatever the code does.
 */
export const LIMIT_BOUNDS: Readonly<Record<keyof Limits, { readonly min: number; readonly max: number }>> =
  Object.freeze({
    secrets: { min: 1, max: 10_000_000 },
    versions: { min: 4, max: 20 },
    stages: { min: 3, max: 12 },
    tags: { min: 1, max: 100 },
    events: { min: 1, max: 1_000 },
    valueBytes: { min: 1, max: 65_536 },
  });

/** Description of a secret, in UTF-8 bytes. @see API page CreateSecret */
export const DESCRIPTION_BYTES_MAX = 2_048;
/** Largest time on the wire: 13 digits of epoch milliseconds. @see API page UpdateVersion */
export const TIME_MS_MAX = 9_999_999_999_999;
/** Recovery window of a scheduled deletion, in days. @see API page DeleteSecretForSchedule */
export const RECOVERY_WINDOW_DAYS = Object.freeze({ min: 7, max: 30, default: 30 });
/** Page sizes of both lists. @see API pages ListSecrets, ListSecretVersions */
export const PAGE = Object.freeze({ min: 1, max: 1_000, default: 50 });
/** Rotation period of a rotated secret, in milliseconds: 6 hours to 8,760 hours. @see API page CreateSecret */
export const ROTATION_PERIOD_MS = Object.freeze({ min: 6 * HOUR_MS, max: 365 * DAY_MS });
/** Tags of one request. @see API page BatchCreateOrDeleteTags */
export const TAGS_PER_REQUEST_MAX = 20;
/** Tag keys and values in characters. @see API page CreateSecretTag */
export const TAG_KEY_CHARACTERS_MAX = 128;
export const TAG_VALUE_CHARACTERS_MAX = 255;
/** Conditions of a search by tags, and values or name parts of each. @see API page ListResourceInstances */
export const SEARCH_CONDITIONS_MAX = 10;
/** Page sizes of a search by tags. @see API page ListResourceInstances */
export const SEARCH_PAGE = Object.freeze({ min: 1, max: 1_000, default: 10 });
/** Grants of one secret; the documents set no limit, a list needs one. */
export const GRANTS_PER_SECRET_MAX = 100;
/** Secrets that one request imports, or whose values it reads; the documents set no limits. */
export const BATCH_IMPORT_MAX = 1_000;
export const BATCH_READ_MAX = 100;

/** Custom keys of a project; default keys do not count. @see KMS user guide, creating a key */
export const KEYS_MAX = 100;
/** Aliases of a key, its own included. The service publishes no figure; see docs/behaviour/keys.md. */
export const KEY_ALIASES_MAX = 50;
/** Tags of a key. @see KMS user guide, tag management */
export const KEY_TAGS_MAX = 20;
/** Days until a key is destroyed. @see KMS API, DeleteKey */
export const KEY_PENDING_DAYS = Object.freeze({ min: 7, max: 1_096 });
/** Days between two rotations of a key. @see KMS API, UpdateKeyRotationInterval */
export const KEY_ROTATION_DAYS = Object.freeze({ min: 30, max: 365, default: 365 });
/** Description of a key, in characters. @see KMS API, CreateKey */
export const KEY_DESCRIPTION_CHARACTERS_MAX = 255;
/** Data that a KMS key encrypts directly, in bytes of UTF-8. @see KMS API, EncryptData */
export const KMS_DATA_BYTES = Object.freeze({ min: 1, max: 4_096 });
/** Data that is bound to a ciphertext, in bytes of UTF-8. @see KMS API, EncryptData, additional_authenticated_data */
export const KMS_AAD_BYTES = Object.freeze({ min: 1, max: 128 });
/** Random numbers and data keys, in bits; a multiple of 8. @see KMS API, CreateRandom, CreateDatakey */
export const KMS_RANDOM_BITS = Object.freeze({ min: 8, max: 8_192 });
/** A data key that the caller brings, in bytes. @see KMS API, EncryptDatakey */
export const DATA_KEY_BYTES = Object.freeze({ min: 1, max: 1_024 });
/** Grants of a key, as the quotas show them; this server makes none. @see KMS user guide, quotas */
export const GRANTS_PER_KEY_MAX = 100;

/** Notifications that wait for an attempt are counted no further. */
export const PENDING_COUNT_MAX = 100_000;

/** What the target of a request may hold, in characters: the longest parameter with the names around it, and a query. */
export const TARGET_CHARACTERS = Object.freeze({ path: 4_096, query: 4_096 });
