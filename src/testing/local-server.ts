import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RESOURCES } from '../std/resources.ts';
import { CsmsError } from './csms-error.ts';
import { temporaryFiles } from './temporary-files.ts';
import type { CsmsAddress, CsmsOptions } from './types.ts';
import { seedText } from './world.ts';

const START_MS_MAX = 120_000;
/** The server takes ten seconds at most. */
const STOP_MS_MAX = 20_000;
/** What is kept of the server's output, to say why it did not start. */
const OUTPUT_MAX = 65_536;
const LISTENING = /^csms-server listening on (?:port (\d+) of this container|(\S+))$/m;
/** Variables of the caller that are not meant for another program: they debug, measure or report its tests. */
const CALLERS_OWN = /^(?:CSMS_|NODE_(?:OPTIONS|V8_COVERAGE|TEST_CONTEXT|CHANNEL_|UNIQUE_ID))/;

/** A server that this program has started. */
export interface LocalServer extends CsmsAddress {
  /** Ends it; leaves no process and no file. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts `dev` as a process of its own, with its data in a temporary directory. It ends with this program, however that
 * ends, and takes its directory with it: both watch the channel between them. Does not keep this program alive.
 * Throws CsmsError with the line that the server printed when it refuses to start.
 */
export async function startLocalServer(options: CsmsOptions): Promise<LocalServer> {
  const directory = join(tmpdir(), `csms-server-${randomUUID()}`);
  const { env = {} } = options;
  const given = options.controlToken ?? env.CSMS_CONTROL_TOKEN;
  const controlToken = given ?? randomBytes(24).toString('base64url');
  const child = launch(directory, { ...options, controlToken });
  // The server does so itself, unless it was killed.
  const remove = () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  child.once('exit', remove);
  const endpoint = await listening(child);
  release(child);
  let ended: Promise<void> | undefined;
  const stop = () => {
    ended ??= end(child);
    return ended;
  };
  return { endpoint, controlToken, stop };
}

function launch(directory: string, { controlToken, env, port, seed }: CsmsOptions): ChildProcess {
  const { dataDirectory, seedFile } = temporaryFiles(directory);
  const inherited = Object.entries(process.env).filter(([name]) => !CALLERS_OWN.test(name));
  const given = Object.entries(env ?? {}).filter(([, value]) => value !== undefined);
  const settings = {
    CSMS_LOG_LEVEL: 'warn',
    CSMS_PORT: '0',
    ...Object.fromEntries(given),
    CSMS_DATA: dataDirectory,
    CSMS_CONTROL_TOKEN: controlToken,
    ...(port !== undefined && { CSMS_PORT: `${port}` }),
    ...(seed !== undefined && { CSMS_SEED: typeof seed === 'string' ? resolve(seed) : seedFile }),
  };
  const program = fileURLToPath(RESOURCES.temporaryServer);
  const child = spawn(process.execPath, [program, directory, 'dev'], {
    // What worlds leave is given back, as for npm start. See docs/adr/0066-worlds.md.
    env: { MALLOC_MMAP_THRESHOLD_: '32768', ...Object.fromEntries(inherited), ...settings },
    stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
    // Ctrl-C is for the tests, which may want to say goodbye.
    detached: true,
  });
  // One that ends early does not read it.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(typeof seed === 'object' ? seedText(seed) : '');
  return child;
}

/** Resolves with the address once the server listens. */
function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolved, rejected) => {
    let [stdout, stderr] = ['', ''];
    const late = setTimeout(() => child.kill('SIGKILL'), START_MS_MAX);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout = `${stdout}${text}`.slice(-OUTPUT_MAX);
      const [, port, address] = LISTENING.exec(stdout) ?? [];
      if (address === undefined && port === undefined) return;
      clearTimeout(late);
      resolved(address ?? `http://127.0.0.1:${port}`);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = `${stderr}${text}`.slice(-OUTPUT_MAX);
    });
    // For good: one that is not caught would end this program.
    child.on('error', (error) => {
      clearTimeout(late);
      rejected(error);
    });
    child.once('close', (code, signal) => {
      clearTimeout(late);
      const reason = reasonIn(stderr) ?? `csms-server ended with ${code ?? signal} before it listened`;
      rejected(new CsmsError(reason, { exitCode: code ?? undefined }));
    });
  });
}

/** The line that says why the program ends: log lines are JSON. */
function reasonIn(stderr: string): string | undefined {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  return lines.findLast((line) => /^csms-server\b/.test(line)) ?? lines.at(-1);
}

/** Lets this program end while the server runs. */
function release(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
  // The casts: pipes of a child are sockets. What they bring is dropped, so that they never fill.
  for (const pipe of [child.stdout, child.stderr] as (Socket | null)[]) {
    pipe?.removeAllListeners('data').resume().unref();
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolved) => child.once('exit', resolved));
  child.ref();
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
  await ended;
  clearTimeout(late);
}
