import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createScratch,
  LAUNCHER,
  ROOT,
  runProgram,
  shareScratch,
  startServer,
  until,
  type Variables,
} from './process.ts';

const old = oldNode();
const bundled = existsSync(join(ROOT, 'node_modules', 'node', 'bin', 'node'));
const canLaunch = old !== undefined && bundled;

const started: ChildProcess[] = [];
/** Servers that a test leaves behind when it fails. */
const servers = new Set<number>();
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  for (const pid of servers) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  servers.clear();
});

/** Starts a program that starts a server as a process of its own; answers both, once the server listens. */
async function startAbove(command: readonly string[]): Promise<{ child: ChildProcess; server: number }> {
  const [program = '', ...args] = command;
  const { PATH = '', HOME = '/' } = process.env;
  const env = { PATH, HOME, CSMS_PORT: '0', CSMS_DATA: createScratch() };
  const child = spawn(program, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'ignore'] });
  started.push(child);
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  await until(
    () => stdout.includes('listening on'),
    () => stdout,
  );
  const server = lastChildOf(child.pid ?? 0);
  servers.add(server);
  return { child, server };
}

/** The youngest descendant: npm has a child that has a child. */
function lastChildOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? pid : lastChildOf(Number(children.split(' ').at(-1)));
}

function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

describe.each([
  { name: 'npm start', command: ['npm', 'start'], can: true },
  { name: 'the launcher under an older Node', command: [old ?? '', 'src/launch.js', 'dev'], can: canLaunch },
])('a server that was started by $name', ({ command, can }) => {
  it.runIf(can).each(['SIGTERM', 'SIGKILL'] as const)('ends when that gets %s', async (signal) => {
    const { child, server } = await startAbove(command);
    expect(server).not.toBe(child.pid);
    child.kill(signal);
    await once(child, 'exit');
    await until(() => !isAlive(server));
  });
});

describe('a second signal', () => {
  it('that comes with the first is the same one: open requests still end', async () => {
    const server = await startServer(['dev'], { CSMS_DATA: createScratch() });
    server.process.kill('SIGINT');
    expect(await server.stop('SIGINT')).toBe(0);
  });
});

describe('launch.js', () => {
  it.runIf(canLaunch)('finds the bundled Node when the one that runs it is too old', async () => {
    const { code, stdout } = await runProgram([old ?? '', 'src/launch.js', '--version']);
    expect([code, stdout.slice(0, 12)]).toEqual([0, 'csms-server ']);
  });

  it.runIf(canLaunch)('hands the exit code on', async () => {
    expect((await runProgram([old ?? '', 'src/launch.js', 'frobnicate'])).code).toBe(64);
  });

  it.runIf(canLaunch)('hands SIGTERM on, and ends with 0', async () => {
    const server = await startServer(['dev'], { CSMS_DATA: createScratch() }, [old ?? '', 'src/launch.js']);
    expect(await server.stop()).toBe(0);
  });

  it('runs dev so that the C library gives memory back, as the same process with the same flags', async () => {
    const isLinux = process.platform === 'linux';
    const start = async (variables: Variables) => {
      const program = [process.execPath, '--max-semi-space-size=16', LAUNCHER];
      const server = await startServer(['dev'], { CSMS_DATA: createScratch(), ...variables }, program);
      const [environment, command] = ['environ', 'cmdline'].map((file) =>
        readFileSync(`/proc/${server.process.pid}/${file}`, 'utf8').split('\0'),
      );
      expect(command?.slice(1, 4).join(' ')).toMatch(/^--max-semi-space-size=16 \S*launch\.js dev$/);
      expect(server.stderr()).not.toMatch(/warning/i);
      expect(await server.stop()).toBe(0);
      return environment?.filter((entry) => entry.startsWith('MALLOC_'));
    };
    expect(await start({})).toEqual(isLinux ? ['MALLOC_MMAP_THRESHOLD_=32768'] : []);
    const own = { MALLOC_MMAP_THRESHOLD_: '65536' };
    expect(await start(own)).toEqual(['MALLOC_MMAP_THRESHOLD_=65536']);
  });

  it('keeps the channel to a parent that has one', async () => {
    const child = spawn(process.execPath, [LAUNCHER, 'dev'], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, HOME: '/', CSMS_PORT: '0', CSMS_DATA: createScratch() },
      stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
    });
    started.push(child);
    await once(child.stdout ?? child, 'data');
    expect(child.connected).toBe(true);
    child.disconnect();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('keeps compiled sources for the next start, and starts where they cannot be kept', async () => {
    const start = (directory: string | undefined) =>
      runProgram([process.execPath, 'src/launch.js', '--version'], { NODE_COMPILE_CACHE: directory });
    expect((await start(undefined)).code).toBe(0);
    const kept = readdirSync(join(ROOT, 'node_modules', '.cache', 'csms-server'), { recursive: true });
    expect(kept.length).toBeGreaterThan(1);
    expect((await start('/dev/null/cache')).code).toBe(0);
  });

  it('runs the program itself on a Node that is new enough', async () => {
    const { code, stdout } = await runProgram([process.execPath, 'src/launch.js', '--version']);
    expect([code, stdout.slice(0, 12)]).toEqual([0, 'csms-server ']);
  });
});

describe('a checkout that is not ready', () => {
  const checkout = shareScratch();
  const launch = (node: string) => runProgram([node, join(checkout, 'src', 'launch.js'), 'dev']);
  const place = () => {
    rmSync(join(checkout, 'node_modules'), { recursive: true, force: true });
    for (const name of ['launch.js', 'main.ts']) cpSync(join(ROOT, 'src', name), join(checkout, 'src', name));
    cpSync(join(ROOT, 'package.json'), join(checkout, 'package.json'));
  };

  it('says so when nothing is installed', async () => {
    place();
    const { code, stderr } = await launch(process.execPath);
    expect(code).toBe(69);
    expect(stderr).toMatch(/^csms-server cannot run: [^\n]*"npm ci"[^\n]*\n$/);
  });

  it.runIf(old !== undefined)('says so when Node is too old and none is there', async () => {
    place();
    const { code, stderr } = await launch(old ?? '');
    expect(code).toBe(69);
    expect(stderr).toMatch(/^csms-server cannot run: [^\n]*"npm ci"[^\n]*\n$/);
  });

  it.runIf(old !== undefined)('says so when install scripts were off', async () => {
    place();
    mkdirSync(join(checkout, 'node_modules', 'node'), { recursive: true });
    const { code, stderr } = await launch(old ?? '');
    expect(code).toBe(69);
    expect(stderr).toMatch(/^csms-server cannot run: [^\n]*npm rebuild node[^\n]*\n$/);
  });
});

/** A Node of this machine that is older than 22.18, if there is one. */
function oldNode(): string | undefined {
  const candidates = (process.env.PATH ?? '').split(':').map((directory) => join(directory, 'node'));
  return candidates.find((path) => {
    if (!existsSync(path)) return false;
    const [major = 0, minor = 0] = execFileSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' })
      .split('.')
      .map(Number);
    return major < 22 || (major === 22 && minor < 18);
  });
}
