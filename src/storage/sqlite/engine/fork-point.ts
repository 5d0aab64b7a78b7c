import type { RandomSource } from '../../../app/ports/deps.ts';
import type { RowMac } from '../../row-mac.ts';
import type { OnDamage } from '../rows/damage.ts';
import { createChangeCounters } from './change-counters.ts';
import { type Connection, imageOf, openImage, readOrDamaged } from './open.ts';
import { createReadModels, type ReadModels } from './read-models.ts';

/**
 * The data of a store at one moment, in memory. Copies begin from it, and until its first change each of them reads here:
 * copies that are never changed share one connection.
 */
export interface ForkPoint {
  /** As `openImage` takes it. */
  readonly image: Buffer;
  /** Throw unavailable when no copy holds it any more. */
  readonly reads: ReadModels;
  /** To be called by each copy when it begins. */
  hold(): void;
  /** To be called by each copy when it ends; the last one frees the memory. */
  release(): void;
}

/** What reading from a fork point takes; `discard` closes a connection that ends before its thread, default at once. */
export interface ForkPointOptions {
  readonly mac: RowMac;
  readonly onDamage: OnDamage;
  readonly random: RandomSource;
  readonly discard?: ((db: Connection) => void) | undefined;
}

/**
 * Prepares fork points of the database on a connection that reads. The returned function gives the present one, which is
 * the same while nothing changes and a copy holds it.
 */
export function createForkPoints(db: Connection, options: ForkPointOptions): () => ForkPoint {
  // Differs after every commit of another connection, and after every change on this one.
  const version = db
    .prepare<[], string>(`SELECT data_version || '/' || total_changes() FROM pragma_data_version`)
    .pluck();
  let latest: { readonly point: ForkPoint; readonly version: string | undefined } | undefined;
  return () => {
    // Before the data are read: what is committed in between belongs to the next version.
    const present = readOrDamaged(() => version.get());
    if (latest === undefined || latest.version !== present) {
      const point = createForkPoint(imageOf(db), options, () => {
        if (latest?.point === point) latest = undefined;
      });
      latest = { point, version: present };
    }
    return latest.point;
  };
}

/** Prepares reading how large the database is, in bytes. */
export function createSizeRead(db: Connection): () => number {
  const size = db
    .prepare<[], number>('SELECT page_count * page_size FROM pragma_page_count, pragma_page_size')
    .pluck();
  return () => readOrDamaged(() => size.get() ?? 0);
}

function createForkPoint(image: Buffer, options: ForkPointOptions, onEnd: () => void): ForkPoint {
  const db = openImage(image, { readonly: true });
  let holders = 0;
  return {
    image,
    reads: createReadModels(db, { ...options, changes: createChangeCounters() }),
    hold() {
      holders += 1;
    },
    release() {
      holders -= 1;
      if (holders > 0) return;
      onEnd();
      if (options.discard === undefined) db.close();
      else options.discard(db);
    },
  };
}
