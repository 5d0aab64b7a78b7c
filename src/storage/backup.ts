import type { SecretAggregate } from '../core/secrets/secrets.ts';
import { SECRET, STAGE, TAG, VERSION } from './columns/secrets.ts';

/**
 * Everything about a secret except its values, from JSON that an older program may have written: a newer field has its
 * fallback. Throws damaged when an original field is missing.
 */
export function completeBackup(written: unknown): SecretAggregate {
  const { secret, stages, tags, versions } = (written ?? {}) as Record<string, unknown>;
  return {
    secret: SECRET.complete(secret),
    versions: listOf(versions).map(VERSION.complete),
    stages: listOf(stages).map(STAGE.complete),
    tags: listOf(tags).map(TAG.complete),
  };
}

function listOf(written: unknown): readonly unknown[] {
  return Array.isArray(written) ? written : [];
}
