import { type FileHandle, open } from 'node:fs/promises';

/** Waiting lines, in UTF-16 units; what comes when there are more is dropped. */
const WAITING_MAX = 4_194_304;

/** A file to which lines are added in the background. */
export interface LineFile {
  /** Takes one line, its line feed included. Never waits, never throws. */
  add(line: string): void;
  /** Resolves when what was added is written, as far as that is possible. */
  close(): Promise<void>;
}

/**
 * Opens a file of ours for more lines, or creates it for us alone. `onLost` is called once, for the first lines that are
 * lost: they could not be written, or came faster than that. Throws what opening does.
 */
export async function openLineFile(path: string, onLost: () => void): Promise<LineFile> {
  const file = await open(path, 'a', 0o600);
  let [waiting, hasLost] = ['', false];
  let writing: Promise<void> | undefined;

  function lose(): void {
    if (!hasLost) onLost();
    hasLost = true;
  }

  async function write(): Promise<void> {
    while (waiting !== '') {
      const text = waiting;
      waiting = '';
      await file.appendFile(text).catch(lose);
    }
    writing = undefined;
  }

  return {
    add(line) {
      if (waiting.length > WAITING_MAX) return lose();
      waiting += line;
      writing ??= new Promise<void>((resolve) => setImmediate(resolve)).then(write);
    },
    close: () => closeAfter(file, () => writing),
  };
}

async function closeAfter(file: FileHandle, writing: () => Promise<void> | undefined): Promise<void> {
  await writing();
  await file.close();
}
