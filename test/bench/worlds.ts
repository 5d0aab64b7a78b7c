import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signRequest } from '../../src/auth/signatures/signer.ts';

/**
 * What worlds of `dev` cost, by the control API of a real process with 1,000 secrets of 200 bytes:
 * `node test/bench/worlds.ts [FOLDER OF AN INSTALLED PACKAGE]`. Times are those of a client, on the same machine.
 */
const [folder = ''] = process.argv.slice(2);
const PROJECT = '0123456789abcdef0123456789abcdef';
const TOKEN = 'control-token-of-a-bench';
const SECRETS = 1_000;
/** Figures of a machine whose other work is unknown: the median of so many. */
const ROUNDS = 50;
const STARTS = 5;

interface Running {
  readonly url: string;
  readonly startMs: number;
  /** MiB that are in memory. */
  residentMib(): number;
  /** Processor time so far, of all threads. */
  processorMs(): number;
  stop(): Promise<void>;
}

interface World {
  readonly name: string;
  readonly credentials: { readonly ak: string; readonly sk: string };
}

const directory = mkdtempSync(join(tmpdir(), 'csms-worlds-'));
const children = new Set<ChildProcess>();
const seed = join(directory, 'seed.yaml');
const figures: { readonly figure: string; readonly measured: string; readonly budget: string }[] = [];

/** Starts `dev` on a data directory of this run, and waits until it listens. */
async function start(data: string, variables: Record<string, string> = {}): Promise<Running> {
  const env = {
    PATH: process.env.PATH,
    CSMS_DATA: join(directory, data),
    CSMS_PORT: '0',
    CSMS_DEV_PROJECT_ID: PROJECT,
    CSMS_CONTROL_TOKEN: TOKEN,
    CSMS_LOG_LEVEL: 'error',
    ...variables,
  };
  const args = ['--max-semi-space-size=16', join(folder, 'src/launch.js'), 'dev'];
  const begunMs = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  children.add(child);
  let text = '';
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    text += chunk;
    const [, url] = /listening on (http\S+)\n/.exec(text) ?? [];
    if (url === undefined) continue;
    const startMs = performance.now() - begunMs;
    child.stdout.resume();
    return {
      url,
      startMs,
      residentMib: () => residentKib(child.pid) / 1_024,
      processorMs: () => ticks(child.pid) * 10,
      async stop() {
        child.kill();
        await ended;
      },
    };
  }
  throw new Error(`dev ended before it listened: ${text}`);
}

