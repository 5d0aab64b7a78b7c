import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import type { FileReader } from './file-reader.ts';
import { FileFault, type FileRequest } from './guarded-file.ts';

/** Something that is read from files of the operator, and again when their content changes. */
export interface Reloadable {
  /** What it is called in the log: `identities`. */
  readonly name: string;
  /** Reads it again in any case. What was read before stays when this throws, which is what loading throws. */
  reload(): void;
  /**
   * Looks at the files; to be called again and again. A content that two looks in a row have found is read: whoever writes
   * a file, or one file after another, is not interrupted. Answers whether something was read. Throws what loading throws,
   * once for each content.
   */
  poll(): boolean;
}

/** No file system's times are coarser than this. */
const FRESH_MS = 2_500;

/** A file that was read, with what tells its content from another one. */
interface Seen {
  readonly request: FileRequest;
  readonly digest: string;
}

/**
 * Reads it for the first time, by `load`, which has to adopt what it has read before it returns. Throws what `load`
 * throws. Every file that it reads through the reader that it is given is looked at from then on.
 */
export function createReloadable(input: {
  readonly name: string;
  readonly reader: FileReader;
  readonly load: (reader: FileReader) => void;
  readonly nowMs?: () => number;
}): Reloadable {
  const { name, reader, load } = input;
  const looks = createLooks(reader, input.nowMs ?? Date.now);
  /** By path: the content of the latest try, whatever became of it. */
  let tried: ReadonlyMap<string, Seen> = new Map();
  let noticed = '';

  function attempt(): void {
    const seen = new Map<string, Seen>();
    const before = tried;
    const digests = looks.of(before);
    try {
      load(watching(reader, seen));
      tried = seen;
    } catch (error) {
      // What was not reached counts as it was just before.
      const missed = [...before].map(([path, { request }]) => {
        return [path, { request, digest: digests.get(path) ?? '' }] as const;
      });
      tried = new Map([...missed, ...seen]);
      throw error;
    } finally {
      noticed = '';
    }
  }

  attempt();
  return {
    name,
    reload: attempt,
    poll() {
      const digests = looks.of(tried);
      const isSame = [...tried].every(([path, { digest }]) => digests.get(path) === digest);
      const now = isSame ? '' : JSON.stringify([...digests]);
      const isSettled = now !== '' && now === noticed;
      noticed = now;
      if (!isSettled) return false;
      attempt();
      return true;
    },
  };
}

/** Notes what is read on the way. */
function watching(reader: FileReader, seen: Map<string, Seen>): FileReader {
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

/** Looks at files; one whose inode, size and times are those of the last look is not read again. */
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
    of(files: ReadonlyMap<string, Seen>): ReadonlyMap<string, string> {
      known = new Map([...files].map(([path, seen]) => [path, look(seen)]));
      return new Map([...known].map(([path, { digest }]) => [path, digest]));
    },
  };
}

/** Empty for a file that was changed just now: it may change again before its times do. */
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
