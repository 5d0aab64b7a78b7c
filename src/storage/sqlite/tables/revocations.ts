import type { RevocationPage } from '../../../app/ports/deps.ts';
import type { Row } from '../../columns/fields.ts';
import { REVOCATION } from '../../columns/small.ts';
import type { RowMac } from '../../row-mac.ts';
import type { Connection } from '../engine/open.ts';
import { intactPage, type Stretch } from '../rows/damage.ts';
import { createRowReads } from '../rows/rows.ts';

/** Prepares the reads of revoked tokens on one connection. */
export function createRevocationReads(db: Connection, mac: RowMac) {
  const read = createRowReads(db, mac, REVOCATION);
  const page = read.prepare('WHERE id > ? ORDER BY id LIMIT ? OFFSET ?');
  const idOf = (row: Row) => String(read.valueOf(row, 'id'));
  const old = db
    .prepare<[number, number], string>('SELECT id FROM revoked_token WHERE expire_time_ms < ? LIMIT ?')
    .pluck();
  return {
    /** By id; those that fail their check are passed to `tell` too. */
    list(afterId: string, limit: number, tell: (id: string) => void): RevocationPage {
      const damagedIds: string[] = [];
      const stretch = ({ last, offset, limit: rows }: Stretch<Row>) =>
        page.rows(last === undefined ? afterId : idOf(last), rows, offset);
      const revocations = intactPage(limit, stretch, {
        authentic: read.authentic,
        tell(row) {
          damagedIds.push(idOf(row));
          tell(idOf(row));
        },
      });
      return { revocations, damagedIds };
    },
    /** Ids of those whose tokens expired before then. */
    listOld: (beforeMs: number, limit: number) => old.all(beforeMs, limit),
  };
}

/** Prepares counting a user's revoked tokens. */
export function createRevocationCount(db: Connection): (userId: string) => number {
  const count = db.prepare<[string], number>('SELECT count(*) FROM revoked_token WHERE user_id = ?').pluck();
  return (userId) => count.get(userId) ?? 0;
}
