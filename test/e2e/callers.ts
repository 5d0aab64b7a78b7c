import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { ROOT, TESTING, until } from './process.ts';

const callers = new Set<ChildProcess>();

/** A program with the module `csms-server/testing`, whose servers have their directories below `scratch`. */
export function startProgram(scratch: string, lines: string): Caller {
  const program = `
    import { setTimeout } from 'node:timers/promises';
    import { startCsms } from '${pathToFileURL(TESTING)}';
    ${lines}`;
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    cwd: ROOT,
    // The last two are the program's own.
    env: { PATH, HOME, TMPDIR: scratch, CSMS_PORT: 'of the caller', NODE_OPTIONS: '--no-warnings' },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, as a shell gives one.
    detached: true,
  });
  callers.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = once(child, 'close').then(([code]) => {
    callers.delete(child);
    return code;
  });
  const printed = (text: string) =>
    until(
      () => output.includes(text),
      () => output,
    );
  return { child, ended, printed, output: () => output };
}

/** A program that runs. */
export interface Caller {
  readonly child: ChildProcess;
  /** Resolves with its exit code. */
  readonly ended: Promise<number | null>;
  printed(text: string): Promise<void>;
  output(): string;
}

/** A program that starts a server, and then does what the lines say. */
export function startCaller(scratch: string, lines: string, options = ''): Caller {
  return startProgram(scratch, `const csms = await startCsms(${options}); console.log('started'); ${lines}`);
}

/** Processes whose command line names the directory. */
export function serversIn(scratch: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return words.some((word) => word.startsWith(`${scratch}/`));
      } catch {
        return false;
      }
    });
}

/** Waits until neither a process nor a file of a server is left. */
export function gone(scratch: string): Promise<void> {
  return until(
    () => serversIn(scratch).length === 0 && readdirSync(scratch).length === 0,
    () => `${serversIn(scratch)} ${readdirSync(scratch)}`,
  );
}

/** Ends the programs that a test left behind. */
export function endCallers(): void {
  for (const caller of callers) caller.kill('SIGKILL');
}

/** What keeps a program from ending. */
export const FOR_EVER = 'await setTimeout(1e9);';

/** The error with which a start ends, of which nothing is left below `scratch`. */
export async function refusedStart(
  scratch: string,
  options: object,
): Promise<{ message: string; exitCode: number }> {
  const { ended, output } = startProgram(
    scratch,
    `await startCsms(${JSON.stringify(options)}).catch(({ message, exitCode }) => {
      console.log(JSON.stringify({ message, exitCode }));
    });`,
  );
  await ended;
  await gone(scratch);
  return JSON.parse(output());
}
