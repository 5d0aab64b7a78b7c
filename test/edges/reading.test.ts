import { once } from 'node:events';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hashPassword } from '../../src/auth/logins/password.ts';
import { signRequest } from '../../src/auth/signatures/signer.ts';
import { createRootKeyFile } from '../../src/crypto/root-key.ts';
import { PROJECT, shareProbed } from './probed-server.ts';

const HOLD_MS_MAX = 20;
/** The collector may take its own moment in one of them. */
const TRIES_MAX = 4;
const USERS = 5_000;
const HOOKS = 3_500;
const hex = (number: number) => number.toString(16).padStart(32, '0');
const secretKey = (number: number) => `CanarySecretKeyOfUser${hex(number)}`;
const PASSWORD = 'Canary-password-0f61';
const NEW_PASSWORD = 'Canary-password-7e93-other';

const server = shareProbed(async () => {
  hash = await hashPassword(PASSWORD, { ln: 10, r: 8, p: 1 });
  mkdirSync(at('data'), { mode: 0o700 });
  createRootKeyFile(at('root.key'));
  writeIdentities('ONE');
  writeHooks();
  return { CSMS_HOOKS: at('hooks.yaml'), CSMS_WEBHOOK_HOSTS: 'loopback' };
});
const at = (name: string) => join(server.directory, name);
let hash = '';

/** As many users as the file may hold, each with a password, a key and what else a user has. */
function writeIdentities(generation: string, more = ''): void {
  const lines = Array.from({ length: USERS }, (_, number) =>
    [
      `      - id: '${hex(number)}'`,
      `        name: user-${number} # with a comment, as people write them`,
      `        password: "${hash}"`,
      `        access_keys: [{ ak: AK${generation}${number}, sk: ${secretKey(number)} }]`,
      '        policies: [CSMS FullAccess]',
      '        projects: [local-1]',
      '',
    ].join('\n'),
  );
  const head = `domains:\n  - id: '${'1'.repeat(32)}'\n    name: acme\n    projects: [{ id: ${PROJECT}, name: local-1 }]\n`;
  writeFileSync(at('identities.yaml'), `${head}    users:\n${lines.join('')}${more}`, { mode: 0o600 });
}

function writeHooks(): void {
  writeFileSync(at('hook.key'), 'k'.repeat(64), { mode: 0o600 });
  const topics = Array.from({ length: HOOKS }, (_, number) =>
    [
      `  - urn: urn:smn:local-1:${PROJECT}:topic-${number}`,
      `    endpoints: ["http://127.0.0.1:9/${'x'.repeat(100)}/${number}"]`,
      '    secret_file: hook.key',
      '',
    ].join('\n'),
  );
  writeFileSync(at('hooks.yaml'), `topics:\n${topics.join('')}`, { mode: 0o600 });
}

async function send(accessKeyId: string, number: number, target: string, given?: object) {
  const url = `${server.baseUrl}${target}`;
  const body = given === undefined ? {} : { body: JSON.stringify(given) };
  const method = given === undefined ? 'GET' : 'POST';
  const headers = given === undefined ? {} : { 'content-type': 'application/json' };
  const key = { accessKeyId, secretKey: secretKey(number) };
  const signed = signRequest({ method, url, headers, ...key, nowMs: Date.now(), ...body });
  return (await fetch(url, { method, headers: signed, ...body })).status;
}
const statusOf = (generation: string, number: number) =>
  send(`AK${generation}${number}`, number, `/v1/${PROJECT}/secrets?limit=1`);

/** Waits for a line of the log that comes after what was there. */
async function logged(text: string, from: number): Promise<void> {
  await expect
    .poll(() => server.log().slice(from).includes(text), { timeout: 120_000, interval: 50 })
    .toBe(true);
}

async function expectShortHolds(work: () => Promise<unknown>): Promise<void> {
  const holds: number[] = [];
  do holds.push(await server.holdOf(work));
  while (Math.min(...holds) > HOLD_MS_MAX && holds.length < TRIES_MAX);
  expect(Math.min(...holds), `${holds.join(', ')} ms`).toBeLessThanOrEqual(HOLD_MS_MAX);
}

async function reload(): Promise<void> {
  const from = server.log().length;
  server.child.kill('SIGHUP');
  await logged('read identities, hooks and certificates again', from);
}

describe('files of the operator that are as long as they may be', () => {
  it('are read beside the thread that answers, and all of them come into effect', async () => {
    expect(statSync(at('identities.yaml')).size).toBeGreaterThan(1_500_000);
    expect(statSync(at('hooks.yaml')).size).toBeGreaterThan(700_000);
    expect([await statusOf('ONE', 0), await statusOf('TWO', 0)]).toEqual([200, 401]);
    writeIdentities('TWO');
    await expectShortHolds(reload);
    expect([await statusOf('ONE', 0), await statusOf('TWO', 0)]).toEqual([401, 200]);
    expect([await statusOf('ONE', USERS - 1), await statusOf('TWO', USERS - 1)]).toEqual([401, 200]);
  }, 300_000);

  it('hold nothing up either when a password in them is changed', async () => {
    let [from, to] = [PASSWORD, NEW_PASSWORD];
    await expectShortHolds(async () => {
      const change = { old_password: from, password: to };
      expect(await send('AKTWO7', 7, '/v1/csms/users/change-password', change)).toBe(200);
      [from, to] = [to, from];
    });
  }, 300_000);

  it('stay as they were when one is broken at its end', async () => {
    writeIdentities('THREE', '      - nonsense: true\n');
    const from = server.log().length;
    server.child.kill('SIGHUP');
    await logged('reload failed', from);
    expect(server.log().slice(from)).toMatch(/identities\.yaml:\d+: domains\[0\]\.users\[5000\]/);
    expect([await statusOf('TWO', 0), await statusOf('THREE', 0)]).toEqual([200, 401]);
  }, 120_000);

  it('are read again when that was asked for while they were', async () => {
    writeIdentities('FOUR');
    server.child.kill('SIGHUP');
    // The first reading has the file by then, or will: the second one has what is written now in any case.
    await new Promise((resolve) => setTimeout(resolve, 200));
    writeIdentities('FIVE');
    const from = server.log().length;
    server.child.kill('SIGHUP');
    await expect.poll(() => statusOf('FIVE', 1), { timeout: 120_000, interval: 100 }).toBe(200);
    expect(await statusOf('FOUR', 1)).toBe(401);
    await logged('read identities', from);
  }, 240_000);

  it('do not keep the server from stopping', async () => {
    server.child.kill('SIGHUP');
    await new Promise((resolve) => setTimeout(resolve, 100));
    const exited = once(server.child, 'exit');
    server.child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  }, 60_000);
});
