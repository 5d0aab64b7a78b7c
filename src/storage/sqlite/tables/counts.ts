import type { StoreCounts } from '../../../app/ports/deps.ts';
import { PENDING_COUNT_MAX } from '../../../core/limits.ts';
import type { Connection } from '../engine/open.ts';

/** Counts over all projects, from the projects' counts and an index, without reading secrets. Nothing is checked. */
export function createCountRead(db: Connection): () => StoreCounts {
  const secrets = db.prepare<[], number>('SELECT coalesce(sum(secret_count), 0) FROM project').pluck();
  const pending = db
    .prepare<[number], number>(
      'SELECT count(*) FROM (SELECT 1 FROM notification WHERE next_attempt_ms IS NOT NULL LIMIT ?)',
    )
    .pluck();
  return () => ({
    secrets: secrets.get() ?? 0,
    notificationsPending: pending.get(PENDING_COUNT_MAX) ?? 0,
  });
}
