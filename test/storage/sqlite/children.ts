import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** A program of this folder in a process of its own. */
export interface Child {
  readonly process: ChildProcessByStdio<null, Readable, Readable>;
  /** Lines that it has written so far. */
  readonly lines: readonly string[];
  /** The first line; throws with what it wrote to stderr when it ends without one. */
  firstLine(): Promise<string>;
  /** kill -9, then waits for the end and for what is still in the pipe. */
  kill(): Promise<void>;
  /** Waits until it ends by itself; returns the exit code. */
  ended(): Promise<number | null>;
}

/** Starts `program` (a file of this folder) with Node, or by way of another command such as a shell. */
export function startChild(program: string, args: readonly string[], via: readonly string[] = []): Child {
  const file = fileURLToPath(new URL(program, import.meta.url));
  const [command = '', ...rest] = [...via, process.execPath, file, ...args];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  let complaints = '';
  reader.on('line', (line) => lines.push(line));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const closed = Promise.all([once(child, 'close'), once(reader, 'close')]);
  return {
    process: child,
    lines,
    async firstLine() {
      if (lines[0] === undefined) await Promise.race([once(reader, 'line'), closed]);
      if (lines[0] === undefined) throw new Error(`${program} ended without a word: ${complaints}`);
      return lines[0];
    },
    async kill() {
      child.kill('SIGKILL');
      await closed;
    },
    async ended() {
      await closed;
      if (complaints !== '') throw new Error(`${program}: ${complaints}`);
      return child.exitCode;
    },
  };
}
