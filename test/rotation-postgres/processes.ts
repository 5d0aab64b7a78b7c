import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

const REPOSITORY = join(import.meta.dirname, '..', '..');
const POSTGRES_BIN = process.env.POSTGRES_BIN ?? '';
const PG_MODULES = process.env.PG_MODULES ?? '';

/** The database's own administrator, whom the MultiUser function uses. */
export const ADMIN = Object.freeze({ username: 'dba', password: 'dba-password-of-the-test' });
/** The key that the server signs its calls with. */
export const WEBHOOK_KEY = 'the key of the webhook of the test';

/** A process of the test; `stop` ends it by its id. */
export interface Running {
  readonly child: ChildProcess;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Credentials and address of a server. */
export type Credentials = Readonly<Record<string, string>>;

/** A directory that this test alone uses. */
export function makeScratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'csms-rotation-'));
  chmodSync(directory, 0o755);
  return directory;
}

/** PostgreSQL does not run as root: its own user of the package stands in. */
function unprivileged(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}

/** Starts a database that asks for passwords, on a free port, with its data in the directory. */
export async function startPostgres(scratch: string): Promise<Running & { readonly port: number }> {
  const owner = unprivileged();
  const place = join(scratch, 'postgres');
  mkdirSync(place, { mode: 0o700 });
  const passwordFile = join(place, 'password');
  writeFileSync(passwordFile, ADMIN.password);
  if (owner !== undefined) for (const path of [place, passwordFile]) chownSync(path, owner.uid, owner.gid);
  const data = join(place, 'data');
  const options = { cwd: place, env: { PATH: process.env.PATH, LC_ALL: 'C' }, ...owner };
  const init = ['-D', data, '-U', ADMIN.username, '-A', 'scram-sha-256', '--no-sync', '-E', 'UTF8'];
  execFileSync(join(POSTGRES_BIN, 'initdb'), [...init, `--pwfile=${passwordFile}`], {
    ...options,
    stdio: 'ignore',
  });
  const port = await freePort();
  const settings = ['-h', '127.0.0.1', '-p', String(port), '-k', place, '-F'];
  const child = spawn(join(POSTGRES_BIN, 'postgres'), ['-D', data, ...settings], {
    ...options,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await untilWritten(child, 'stderr', 'ready to accept connections');
  return { ...running(child, 'SIGINT'), port };
}

/** Starts the template for PostgreSQL as a user would: one file, one driver, settings from the environment. */
export async function startFunction(
  scratch: string,
  strategy: 'single-user' | 'multi-user',
  databasePort: number,
): Promise<Running & { readonly url: string }> {
  const place = join(scratch, strategy);
  mkdirSync(place);
  symlinkSync(PG_MODULES, join(place, 'node_modules'));
  const parts = ['postgresql', strategy, 'protocol'].map((name) =>
    readFileSync(join(REPOSITORY, 'src/function-templates', `${name}.js`), 'utf8'),
  );
  writeFileSync(join(place, 'function.mjs'), parts.join('\n'));
  const port = await freePort();
  const databases = { db1: { host: '127.0.0.1', port: databasePort, admin: ADMIN } };
  const child = spawn(process.execPath, ['function.mjs'], {
    cwd: place,
    env: { CSMS_WEBHOOK_SECRET: WEBHOOK_KEY, DATABASES: JSON.stringify(databases), PORT: String(port) },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}/`;
  for (;;) {
    if (child.exitCode !== null) throw new Error('the function ended');
    const isUp = await fetch(url, { method: 'POST' }).then(
      () => true,
      () => false,
    );
    if (isUp) break;
    await new Promise((resume) => setTimeout(resume, 50));
  }
  return { ...running(child, 'SIGTERM'), url };
}

/** Starts `csms-server dev` over a data directory; returns what its credentials.env sets. */
export async function startServer(
  directory: string,
  projectId: string,
): Promise<Running & { readonly credentials: Credentials }> {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, ['src/main.ts', 'dev'], {
    cwd: REPOSITORY,
    env: {
      PATH,
      HOME: directory,
      CSMS_DATA: directory,
      CSMS_PORT: '0',
      CSMS_LOG_LEVEL: 'fatal',
      CSMS_DEV_PROJECT_ID: projectId,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stderr?.pipe(process.stderr);
  await untilWritten(child, 'stdout', 'csms-server listening on ');
  const credentials = parseEnv(readFileSync(join(directory, 'credentials.env'), 'utf8')) as Credentials;
  return { ...running(child, 'SIGTERM'), credentials };
}

/** Stands between the server and a function; `pass` forwards a call, and returns how it was answered. */
export async function startRelay(
  url: string,
  relay: (step: string, pass: () => Promise<Response>) => Promise<Response | undefined>,
): Promise<{ readonly url: string; close(): void }> {
  const server = createHttpServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const signature = String(request.headers['x-csms-signature']);
    const pass = () => fetch(url, { method: 'POST', body, headers: { 'x-csms-signature': signature } });
    const answer = await relay(JSON.parse(body).step, pass);
    if (answer !== undefined) response.writeHead(answer.status).end(await answer.text());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function running(child: ChildProcess, usual: NodeJS.Signals): Running {
  return {
    child,
    async stop(signal = usual) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    },
  };
}

async function untilWritten(child: ChildProcess, stream: 'stdout' | 'stderr', text: string): Promise<void> {
  let written = '';
  await new Promise<void>((resolve, reject) => {
    child[stream]?.on('data', (chunk: Buffer) => {
      written += chunk.toString();
      if (written.includes(text)) resolve();
    });
    child.once('exit', () => reject(new Error(`it ended: ${written}`)));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