function residentKib(pid: number | undefined): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** User and system time in hundredths of a second. */
function ticks(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

async function control<T>({ url }: Running, method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`${url}/_csms/worlds${path}`, {
    method,
    headers: { Authorization: `Bearer ${TOKEN}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** Creates a secret in a world: its first change. */
async function change({ url }: Running, { credentials: { ak, sk } }: World): Promise<void> {
  const target = `${url}/v1/${PROJECT}/secrets`;
  const body = JSON.stringify({ name: 'new', secret_string: 'x' });
  const headers = signRequest({
    method: 'POST',
    url: target,
    headers: { 'Content-Type': 'application/json' },
    body,
    accessKeyId: ak,
    secretKey: sk,
    projectId: PROJECT,
    nowMs: Date.now(),
  });
  const response = await fetch(target, { method: 'POST', headers, body });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  await response.arrayBuffer();
}

async function timesOf(rounds: number, work: (round: number) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const begunMs = performance.now();
    await work(round);
    times.push(performance.now() - begunMs);
  }
  return times.sort((one, other) => one - other);
}

const median = (sorted: readonly number[]) => sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
const spread = (sorted: readonly number[]) =>
  `${median(sorted).toFixed(1)} ms (${(sorted.at(-1) ?? Number.NaN).toFixed(1)} at most)`;

function note(figure: string, measured: string, budget: string): void {
  figures.push({ figure, measured, budget });
}

/** Forks and deletes so many at once; returns what is left of them when the process has come to rest. */
async function leftBehind(server: Running, count: number, isUsed: boolean): Promise<number> {
  const before = server.residentMib();
  const worlds: World[] = [];
  for (let index = 0; index < count; index += 1) {
    const world = await control<World>(server, 'POST', '');
    if (isUsed) await change(server, world);
    worlds.push(world);
  }
  for (const { name } of worlds) await control(server, 'DELETE', `/${name}`);
  await sleep(10_000);
  return server.residentMib() - before;
}

async function measureWorlds(server: Running): Promise<void> {
  await sleep(6_000);
  const names: string[] = [];
  const forked = async () => {
    const { name } = await control<World>(server, 'POST', '');
    names.push(name);
  };
  // The first call builds the control API.
  await forked();
  note('fork', spread(await timesOf(ROUNDS, forked)), '< 20 ms');
  const changed = await control<World>(server, 'POST', '');
  await change(server, changed);
  names.push(changed.name);
  const reset = await timesOf(ROUNDS, async () => {
    await change(server, changed).catch(() => undefined);
    await control(server, 'POST', `/${changed.name}/reset`);
  });
  note('change and reset', spread(reset), '< 20 ms');
  for (const name of names) await control(server, 'DELETE', `/${name}`);
  await sleep(6_000);
  const before = server.residentMib();
  const worlds = [];
  for (let index = 0; index < ROUNDS; index += 1) worlds.push(await control<World>(server, 'POST', ''));
  await sleep(3_000);
  const unused = (server.residentMib() - before) / ROUNDS;
  note('an unused fork', `${unused.toFixed(2)} MiB`, '< 6 MiB');
  const begun = { processorMs: server.processorMs(), atMs: performance.now() };
  await sleep(10_000);
  const share = (server.processorMs() - begun.processorMs) / (performance.now() - begun.atMs);
  note('50 idle forks', `${(share * 100).toFixed(1)} % of a core`, '< 10 %');
  for (const world of worlds) await change(server, world);
  const used = (server.residentMib() - before) / ROUNDS;
  note('a changed fork', `${used.toFixed(2)} MiB`, '');
  for (const { name } of worlds) await control(server, 'DELETE', `/${name}`);
  await sleep(6_000);
  note('left of 200 unused forks', `${(await leftBehind(server, 200, false)).toFixed(1)} MiB`, '< 64 MiB');
  note('left of 200 changed forks', `${(await leftBehind(server, 200, true)).toFixed(1)} MiB`, '< 64 MiB');
}

async function measureStart(): Promise<Running> {
  const secrets = Array.from(
    { length: SECRETS },
    (_, index) => `  - { name: secret-${index}, secret_string: ${'x'.repeat(200)} }\n`,
  );
  writeFileSync(seed, `csms: 1\nsecrets:\n${secrets.join('')}`);
  // Compiles the program, for both.
  await (await start('warm')).stop();
  const times: { readonly plain: number[]; readonly seeded: number[] } = { plain: [], seeded: [] };
  let seeded: Running | undefined;
  for (let round = 0; round < STARTS; round += 1) {
    await seeded?.stop();
    const plain = await start(`plain-${round}`);
    await plain.stop();
    seeded = await start(`seeded-${round}`, { CSMS_SEED: seed });
    times.plain.push(plain.startMs);
    times.seeded.push(seeded.startMs);
  }
  const [plainMs, seededMs] = [times.plain, times.seeded].map((each) => median(each.sort((a, b) => a - b)));
  note('longer start with the seed', `${((seededMs ?? 0) - (plainMs ?? 0)).toFixed(0)} ms`, '< 1,000 ms');
  if (seeded === undefined) throw new Error('nothing has been started');
  return seeded;
}

try {
  const server = await measureStart();
  await measureWorlds(server).finally(() => server.stop());
  console.table(figures);
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
}
