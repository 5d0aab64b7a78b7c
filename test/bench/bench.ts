import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { signRequest } from '../../src/auth/signatures/signer.ts';

/**
 * Speed as ratios: the real server and a bare Fastify server take turns under the same load, so that what else the
 * machine does weighs on both. Both get the same requests, head and body. Adding of versions is durable before it is
 * answered.
 */
const { values: options } = parseArgs({
  options: {
    connections: { type: 'string', default: '64' },
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    bytes: { type: 'string', default: '1024' },
    /** Only the loads whose name holds this. */
    only: { type: 'string', default: '' },
    /** Writes a CPU profile of the server into this directory. */
    profile: { type: 'string' },
  },
});

const ROOT = new URL('../../', import.meta.url);
const CREDENTIALS = {
  accessKeyId: 'AKBENCH',
  secretKey: 'benchbenchbenchbenchbenchbenchbench12345',
  projectId: '0123456789abcdef0123456789abcdef',
  user: 'admin',
  domain: 'local',
  password: 'benchbenchbench',
};

interface Target {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

interface Load {
  readonly name: string;
  readonly bare: autocannon.Options;
  readonly server: autocannon.Options;
  readonly budget: number;
}

interface Figures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const directory = mkdtempSync(join(tmpdir(), 'csms-bench-'));
const bare = await start(['test/bench/bare.ts', options.bytes]);
const serverArguments = [
  ...(options.profile ? ['--cpu-prof', `--cpu-prof-dir=${options.profile}`] : []),
  // As npm start does it.
  '--max-semi-space-size=16',
  'src/launch.js',
  'dev',
  '--port=0',
  `--data=${directory}`,
  `--dev-ak=${CREDENTIALS.accessKeyId}`,
  `--dev-project-id=${CREDENTIALS.projectId}`,
];
const server = await start(serverArguments, {
  CSMS_DEV_SK: CREDENTIALS.secretKey,
  CSMS_DEV_PASSWORD: CREDENTIALS.password,
});
try {
  await run();
} finally {
  await Promise.all([bare.stop(), server.stop()]);
  rmSync(directory, { recursive: true, force: true });
}

async function run(): Promise<void> {
  const secrets = `/v1/${CREDENTIALS.projectId}/secrets`;
  const body = JSON.stringify({ secret_string: 'x'.repeat(Number(options.bytes)) });
  await call('POST', secrets, JSON.stringify({ name: 'bench', ...JSON.parse(body) }));
  for (let version = 2; version <= 20; version += 1) await call('POST', `${secrets}/bench/versions`, body);
  for (let secret = 0; secret < 64; secret += 1) {
    await call('POST', secrets, JSON.stringify({ name: `bench-${secret}`, ...JSON.parse(body) }));
  }
  for (const load of await loadsOf(secrets, body)) {
    if (load.name.includes(options.only)) report(load, await alternate(load));
  }
}

async function loadsOf(secrets: string, body: string): Promise<Load[]> {
  const [read, add] = [`${secrets}/bench/versions/latest`, `${secrets}/bench/versions`];
  const adds = Array.from({ length: 64 }, (_, secret) => `${secrets}/bench-${secret}/versions`);
  const onBoth = (options: Omit<autocannon.Options, 'url'>, path = '') => ({
    bare: { ...options, url: bare.url + path },
    server: { ...options, url: server.url + path },
  });
  return [
    {
      name: 'read a value, signed',
      budget: 0.25,
      ...onBoth({ headers: sign('GET', read) }, read),
    },
    {
      name: 'read a value, with a token',
      budget: 0.25,
      ...onBoth({ headers: { 'X-Auth-Token': await issueToken() } }, read),
    },
    {
      name: 'add a version, signed, one secret',
      budget: 0.15,
      ...onBoth({ method: 'POST', body, headers: sign('POST', add, body) }, add),
    },
    {
      name: 'add a version, signed, 64 secrets',
      budget: 0.15,
      ...onBoth({
        requests: adds.map((path) => ({ method: 'POST', path, body, headers: sign('POST', path, body) })),
      }),
    },
  ];
}

/** A token for the project, as a client gets it. */
async function issueToken(): Promise<string> {
  const { projectId, user, domain, password } = CREDENTIALS;
  const identity = {
    methods: ['password'],
    password: { user: { name: user, password, domain: { name: domain } } },
  };
  const body = JSON.stringify({ auth: { identity, scope: { project: { id: projectId } } } });
  const response = await fetch(`${server.url}/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body,
  });
  const token = response.headers.get('X-Subject-Token');
  if (token === null) throw new Error(`no token: ${response.status} ${await response.text()}`);
  return token;
}

/** Takes turns; returns the figures of the median round of each side. */
async function alternate(load: Load): Promise<{ bare: Figures; server: Figures }> {
  const rounds: { bare: Figures[]; server: Figures[] } = { bare: [], server: [] };
  await Promise.all([fire(load.bare, 1), fire(load.server, 1)]);
  for (let round = 0; round < Number(options.rounds); round += 1) {
    rounds.bare.push(await fire(load.bare, Number(options.seconds)));
    rounds.server.push(await fire(load.server, Number(options.seconds)));
  }
  return { bare: median(rounds.bare), server: median(rounds.server) };
}

async function fire(target: autocannon.Options, seconds: number): Promise<Figures> {
  const result = await autocannon({ ...target, connections: Number(options.connections), duration: seconds });
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${result.non2xx} answers were no success, ${result.errors} requests failed`);
  }
  return {
    perSecond: result.requests.average,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
  };
}

function median(figures: Figures[]): Figures {
  const sorted = figures.toSorted((a, b) => a.perSecond - b.perSecond);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('no rounds');
  return middle;
}

function report(load: Load, { bare: yard, server: ours }: { bare: Figures; server: Figures }): void {
  const ratio = ours.perSecond / yard.perSecond;
  const line = (name: string, { perSecond, p50Ms, p99Ms }: Figures) =>
    `  ${name.padEnd(12)} ${perSecond.toFixed(0).padStart(7)} /s   p50 ${p50Ms} ms   p99 ${p99Ms} ms`;
  console.log(`${load.name}, ${options.bytes} B, ${options.connections} connections`);
  console.log(`${line('bare Fastify', yard)}\n${line('csms-server', ours)}`);
  console.log(
    `  ratio        ${ratio.toFixed(3)} (at least ${load.budget})${ratio < load.budget ? '  MISSED' : ''}\n`,
  );
  if (ratio < load.budget) process.exitCode = 1;
}

function sign(method: string, path: string, body?: string): Record<string, string> {
  const headers: Record<string, string> = body === undefined ? {} : { 'Content-Type': 'application/json' };
  const url = server.url + path;
  return signRequest({
    method,
    url,
    headers,
    ...CREDENTIALS,
    nowMs: Date.now(),
    ...(body !== undefined && { body }),
  });
}

async function call(method: string, path: string, body: string): Promise<void> {
  const response = await fetch(server.url + path, { method, body, headers: sign(method, path, body) });
  if (!response.ok)
    throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
}

async function start(args: string[], variables: Record<string, string> = {}): Promise<Target> {
  const env = { ...process.env, ...variables };
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'ignore'] });
  const url = await listening(child);
  return {
    url,
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill('SIGTERM');
      }),
  };
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const [, url] = /listening on (http\S+)/.exec(text) ?? [];
      if (url !== undefined) resolve(url);
    });
    child.once('exit', (code) => reject(new Error(`a server ended with ${code}`)));
  });
}
