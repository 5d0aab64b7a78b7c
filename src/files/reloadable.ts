import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { FileReader } from './file-reader.ts';
import { FileFault, type FileRequest } from './guarded-file.ts';

/** Something that is read from files of the operator, and again when their content changes. */
export interface Reloadable {
  /** Its name in the log, such as `identities`. */
  readonly name: string;
  /**
   * Reads the files again in any case, as they are from now on. When this rejects, with what loading throws, what was
   * read before stays in force.
   */
  reload(): Promise<void>;
  /**
   * Checks the files; to be called again and again. Content that two checks in a row have found is read, so that files
   * are not read while they are being written. Returns whether something was read; false, without a check, while a
   * reading is under way. Rejects with what loading throws, once for each content.
   */
  poll(): Promise<boolean>;
  /** Does work while nothing is being read. Rejects with what the work throws. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
}

/** Coarser than the times of any file system. */
const FRESH_MS = 2_500;
/** How long checks may hold the thread. */
const SLICE_MS = 5;

/** A file that was read, with what distinguishes its content. */
export interface Seen {
  readonly request: FileRequest;
  readonly digest: string;
}

/** The outcome of one reading. */
export interface LoadOutcome {
  /** By path. */
  readonly seen: ReadonlyMap<string, Seen>;
  /** Why the content was not adopted; absent: it was. */
  readonly error?: unknown;
}

/**
 * Reads for the first time, by `load`, which must adopt what it has read before it returns. Throws what `load` throws.
 * Every file that `load` reads through its reader is checked from then on. `loadAside` does later readings where they
 * would hold the thread for long; it never rejects. Readings never overlap.
 */
export function createReloadable(input: {
  readonly name: string;
  readonly reader: FileReader;
  readonly load: (reader: FileReader) => void;
  readonly loadAside?: () => Promise<LoadOutcome>;
  readonly nowMs?: () => number;
}): Reloadable {
  const { name, reader, load } = input;
  const looks = createLooks(reader, input.nowMs ?? Date.now);
  const queue = createQueue();
  const first = loadHere(reader, load);
  if ('error' in first) throw first.error;
  /** By path: the content of the latest try, adopted or not. */
  let tried = first.seen;
  let noticed = '';
  let next: Promise<void> | undefined;

  async function attempt(): Promise<void> {
    next = undefined;
    const before = tried;
    const digests = await looks.of(before);
    const loaded = (await input.loadAside?.()) ?? loadHere(reader, load);
    noticed = '';
    tried = loaded.seen;
    if (!('error' in loaded)) return;
    // A file that was not reached counts as it was just before.
    const missed = [...before].map(([path, { request }]) => {
      return [path, { request, digest: digests.get(path) ?? '' }] as const;
    });
    tried = new Map([...missed, ...loaded.seen]);
    throw loaded.error;
  }

  async function look(): Promise<boolean> {
    const digests = await looks.of(tried);
    const isSame = [...tried].every(([path, { digest }]) => digests.get(path) === digest);
    const now = isSame ? '' : JSON.stringify([...digests]);
    const isSettled = now !== '' && now === noticed;
    noticed = now;
    if (!isSettled) return false;
    await attempt();
    return true;
  }

  return {
    name,
    reload() {
      // An attempt that has not begun serves all who wait for it.
      next ??= queue.run(attempt);
      return next;
    },
    poll: async () => (queue.isBusy() ? false : queue.run(look)),
    exclusively: (work) => queue.run(work),
  };
}

/** One thing after another. */
function createQueue() {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return {
    isBusy: () => waiting > 0,
    run<T>(work: () => Promise<T>): Promise<T> {
      waiting += 1;
      const run = last.then(work).finally(() => {
        waiting -= 1;
      });
      last = run.catch(() => undefined);
      return run;
    },
  };
}

/** Loads on this thread. Never throws. */
function loadHere(reader: FileReader, load: (reader: FileReader) => void): LoadOutcome {
  const seen = new Map<string, Seen>();
  try {
    load(watchReading(reader, seen));
    return { seen };
  } catch (error) {
    return { seen, error };
  }
}

/** Records in `seen` what is read. */
export function watchReading(reader: FileReader, seen: Map<string, Seen>): FileReader {
  return {
    read(request) {
      try {
        const bytes = reader.read(request);
        seen.set(request.path, { request, digest: digestOf(bytes) });
        return bytes;
      } catch (error) {
        seen.set(request.path, { request, digest: digestOfFault(error) });
        throw error;
      }
    },
  };
}

/** Checks files; one whose inode, size and times are those of the last check is not read again. */
function createLooks(reader: FileReader, nowMs: () => number) {
  let known = new Map<string, { readonly stamp: string; readonly digest: string }>();

  function look({ request }: Seen): { readonly stamp: string; readonly digest: string } {
    const stamp = stampOf(request.path, nowMs());
    const last = known.get(request.path);
    if (last !== undefined && stamp !== '' && last.stamp === stamp) return last;
    try {
      const bytes = reader.read(request);
      const digest = digestOf(bytes);
      bytes.fill(0);
      return { stamp, digest };
    } catch (error) {
      return { stamp, digest: digestOfFault(error) };
    }
  }

  return {
    async of(files: ReadonlyMap<string, Seen>): Promise<ReadonlyMap<string, string>> {
      const looked: typeof known = new Map();
      let sliceMs = performance.now();
      for (const [path, seen] of files) {
        looked.set(path, look(seen));
        if (performance.now() - sliceMs < SLICE_MS) continue;
        await setImmediate();
        sliceMs = performance.now();
      }
      known = looked;
      return new Map([...known].map(([path, { digest }]) => [path, digest]));
    },
  };
}

/** Empty for a file that has just changed: it may change again before its times do. */
function stampOf(path: string, nowMs: number): string {
  try {
    const { ctimeMs, ctimeNs, dev, ino, mtimeNs, size } = statSync(path, { bigint: true });
    if (Math.abs(nowMs - Number(ctimeMs)) < FRESH_MS) return '';
    return [dev, ino, size, mtimeNs, ctimeNs].join(':');
  } catch {
    return 'absent';
  }
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('base64');
}

function digestOfFault(error: unknown): string {
  if (error instanceof FileFault) return error.message;
  throw error;
}
