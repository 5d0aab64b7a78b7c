import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { runCommandLine } from '../../src/cli/command-line.ts';
import { exitCodeOf } from '../../src/cli/exit-codes.ts';
import { createScratch, readCredentials, shareDev, type Variables } from '../e2e/process.ts';

const dev = shareDev();

/** Runs a command in this process, with the credentials of dev beside it: its exit code, what it prints, and its failure. */
async function run(args: readonly string[], variables: Variables = {}) {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const complain = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const outcome = await runCommandLine(args, { CSMS_DATA: dev.directory, ...variables }).then(
      (code) => ({ code, failure: '' }),
      (error: Error) => ({ code: exitCodeOf(error), failure: error.message }),
    );
    return { ...outcome, stdout: write.mock.calls.map(([text]) => text).join('') };
  } finally {
    write.mockRestore();
    complain.mockRestore();
  }
}

/** What a command prints that ends well. */
async function printed(command: string, variables: Variables = {}): Promise<string> {
  const { code, failure, stdout } = await run(command.split(' '), variables);
  expect([code, failure]).toEqual([0, '']);
  return stdout;
}

/** A file of this content. */
function fileOf(name: string, text: string | Buffer): string {
  const file = join(createScratch(), name);
  writeFileSync(file, text);
  return file;
}

describe('world', () => {
  it('fork and show print the variables of the fork, for a shell', async () => {
    const lines = await printed('world fork w1 --ttl 10m');
    const variables = parseEnv(lines);
    const main = readCredentials(dev.directory);
    const own = [
      'HUAWEICLOUD_SDK_AK',
      'HUAWEICLOUD_SDK_SK',
      'HW_ACCESS_KEY',
      'HW_SECRET_KEY',
      'CSMS_PASSWORD',
    ];
    for (const [name, value] of Object.entries(main)) {
      if (name === 'CSMS_CONTROL_TOKEN') expect(variables).not.toHaveProperty(name);
      else if (own.includes(name)) expect(variables[name]).not.toBe(value);
      else expect(variables[name]).toBe(value);
    }
    expect(await printed('world show w1')).toBe(lines);
    // The variables lead every command into the fork.
    const created = await run(
      ['call', 'POST', '/v1/{project_id}/secrets', '-d', '{"name": "of-w1", "secret_string": "x"}'],
      variables,
    );
    expect(created.code).toBe(0);
    expect((await run(['call', 'GET', '/v1/{project_id}/secrets/of-w1'])).code).toBe(1);
  });

  it('list prints a line for each, its name first', async () => {
    const { name } = JSON.parse(await printed('world fork --from main --json'));
    const lines = (await printed('world list')).trimEnd().split('\n');
    expect(lines[0]).toMatch(/^main \d{4}-[\d:.T-]+Z$/);
    expect(lines).toContainEqual(
      expect.stringMatching(new RegExp(`^${name} from main ttl 1h \\d{4}-\\S+Z$`)),
    );
    expect(JSON.parse(await printed('world list --json')).worlds[0].name).toBe('main');
  });

  it('fork copies the world that --from names, else the one of CSMS_WORLD', async () => {
    await printed('world fork origin');
    const fromOf = async (command: string) =>
      JSON.parse(await printed(`${command} --json`, { CSMS_WORLD: 'origin' })).from;
    expect(await fromOf('world fork')).toBe('origin');
    expect(await fromOf('world fork --from main')).toBe('main');
  });

  it('reset and delete print nothing, and what is gone is refused', async () => {
    await printed('world fork short');
    expect(await printed('world reset short')).toBe('');
    expect(await printed('world delete short')).toBe('');
    expect(await run(['world', 'show', 'short'])).toEqual({
      code: 1,
      stdout: '',
      failure: expect.stringMatching(/^404 not-found: /),
    });
  });

  it('a refusal ends with 1, and is printed where JSON is wanted', async () => {
    await printed('world fork twice');
    const { code, stdout, failure } = await run(['world', 'fork', 'twice', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error_code: 'world-exists' });
    expect(failure).toMatch(/^409 world-exists: /);
  });
});

