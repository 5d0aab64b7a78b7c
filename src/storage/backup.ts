import type { SecretAggregate } from '../core/secrets/secrets.ts';
import { SECRET, STAGE, TAG, VERSION } from './columns/secrets.ts';

/**
 * Everything about a secret but its values, from JSON that an older program may have written: a field that came later is
 * what it is in rows from before it. Throws damaged when there is none that has always been there.
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
