import { isDiskFull } from '../engine/group-commit.ts';
import { type Connection, isLocked, withoutWaiting } from '../engine/open.ts';

/** Pages of one slice: they are synced while changes wait. */
const SLICE_PAGES = Object.freeze({ idle: 512, busy: 128 });
/** Free pages that stay in the file, for changes to come. */
const KEPT_PAGES_MIN = 256;
const KEPT_SHARE = 1 / 16;
/** A database of at most so many bytes is rewritten once, so that it can return pages from then on. */
const CONVERTED_BYTES_MAX = 32 * 1_048_576;

/** Returns the space of deletions to the file system, little by little. */
export interface Vacuum {
  /** Returns one slice of pages if there are any; true if it did. */
  slice(load: keyof typeof SLICE_PAGES): boolean;
}

/** Prepares the vacuum; a database that cannot return pages keeps them, and they count as room. */
export function createVacuum(db: Connection): Vacuum {
  if (!canGiveBack(db)) return { slice: () => false };
  const count = db.prepare<[], { free: number; all: number }>(
    'SELECT freelist_count AS free, page_count AS "all" FROM pragma_freelist_count, pragma_page_count',
  );
  let isShrinking = false;
  return {
    slice(load) {
      let isDone = false;
      const work = () => {
        const { free, all } = count.get() ?? { free: 0, all: 0 };
        const kept = Math.max(KEPT_PAGES_MIN, all * KEPT_SHARE);
        isShrinking = free > (isShrinking ? kept : 2 * kept);
        if (isShrinking) db.exec(`PRAGMA incremental_vacuum(${SLICE_PAGES[load]})`);
        isDone = isShrinking;
      };
      attempt(work, db);
      return isDone;
    },
  };
}

/**
 * Rewrites a small database of an earlier release once, so that it can return pages. `freeBytes`: room outside it. A
 * larger one, or one without room, stays as it is.
 */
export function convertOnce(db: Connection, freeBytes: number): void {
  const bytes =
    Number(db.pragma('page_count', { simple: true })) * Number(db.pragma('page_size', { simple: true }));
  // The log holds a copy before the database does.
  if (canGiveBack(db) || bytes > CONVERTED_BYTES_MAX || freeBytes < 3 * bytes) return;
  attempt(() => {
    db.pragma('auto_vacuum = INCREMENTAL');
    db.exec('VACUUM');
  }, db);
}

function canGiveBack(db: Connection): boolean {
  return db.pragma('auto_vacuum', { simple: true }) === 2;
}

/** Without room, or when another program blocks it, nothing changes, and nothing depends on it. */
function attempt(work: () => void, db: Connection): void {
  try {
    withoutWaiting(db, work);
  } catch (error) {
    if (!isDiskFull(error) && !isLocked(error)) throw error;
  }
}
