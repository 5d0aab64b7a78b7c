import { equal, match, ok } from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseEnv } from 'node:util';
import { signRequest } from '../../src/auth/signatures/signer.ts';

// Started by run.sh: a server under the shim, whose disk stops answering in the middle of a change. It keeps reading,
// ends within ten seconds of a signal all the same, and loses nothing that it acknowledged.
const { SHIM = '', HANG_SWITCH = '', PATH = '', HOME = '/' } = process.env;
const root = mkdtempSync(join(tmpdir(), 'csms-hang-'));
const directory = join(root, 'data');
/** The server's ten seconds, and what a busy machine takes to notice. */
const STOP_MS_MAX = 12_000;

async function start(): Promise<{ readonly child: ChildProcess; readonly baseUrl: string }> {
  const env = {
    PATH,
    HOME,
    CSMS_DATA: directory,
    CSMS_PORT: '0',
    LD_PRELOAD: SHIM,
    FSYNC_HANG_SWITCH: HANG_SWITCH,
    FSYNC_EIO_PATH: 'csms.db-wal',
  };
  const main = join(import.meta.dirname, '../../src/main.ts');
  const child = spawn(process.execPath, [main, 'dev'], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const [, baseUrl] = /^csms-server listening on (\S+)$/.exec(line) ?? [];
    if (baseUrl !== undefined) return { child, baseUrl };
  }
  throw new Error('the server did not start');
}

/** A signed call; returns the text of the body. */
async function call(baseUrl: string, method: string, path: string, body?: string): Promise<string> {
  const account = parseEnv(readFileSync(join(directory, 'credentials.env'), 'utf8'));
  const projectId = account.HUAWEICLOUD_SDK_PROJECT_ID ?? '';
  const url = `${baseUrl}/v1/${projectId}/secrets${path}`;
  const headers = signRequest({
    method,
    url,
    headers: { 'Content-Type': 'application/json' },
    accessKeyId: account.HUAWEICLOUD_SDK_AK ?? '',
    secretKey: account.HUAWEICLOUD_SDK_SK ?? '',
    projectId,
    nowMs: Date.now(),
    ...(body !== undefined && { body }),
  });
  const response = await fetch(url, { method, headers, ...(body !== undefined && { body }) });
  return response.text();
}

const create = (baseUrl: string, name: string) =>
  call(baseUrl, 'POST', '', JSON.stringify({ name, secret_string: `value of ${name}` }));
const read = (baseUrl: string, name: string) => call(baseUrl, 'GET', `/${name}/versions/latest`);

const first = await start();
await create(first.baseUrl, 'before');
writeFileSync(HANG_SWITCH, '');
const during = create(first.baseUrl, 'during').catch(() => undefined);
await new Promise((resume) => setTimeout(resume, 500));
match(await read(first.baseUrl, 'before'), /value of before/, 'reads continue');

const startedMs = performance.now();
first.child.kill('SIGTERM');
await once(first.child, 'exit');
const tookMs = performance.now() - startedMs;
ok(tookMs < STOP_MS_MAX, `it ended after ${Math.round(tookMs)} ms`);
await during;
rmSync(HANG_SWITCH);

const second = await start();
match(await read(second.baseUrl, 'before'), /value of before/, 'what was acknowledged is there');
second.child.kill('SIGTERM');
equal((await once(second.child, 'exit'))[0], 0);
rmSync(root, { recursive: true });
writeSync(1, `fsync that hangs: ok, the server ended after ${Math.round(tookMs)} ms\n`);
process.exit(0);
