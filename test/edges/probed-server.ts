import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { stringify } from 'yaml';
import type { Variables } from '../e2e/process.ts';

/** The user of `writeOneUser`, who reaches one project. */
export const PROJECT = 'a1'.repeat(16);
export const USER = '2'.repeat(32);
export const ACCOUNT = {
  accessKeyId: 'AKPROBED0000000001',
  secretKey: 'CanarySecretKeyOfProbe5a1c3e7d9b2f4a6c8e0',
};

/** A server with a probe in it. */
export interface ProbedServer {
  readonly directory: string;
  readonly child: ChildProcess;
  readonly baseUrl: string;
  /** What it has logged so far. */
  log(): string;
  /** The longest turn of its event loop while this is done, in milliseconds of processor time. */
  holdOf(work: () => Promise<unknown>): Promise<number>;
}

/**
 * One `serve` for all tests of a file. `fill` puts what it starts from into an empty directory (`data`, `root.key`,
 * `identities.yaml`) and returns settings beside these.
 */
export function shareProbed(fill: (directory: string) => Variables | Promise<Variables>): ProbedServer {
  const directory = mkdtempSync(join(tmpdir(), 'csms-probed-'));
  let child: ChildProcess | undefined;
  let baseUrl: string | undefined;
  let log = '';
  beforeAll(async () => {
    const variables = await fill(directory);
    child = fork('src/main.ts', ['serve'], {
      execArgv: ['--import', new URL('turn-probe.js', import.meta.url).href, '--max-semi-space-size=16'],
      env: {
        PATH: process.env.PATH ?? '',
        CSMS_PORT: '0',
        CSMS_DATA: join(directory, 'data'),
        CSMS_ROOT_KEY: `file:${join(directory, 'root.key')}`,
        CSMS_IDENTITIES: join(directory, 'identities.yaml'),
        ...variables,
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const stdout = child.stdout!;
    child.stderr!.on('data', (chunk: Buffer) => {
      log += chunk.toString();
    });
    child.once('exit', () => stdout.destroy(new Error(`the server has ended: ${log}`)));
    for (let text = ''; baseUrl === undefined; ) {
      const [chunk] = (await once(stdout, 'data')) as [Buffer];
      text += chunk.toString();
      baseUrl = /listening on (\S+)\n/.exec(text)?.[1];
    }
  }, 300_000);
  afterAll(async () => {
    if (child?.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit');
    rmSync(directory, { recursive: true, force: true });
  });
  return {
    directory,
    get child() {
      return child!;
    },
    get baseUrl() {
      return baseUrl!;
    },
    log: () => log,
    async holdOf(work) {
      child!.send('begin');
      await work();
      child!.send('end');
      const [measured] = (await once(child!, 'message')) as [{ readonly longestMs: number }];
      return measured.longestMs;
    },
  };
}

/** An identities file with one user. */
export function writeOneUser(directory: string): void {
  const user = { id: USER, name: 'u', access_keys: [{ ak: ACCOUNT.accessKeyId, sk: ACCOUNT.secretKey }] };
  const domain = { id: '1'.repeat(32), name: 'd', projects: [{ id: PROJECT, name: 'p' }], users: [user] };
  writeFileSync(join(directory, 'identities.yaml'), stringify({ domains: [domain] }), { mode: 0o600 });
}
