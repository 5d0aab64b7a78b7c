import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { systemCode } from '../std/system-code.ts';

/** Waiting lines, in UTF-16 units: at most three times as many bytes, usually as many. */
const WAITING_MAX = 1_048_576;
/** This many are written without waiting for the delay, and at most this many at once. */
const ENOUGH = 32_768;
const BATCH_MAX = 65_536;
/** How soon a full reader is tried again: soon when it has just read, then later and later. */
const RETRY_MS = { min: 1, max: 64 };
const PAUSE_MS = 10;
const NOTHING: Buffer = Buffer.alloc(0);
const DROPPED = 'log lines were dropped: they were not read in time';
const FAILED_FOR_NOW = new Set(['EAGAIN', 'EINTR', 'EBUSY', 'ENOSPC', 'EDQUOT']);

/**
 * Writes lines to an open descriptor without ever waiting for its reader. What cannot be written waits, up to 1 MiB; then
 * lines are dropped, and a line says how many as soon as the reader reads again. A missing reader is not a failure.
 * `delayMs`: how long lines are gathered, so that a busy server writes many at once; 0: not at all. `format` formats each
 * line.
 *
 * Node's own streams either wait for a full pipe or hand the write to a thread that does, and a thread that waits keeps
 * the process from ending.
 */
export function createLogDestination(
  descriptor: number,
  options: { readonly delayMs: number; readonly format?: (line: string) => string },
) {
  const { delayMs, format = (line) => line } = options;
  const target = openWithoutWaiting(descriptor);
  const backlog = createBacklog(format);
  let isFull = false;
  let retryMs = RETRY_MS.min;
  let isWaking = false;

  function wakeIn(ms: number): void {
    if (isWaking) return;
    isWaking = true;
    const wake = () => {
      isWaking = false;
      send();
    };
    setTimeout(wake, ms).unref();
  }

  /** Writes as much as the reader takes. */
  function send(): void {
    isFull = false;
    for (let batch = backlog.next(); batch !== undefined && !isFull; batch = backlog.next()) writeOnce(batch);
    if (!isFull) return;
    wakeIn(retryMs);
    retryMs = Math.min(retryMs * 2, RETRY_MS.max);
  }

  function writeOnce(batch: Buffer): void {
    try {
      backlog.skip(writeSync(target, batch));
      retryMs = RETRY_MS.min;
    } catch (error) {
      if (FAILED_FOR_NOW.has(systemCode(error))) isFull = true;
      else backlog.close();
    }
  }

  return {
    /** Takes one line, its line feed included. */
    write(line: string): void {
      const waiting = backlog.add(format(line));
      if (isFull) return;
      if (delayMs === 0 || waiting >= ENOUGH) send();
      else wakeIn(delayMs);
    },
    /** Lines that were lost: the reader was too slow, or is gone. */
    dropped: backlog.dropped,
    /** Writes what is left, waiting for the reader at most this long. For the end of the process. */
    flush(waitMsMax: number): void {
      const end = performance.now() + waitMsMax;
      for (send(); isFull && performance.now() < end; send()) pause();
    },
  };
}

/** What is waiting to be written. */
function createBacklog(format: (line: string) => string) {
  let gathered = '';
  let batch: Buffer = NOTHING;
  let [dropped, untold] = [0, 0];
  let isClosed = false;

  function droppedLine(): string {
    const fields = { level: 40, time: Date.now(), lines: untold, msg: DROPPED };
    untold = 0;
    return format(`${JSON.stringify(fields)}\n`);
  }

  return {
    /** Returns how much is waiting now. */
    add(line: string): number {
      if (isClosed || gathered.length + batch.length + line.length > WAITING_MAX) {
        dropped += 1;
        untold += 1;
      } else gathered += line;
      return gathered.length;
    },
    /** The next bytes to write; undefined when there are none. */
    next(): Buffer | undefined {
      if (batch.length > 0) return batch;
      if (isClosed) return undefined;
      if (gathered === '' && untold > 0) gathered = droppedLine();
      if (gathered === '') return undefined;
      const end = endOfBatch(gathered);
      batch = Buffer.from(gathered.slice(0, end));
      gathered = gathered.slice(end);
      return batch;
    },
    /** So many of them have been written. */
    skip(bytes: number): void {
      batch = batch.subarray(bytes);
    },
    /** The reader is gone: all that comes is lost. */
    close(): void {
      isClosed = true;
      [gathered, batch] = ['', NOTHING];
    },
    dropped: () => dropped,
  };
}

/** Whole lines where possible: two writers on one pipe then mix lines and not parts of them. */
function endOfBatch(lines: string): number {
  return lines.length <= BATCH_MAX ? lines.length : lines.lastIndexOf('\n', BATCH_MAX - 1) + 1 || BATCH_MAX;
}

/**
 * The same file in a mode in which a full pipe is an error rather than a wait. A pipe and a terminal are opened a second
 * time, since the mode belongs to the opened file, which others such as the shell may share. A socket, such as systemd's,
 * cannot be opened again; Node sets the mode when it takes one over. Where none of it is possible, the descriptor is used
 * as it is. A regular file never makes its writer wait for a reader.
 */
function openWithoutWaiting(descriptor: number): number {
  const stat = fstatSync(descriptor);
  if (stat.isSocket()) return takeOver(descriptor);
  // A character device: a terminal, whose user may have stopped the output.
  if (!stat.isFIFO() && !stat.isCharacterDevice()) return descriptor;
  try {
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    const opened = openSync(`/proc/self/fd/${descriptor}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
    if (fstatSync(opened).ino === stat.ino) return opened;
    closeSync(opened);
  } catch {
    // Not Linux, or another user's terminal.
  }
  return stat.isFIFO() ? takeOver(descriptor) : descriptor;
}

function takeOver(descriptor: number): number {
  try {
    new Socket({ fd: descriptor, readable: false, writable: true }).on('error', () => undefined).unref();
  } catch {
    // The descriptor is used as it is.
  }
  return descriptor;
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}
