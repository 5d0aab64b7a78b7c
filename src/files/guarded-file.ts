import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { systemCode } from '../std/system-code.ts';
import { accessFault, type FileContent, presentReader } from './file-access.ts';

/** A file that cannot be read, or must not be trusted. The reason continues a sentence that begins with the path. */
export class FileFault extends Error {
  readonly path: string;
  readonly reason: string;
  /** The system's error code; absent when the file breaks a rule of ours. */
  readonly code: string | undefined;

  constructor(path: string, reason: string, code?: string) {
    super(`${path} ${reason}`);
    this.name = 'FileFault';
    this.path = path;
    this.reason = reason;
    this.code = code;
  }
}

/** A file to read. */
export interface FileRequest {
  readonly path: string;
  readonly content: FileContent;
  readonly bytesMax: number;
}

/**
 * Reads a small regular file, links followed, and checks owner and mode of what it has opened, so that the file cannot be
 * exchanged in between. The caller owns the bytes. Throws FileFault when the file cannot be read, is not a regular file
 * or is too large; it never waits for pipes and devices. `fault`: why the file should not be trusted.
 */
export function readGuarded({ path, content, bytesMax }: FileRequest) {
  let file: number;
  try {
    // Without O_NONBLOCK a named pipe would block the server for ever.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new FileFault(path, 'is not a file');
    if (stat.size > bytesMax) throw new FileFault(path, `is too large: at most ${bytesMax} bytes`);
    const bytes = readAll(file, path, stat.size);
    const reason = accessFault(stat, presentReader(), content);
    return { bytes, fault: reason === undefined ? undefined : new FileFault(path, reason) };
  } catch (error) {
    throw error instanceof FileFault ? error : unreadable(path, error);
  } finally {
    closeSync(file);
  }
}

function readAll(file: number, path: string, size: number): Buffer {
  // One byte more than expected: a file that is just being written must not be read in half.
  const bytes = Buffer.alloc(size + 1);
  let length = 0;
  for (let read = -1; read !== 0 && length <= size; length += read) {
    read = readSync(file, bytes, length, bytes.length - length, length);
  }
  if (length === size) return bytes.subarray(0, length);
  bytes.fill(0);
  throw new FileFault(path, 'is being written');
}

function unreadable(path: string, error: unknown): FileFault {
  const code = systemCode(error) || 'unknown reason';
  return new FileFault(path, `cannot be read (${code})`, code);
}
