import { statSync } from 'node:fs';
import { stat } from 'node:fs/promises';

/** How often the files are looked for: what happens to them is noticed within a second. */
const LOOK_MS = 300;

/** Whether the files that are open are still the ones that their names lead to. */
export interface Presence {
  /** False once one was removed, replaced or put out of reach; true again when the same one is back. */
  isThere(): boolean;
  stop(): void;
}

/**
 * Watches files that are open: a file that is removed keeps working for whoever has it open, and everything written
 * to it is lost with the process. Looks without waiting, so that a file system that hangs stops nobody, and tells when the answer has become another.
 */
export function watchPresence(files: readonly string[], onChange: () => void): Presence {
  const opened = files.map((file) => identityOf(statSync(file, { bigint: true })));
  let isThere = true;
  let isLooking = false;

  async function look(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    const found = await Promise.all(
      files.map((file) => stat(file, { bigint: true }).then(identityOf, () => undefined)),
    );
    const wasThere = isThere;
    isThere = found.every((identity, index) => identity === opened[index]);
    isLooking = false;
    if (isThere !== wasThere) onChange();
  }

  const timer = setInterval(() => void look(), LOOK_MS);
  timer.unref();
  return { isThere: () => isThere, stop: () => clearInterval(timer) };
}

function identityOf({ dev, ino }: { readonly dev: bigint; readonly ino: bigint }): string {
  return `${dev}:${ino}`;
}