describe('clock', () => {
  const START = '2030-01-01T00:00:00.000Z';

  it('prints the time, of the world that --world or CSMS_WORLD names', async () => {
    await printed('world fork timed');
    expect(await printed('clock freeze --world timed')).toMatch(/^\S+Z\n$/);
    expect(await printed(`clock set ${START}`, { CSMS_WORLD: 'timed' })).toBe(`${START}\n`);
    expect(await printed('clock show --world timed')).toBe(`${START}\n`);
    expect(JSON.parse(await printed('clock show --world timed --json'))).toEqual({
      now: START,
      frozen: true,
    });
    expect(await printed('clock show')).not.toBe(`${START}\n`);
    expect(await printed('clock resume --world timed')).toMatch(/^2030-01-01T/);
  });

  it('advance prints a line for what became due, and takes a duration or a time', async () => {
    const variables = parseEnv(await printed('world fork due'));
    await printed('clock freeze --world due');
    await printed(`clock set ${START} --world due`);
    const body = `{"name": "tls", "secret_string": "x", "version_stages": ["blue"]}`;
    const secret = await run(['call', 'POST', '/v1/{project_id}/secrets', '-d', body], variables);
    expect([secret.code, secret.stdout]).toEqual([0, expect.any(String)]);
    const expiry = `{"expire_time": ${Date.parse(START) + 30 * 86_400_000}}`;
    const path = '/v1/{project_id}/secrets/tls/versions/v1';
    expect((await run(['call', 'PUT', path, '-d', expiry], variables)).code).toBe(0);
    expect(await printed('clock advance 31d --world due')).toBe(
      '2030-01-31T00:00:00.000Z SECRET_VERSION_EXPIRED tls v1\n2030-02-01T00:00:00.000Z\n',
    );
    expect(await printed('clock advance 2030-03-01T00:00:00Z --world due')).toBe(
      '2030-03-01T00:00:00.000Z\n',
    );
    expect(JSON.parse(await printed('clock advance 0s --world due --json'))).toMatchObject({ settled: true });
  });

  it('ends with 1 where something is left to do', async () => {
    const answer = { from: START, now: START, frozen: true, settled: false, fired: [] };
    const server = createServer((_, response) => response.end(JSON.stringify(answer)));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const CSMS_ENDPOINT = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const outcome = await run(['clock', 'advance', '3660d'], { CSMS_ENDPOINT });
    await new Promise((closed) => server.close(closed));
    expect(outcome).toEqual({ code: 1, failure: '', stdout: `${START}\n` });
  });

  it('what is no time is refused', async () => {
    expect(await run(['clock', 'advance', 'soon'])).toMatchObject({
      code: 1,
      failure: expect.stringMatching(/^400 invalid: to /),
    });
  });
});

describe('what is not there', () => {
  it('ends with 78 when nothing says where to go, or with which key', async () => {
    const CSMS_DATA = createScratch();
    const endpoint = { CSMS_DATA, CSMS_ENDPOINT: 'http://127.0.0.1:4280' };
    expect(await run(['world', 'list'], endpoint)).toMatchObject({
      code: 78,
      failure: 'CSMS_CONTROL_TOKEN is not set',
    });
    const token = { CSMS_DATA, CSMS_CONTROL_TOKEN: 'sixteen-letters-' };
    expect(await run(['world', 'list'], token)).toMatchObject({
      code: 78,
      failure: 'CSMS_ENDPOINT is not set',
    });
  });

  it('ends with 69 when no server is there, and with 1 when it is another one', async () => {
    const server = createServer((_, response) => response.writeHead(404).end('<html>'));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const CSMS_ENDPOINT = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const other = await run(['clock', 'show'], { CSMS_ENDPOINT });
    expect(other).toMatchObject({ code: 1, failure: 'CSMS_ENDPOINT has no control API: it answers 404' });
    await new Promise((closed) => server.close(closed));
    expect((await run(['clock', 'show'], { CSMS_ENDPOINT })).code).toBe(69);
  });

  it('is a wrong token', async () => {
    const { code, failure } = await run(['world', 'list'], { CSMS_CONTROL_TOKEN: 'sixteen-letters-' });
    expect([code, failure]).toEqual([1, expect.stringMatching(/^401 unauthorized: /)]);
  });
});

describe('seed', () => {
  const SEED = 'csms: 1\nsecrets:\n  - { name: planted, secret_string: x }\n';
  const WRONG = 'csms: 1\nsecrets:\n  - { name: planted, secret_strings: hush }\n';

  it('apply and check print counts, and export prints the world as a seed', async () => {
    const file = fileOf('one.yaml', SEED);
    expect(await printed(`seed check ${file}`)).toBe('created 1, replaced 0, unchanged 0\n');
    await printed('world fork sown');
    expect(await printed(`seed apply ${file} --world sown`)).toBe('created 1, replaced 0, unchanged 0\n');
    expect(await printed(`seed apply ${file}`, { CSMS_WORLD: 'sown' })).toBe(
      'created 0, replaced 0, unchanged 1\n',
    );
    expect(JSON.parse(await printed(`seed apply ${file} --world sown --json`))).toMatchObject({ created: 0 });
    const exported = await printed('seed export --world sown');
    expect(exported).toMatch(/^csms: 1\n/);
    expect(exported).toContain('planted');
    expect(await printed('seed export')).not.toContain('planted');
  });

  it.each(['check', 'apply'])('%s ends with 78 for a wrong seed, and names file and line', async (word) => {
    const file = fileOf('two.yaml', WRONG);
    const { code, failure, stdout } = await run(['seed', word, file]);
    expect([code, stdout]).toEqual([78, '']);
    expect(failure).toContain(`${file}:3: secrets[0].secret_strings: `);
    expect(failure).not.toContain('hush');
  });

  it.each(['check', 'apply'])('%s changes no byte of a value: what is no UTF-8 is refused', async (word) => {
    const file = fileOf('latin.yaml', Buffer.from(SEED.replace('x }', '\xe9 }'), 'latin1'));
    const { code, failure } = await run(['seed', word, file]);
    expect([code, failure]).toEqual([78, `${file}:1: (file): must be UTF-8`]);
  });

  it('check needs no server and no credentials', async () => {
    const nowhere = { CSMS_DATA: createScratch() };
    const { code } = await run(['seed', 'check', fileOf('three.yaml', SEED)], nowhere);
    expect(code).toBe(0);
    expect((await run(['seed', 'check', '/none/seed.yaml'], nowhere)).code).toBe(78);
  });
});
