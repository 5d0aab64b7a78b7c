import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { exchange, requestText } from '../http/raw-socket.ts';
import { createScratch, MAIN, ROOT, startServer, until } from './process.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A server whose stderr is a pipe that nobody reads; returns it and where it listens. */
async function startUnread(): Promise<{ child: ChildProcess; baseUrl: string }> {
  const env = { PATH: process.env.PATH, CSMS_PORT: '0', CSMS_DATA: createScratch() };
  const child = spawn(process.execPath, [MAIN, 'dev'], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const address = () => /listening on (\S+)/.exec(stdout)?.[1];
  await until(() => address() !== undefined);
  return { child, baseUrl: address() ?? '' };
}

/** So many health checks, some at a time on one connection. */
async function ask(baseUrl: string, count: number): Promise<void> {
  const one = requestText('GET /healthz HTTP/1.1', ['Host: localhost']);
  for (let left = count; left > 0; left -= 50) {
    const now = Math.min(left, 50);
    const answers = await exchange(baseUrl, [one.repeat(now)], { answers: now, waitMs: 60_000 });
    expect(answers.map(({ status }) => status)).toEqual(Array(now).fill(200));
  }
}

describe('a log that nobody reads', () => {
  it('holds up neither requests nor the end', async () => {
    const { child, baseUrl } = await startUnread();
    // Twice what the two ends of a pipe take.
    await ask(baseUrl, 1_500);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('may be closed', async () => {
    const { child, baseUrl } = await startUnread();
    child.stderr?.destroy();
    await ask(baseUrl, 10);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});

describe('a server whose stdout nobody reads', () => {
  it('serves on, and ends as it should', async () => {
    const env = { PATH: process.env.PATH, CSMS_PORT: '0', CSMS_DATA: createScratch() };
    const child = spawn(process.execPath, [MAIN, 'dev'], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    children.push(child);
    child.stdout?.destroy();
    // It has no other way to say where it listens.
    const file = join(env.CSMS_DATA, 'credentials.env');
    const address = () =>
      /^CSMS_ENDPOINT=(http\S+)$/m.exec(existsSync(file) ? readFileSync(file, 'utf8') : '')?.[1];
    await until(() => address() !== undefined || child.exitCode !== null);
    expect((await fetch(`${address()}/healthz`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});

describe('the end of a server', () => {
  it('loses no line of its log', async () => {
    const server = await startServer(['dev'], { CSMS_DATA: createScratch() });
    await ask(server.baseUrl, 20);
    await server.stop();
    await until(() => server.process.stderr?.readableEnded === true);
    const lines = server.stderr().split('\n').slice(0, -1);
    expect(lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request')).toHaveLength(20);
  });
});
