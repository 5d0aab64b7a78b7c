import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterAll, beforeAll } from 'vitest';

/** The top of the repository: commands run here, as a person in a checkout runs them. */
export const ROOT = join(import.meta.dirname, '..', '..');
/** The folder of an installed package that is tested instead of the sources; empty: the sources. */
const PACKAGE = process.env.E2E_PACKAGE ?? '';
/** What starts the program, for a Node that is new enough, and for any. */
export const MAIN = PACKAGE === '' ? 'src/main.ts' : join(PACKAGE, 'dist', 'main.cjs');
export const LAUNCHER = join(PACKAGE, 'src', 'launch.js');
/** The module `csms-server/testing`. */
export const TESTING =
  PACKAGE === '' ? join(ROOT, 'src', 'testing', 'testing.ts') : join(PACKAGE, 'dist', 'testing.cjs');
const START_MS = 60_000;
/** A hundred processes start here; they compile the program once. */
const COMPILE_CACHE = join(tmpdir(), 'csms-e2e-compiled');

/** Variables of a child beside PATH and HOME; nothing else of ours reaches it. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** A command that has ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A server that listens. */
export interface RunningServer {
  readonly process: ChildProcess;
  readonly baseUrl: string;
  /** What it has written so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Ends it by its pid; returns the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** Waits until its log holds the text. */
  logged(text: string): Promise<void>;
}

const running = new Set<ChildProcess>();
const scratch: string[] = [];

/** Ends every process of a test and removes its directories; after each test, whoever wrote it. */
export async function endAll(): Promise<void> {
  await Promise.all([...running].map((child) => kill(child)));
  for (const directory of scratch.splice(0)) rmSync(directory, { recursive: true, force: true });
}

/** A directory that is gone after the test. */
export function createScratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'csms-e2e-'));
  scratch.push(directory);
  return directory;
}

/** A directory that is gone after the last test of a block. */
export function shareScratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'csms-e2e-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Starts `csms-server` with these arguments and waits for the line that says it listens; throws what it wrote if it ends first. */
export async function startServer(
  args: readonly string[],
  variables: Variables,
  program: readonly string[] = [process.execPath, MAIN],
): Promise<RunningServer> {
  const child = launch([...program, ...args], { CSMS_PORT: '0', ...variables });
  const output = collect(child);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const isUp = () => /^csms-server listening on (.+)\n/m.exec(output.stdout())?.[1];
  await until(
    () => isUp() !== undefined || child.exitCode !== null,
    () => `${output.stdout()}${output.stderr()}`,
  );
  const baseUrl = isUp();
  if (baseUrl === undefined) throw new Error(`it ended with ${child.exitCode}: ${output.stderr()}`);
  return {
    process: child,
    baseUrl,
    ...output,
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      return exited;
    },
    logged: (text) => until(() => output.stderr().includes(text), output.stderr),
  };
}

/** `dev` on a free port, with its data in this directory. */
export function startDev(directory: string, variables: Variables = {}): Promise<RunningServer> {
  return startServer(['dev'], { CSMS_DATA: directory, ...variables });
}

/** One `dev` for all tests of a block, on a directory of its own; both are there once the tests run. */
export function shareDev(variables: Variables = {}): {
  readonly server: RunningServer;
  readonly directory: string;
} {
  const directory = shareScratch();
  let server: RunningServer | undefined;
  beforeAll(async () => {
    server = await startDev(directory, variables);
    // It outlives the single test.
    running.delete(server.process);
  });
  afterAll(async () => {
    if (server !== undefined) await kill(server.process);
  });
  return {
    directory,
    get server() {
      if (server === undefined) throw new Error('not started');
      return server;
    },
  };
}

/** Keeps a server for the tests after this one as well; the caller ends it. */
export function outliveTest(server: RunningServer): RunningServer {
  running.delete(server.process);
  return server;
}

/** Runs `csms-server` with these arguments to its end. */
export function run(args: readonly string[], variables: Variables = {}, input = ''): Promise<Ended> {
  return runProgram([process.execPath, MAIN, ...args], variables, input);
}

/** Runs any program to its end, in the repository. */
export async function runProgram(
  command: readonly string[],
  variables: Variables = {},
  input = '',
): Promise<Ended> {
  const child = launch(command, variables);
  const output = collect(child);
  child.stdin?.end(input);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout: output.stdout(), stderr: output.stderr() };
}

/** What credentials.env of a data directory sets. */
export function readCredentials(directory: string): Record<string, string> {
  return parseEnv(readFileSync(join(directory, 'credentials.env'), 'utf8')) as Record<string, string>;
}

/** True when the machine has this program. */
export function hasProgram(name: string): boolean {
  return (process.env.PATH ?? '').split(':').some((directory) => existsSync(join(directory, name)));
}

/** A port that is in use until `release`. */
export async function takePort(): Promise<{ readonly port: number; release(): void }> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, release: () => server.close() };
}

/** Waits for a condition, asking often; throws with an explanation when it does not come true. */
export async function until(condition: () => boolean, explain: () => string = () => ''): Promise<void> {
  const deadline = performance.now() + START_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain: ${explain()}`);
    await new Promise((resume) => setTimeout(resume, 10));
  }
}

function launch(command: readonly string[], variables: Variables): ChildProcess {
  const [program = '', ...args] = command;
  const { PATH = '', HOME = '/' } = process.env;
  const env = { PATH, HOME, NODE_COMPILE_CACHE: COMPILE_CACHE, ...variables };
  const child = spawn(program, args, { cwd: ROOT, env, stdio: ['pipe', 'pipe', 'pipe'] });
  // A child that ends early does not read what it is given.
  child.stdin?.on('error', () => undefined);
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

function collect(child: ChildProcess): Pick<RunningServer, 'stdout' | 'stderr'> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return { stdout: () => stdout, stderr: () => stderr };
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await gone;
}
