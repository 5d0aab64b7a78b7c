import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const SECRET = 'key of the webhook';

/** A function that runs against a stand-in database. */
export interface RunningFunction {
  /** Sends a signed step; `headers` replaces the signature. */
  call(
    step: object,
    headers?: Record<string, string>,
  ): Promise<{ status: number; json: Record<string, unknown> }>;
  /** Present passwords by account. */
  accounts(): Record<string, string>;
  setAccounts(accounts: Readonly<Record<string, string>>): void;
  /** What it wrote to its output. */
  output(): string;
  stop(): Promise<void>;
}

/** The signature that the server would send at that time. */
export function signature(body: string, time = Math.floor(Date.now() / 1_000), secret = SECRET): string {
  return `t=${time},v1=${createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')}`;
}

/** Writes the text into a directory with stand-ins for the drivers, and starts it as a user would. */
export async function runFunction(
  text: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<RunningFunction> {
  const directory = mkdtempSync(join(tmpdir(), 'csms-function-'));
  const accountsFile = join(directory, 'accounts.json');
  installDrivers(directory);
  writeFileSync(join(directory, 'function.mjs'), text);
  const port = await freePort();
  const admin = { username: 'dba', password: 'dba' };
  const databases = { db1: { host: 'db.example', admin }, down: { host: 'down.example', admin } };
  const child = spawn(process.execPath, ['function.mjs'], {
    cwd: directory,
    env: {
      CSMS_WEBHOOK_SECRET: SECRET,
      DATABASES: JSON.stringify(databases),
      PORT: String(port),
      ACCOUNTS_FILE: accountsFile,
      ...settings,
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  const url = `http://127.0.0.1:${port}/`;
  await untilListening(url, child, () => output);
  return {
    async call(step, headers) {
      const body = JSON.stringify(step);
      const answer = await fetch(url, {
        method: 'POST',
        body,
        headers: headers ?? { 'x-csms-signature': signature(body) },
      });
      return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
    },
    accounts: () => JSON.parse(readFileSync(accountsFile, 'utf8')),
    setAccounts: (accounts) => writeFileSync(accountsFile, JSON.stringify({ dba: 'dba', ...accounts })),
    output: () => output,
    async stop() {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function installDrivers(directory: string): void {
  const drivers = [
    { name: 'mysql2', entry: 'promise' },
    { name: 'pg', entry: '.' },
    { name: 'mssql', entry: '.' },
  ];
  for (const { name, entry } of drivers) {
    const place = join(directory, 'node_modules', name);
    mkdirSync(place, { recursive: true });
    const key = entry === '.' ? '.' : `./${entry}`;
    const manifest = { name, version: '0.0.0', type: 'module', exports: { [key]: './index.js' } };
    writeFileSync(join(place, 'package.json'), JSON.stringify(manifest));
    const source = join(import.meta.dirname, 'drivers');
    copyFileSync(join(source, `${name}.js`), join(place, 'index.js'));
    copyFileSync(join(source, 'accounts.js'), join(place, 'accounts.js'));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function untilListening(url: string, child: ChildProcess, output: () => string): Promise<void> {
  while (child.exitCode === null) {
    try {
      await fetch(url, { method: 'POST', body: '{}' });
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  throw new Error(`the function ended: ${output()}`);
}
