import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signRequest } from '../../src/auth/signatures/signer.ts';

/**
 * Time from exec to the first signed 200 on existing data, and memory after some seconds of rest: `node test/bench/start.ts
 * [FOLDER OF AN INSTALLED PACKAGE [ROUNDS [SECONDS OF REST]]]`. The servers take turns; medians of all rounds.
 * On a busy machine `chrt -r 1`, before the command, keeps others from being measured.
 */
const [folder, rounds = '15', rest = '10'] = process.argv.slice(2);
/** Rounds in which memory is measured: a server at rest gives some back after five seconds. */
const RESTING = 3;
const PROJECT = '0123456789abcdef0123456789abcdef';
const KEYS = { accessKeyId: 'AKBENCH', secretKey: 'benchbenchbenchbenchbenchbenchbench12345' };
const SECRETS = `/v1/${PROJECT}/secrets`;

interface Target {
  readonly name: string;
  readonly args: readonly string[];
  readonly data: string;
  readonly startMs: number[];
  /** Of the main thread: what a start takes on a machine that has nothing else to do. */
  readonly processorMs: number[];
  readonly residentMib: number[];
}

function target(name: string, ...args: string[]): Target {
  const data = mkdtempSync(join(tmpdir(), 'csms-start-'));
  return { name, args, data, startMs: [], processorMs: [], residentMib: [] };
}

const dev = (launcher: string) => ['--max-semi-space-size=16', launcher, 'dev', '--port=0'];
const targets = [
  target('bare Fastify', 'test/bench/bare.ts'),
  target('checkout', ...dev('src/launch.js')),
  ...(folder === undefined ? [] : [target('package', ...dev(join(folder, 'src/launch.js')))]),
];

/** Starts it once. `task` gets its address, the time of its start and its process id. */
async function once(
  { args, data }: Target,
  task: (url: string, begunMs: number, pid: number) => Promise<void>,
): Promise<void> {
  const env = {
    PATH: process.env.PATH,
    ...(args.includes('dev') && {
      CSMS_DATA: data,
      CSMS_DEV_AK: KEYS.accessKeyId,
      CSMS_DEV_SK: KEYS.secretKey,
      CSMS_DEV_PROJECT_ID: PROJECT,
    }),
  };
  const begunMs = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let text = '';
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    text += chunk;
    const [, url] = /listening on (http\S+)\n/.exec(text) ?? [];
    if (url === undefined) continue;
    await task(url, begunMs, child.pid ?? 0);
    child.kill();
    await ended;
    return;
  }
  throw new Error(`${args.join(' ')} ended before it listened`);
}

async function call(url: string, method: string, path: string, body?: string): Promise<void> {
  const headers = signRequest({
    ...{ ...KEYS, projectId: PROJECT, method, url: url + path, nowMs: Date.now() },
    ...(body !== undefined && { body, headers: { 'Content-Type': 'application/json' } }),
  });
  const response = await fetch(url + path, { method, headers, ...(body !== undefined && { body }) });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
}

const read = (url: string) => call(url, 'GET', `${SECRETS}/s/versions/latest`);
const body = JSON.stringify({ name: 's', secret_string: 'x'.repeat(1024) });

for (const one of targets) {
  await once(one, (url) => (one.args.includes('dev') ? call(url, 'POST', SECRETS, body) : read(url)));
}
for (let round = 0; round < Number(rounds); round += 1) {
  for (const one of targets) {
    await once(one, async (url, begunMs, pid) => {
      await read(url);
      one.startMs.push(performance.now() - begunMs);
      one.processorMs.push(processorMsOf(pid));
      if (round >= RESTING) return;
      await sleep(Number(rest) * 1_000);
      const [, kib = 'NaN'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
      one.residentMib.push(Number(kib) / 1_024);
    });
  }
}

function processorMsOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const against = (values: readonly number[], yard: readonly number[] = []) =>
  `${median(values).toFixed(0)} ms (least ${Math.min(...values).toFixed(0)}), ${(median(values) / median(yard)).toFixed(2)} of bare`;
for (const { name, startMs, processorMs, residentMib, data } of targets) {
  console.log(`${name.padEnd(13)} start ${against(startMs, targets[0]?.startMs)}`);
  console.log(`${''.padEnd(13)} processor ${against(processorMs, targets[0]?.processorMs)}`);
  console.log(`${''.padEnd(13)} at rest ${median(residentMib).toFixed(1)} MiB`);
  rmSync(data, { recursive: true, force: true });
}
