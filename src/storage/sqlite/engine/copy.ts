import type { OnNews } from '../../../app/ports/deps.ts';
import { unavailable } from '../../../core/errors.ts';
import type { ForkPoint } from './fork-point.ts';
import { ROOM } from './inline-store.ts';
import { ENDED } from './open.ts';
import type { ReadModels } from './read-models.ts';
import type { SqliteStore } from './store-options.ts';

/**
 * A copy of a database in memory: until its first change it reads from the fork point, which it shares with others; then
 * `open` gives it data of its own.
 */
export function createCopy(point: ForkPoint, open: (image: Buffer) => SqliteStore): SqliteStore {
  const listeners: OnNews[] = [];
  let own: SqliteStore | undefined;
  let isEnded = false;
  point.hold();

  function reads(): ReadModels {
    if (isEnded) throw unavailable(ENDED);
    return own ?? point.reads;
  }

  function changed(): SqliteStore {
    own = open(point.image);
    for (const listener of listeners) own.onNews(listener);
    return own;
  }

  return {
    ...delegating(point.reads, reads),
    async change(command, actor) {
      if (isEnded) throw unavailable(ENDED);
      return (own ?? changed()).change(command, actor);
    },
    onNews(listener) {
      listeners.push(listener);
      own?.onNews(listener);
    },
    storageStatus: () => own?.storageStatus() ?? { ...ROOM, refusal: isEnded ? 'ended' : undefined },
    forkPoint() {
      if (isEnded) throw unavailable(ENDED);
      return own?.forkPoint() ?? point;
    },
    sizeBytes() {
      if (isEnded) throw unavailable(ENDED);
      return own?.sizeBytes() ?? point.image.length;
    },
    async close() {
      if (isEnded) return;
      isEnded = true;
      await own?.close();
      point.release();
    },
  };
}

/** Every read, of what `present` returns at the time. */
function delegating(reads: ReadModels, present: () => ReadModels): ReadModels {
  type Read = (...parameters: unknown[]) => unknown;
  const names = Object.keys(reads) as (keyof ReadModels)[];
  // One entry for each name of the type, with parameters and result of the read of that name.
  return Object.fromEntries(
    names.map((name) => [name, (...given: unknown[]) => (present()[name] as Read)(...given)]),
  ) as unknown as ReadModels;
}
