import { statSync } from 'node:fs';
import { stat } from 'node:fs/promises';

/** How often the files are checked: changes are noticed within a second. */
const LOOK_MS = 300;

/**
 * Watches opened files: a removed file keeps working while it is open, and everything written to it is lost with the
 * process. `isThere`: false once one has been removed, replaced or made unreachable, true again when the same one is back.
 * Checks without waiting, so that a hanging file system stops nothing, and reports changes.
 */
export function watchPresence(files: readonly string[], onChange: () => void) {
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
