import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of its own in memory. */
export interface SmallVolume {
  readonly path: string;
  freeBytes(): number;
  /** Lets a file grow until so many bytes are free; `remove` takes it away again. */
  fill(leaveBytes: number): { remove(): void };
  unmount(): void;
}

/** Mounts a volume of that size. Throws when this machine does not allow it: the tests that need one must not be skipped. */
export function mountVolume(bytes: number): SmallVolume {
  const path = mkdtempSync(join(tmpdir(), 'csms-volume-'));
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path]);
  if (status !== 0) {
    rmSync(path, { recursive: true });
    throw new Error(`these tests mount small volumes and have to run as root: ${String(stderr)}`);
  }
  const freeBytes = () => {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  };
  return {
    path,
    freeBytes,
    fill(leaveBytes) {
      const filler = join(path, 'filler');
      try {
        appendFileSync(filler, Buffer.alloc(Math.max(0, freeBytes() - leaveBytes), 'f'));
      } catch (error) {
        // A server wrote meanwhile, and it is as full as it can be.
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
      return { remove: () => rmSync(filler) };
    },
    unmount() {
      spawnSync('umount', ['-l', path]);
      rmSync(path, { recursive: true, force: true });
    },
  };
}
