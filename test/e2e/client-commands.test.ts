import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../../src/cli/command-line.ts';
import {
  createScratch,
  hasProgram,
  MAIN,
  readCredentials,
  run,
  runProgram,
  shareDev,
  type Variables,
} from './process.ts';

const BODY = '{"name":"by-hand","secret_string":"it’s {\\"quoted\\"} 🔑"}';

const dev = shareDev();

/** These of the credentials alone. */
function only(...names: string[]): Variables {
  const all = readCredentials(dev.directory);
  return Object.fromEntries(names.map((name) => [name, all[name]]));
}

describe('call', () => {
  const call = (...args: string[]) => run(['call', ...args], { CSMS_DATA: dev.directory });

  it('finds the credentials of dev by itself, and prints the answer', async () => {
    const { code, stdout, stderr } = await call('POST', '/v1/{project_id}/secrets', '-d', BODY);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).secret.name).toBe('by-hand');
    expect(stderr).toMatch(/^200 [0-9a-f]{32}\n$/);
  });

  it('signs a query as it is written', async () => {
    const { code, stdout } = await call('get', '/v1/{project_id}/secrets?limit=1&marker=a');
    expect(code).toBe(0);
    expect(JSON.parse(stdout).page_info.current_count).toBe(1);
  });

  it('ends with 1 for a refusal, and prints it', async () => {
    const { code, stdout, stderr } = await call('GET', '/v1/{project_id}/secrets/none');
    expect(code).toBe(1);
    expect(JSON.parse(stdout).error_code).toBe('CSMS.0106');
    expect(stderr).toMatch(/^404 /);
  });

  it('prints nothing on stdout for an answer without a body', async () => {
    await call('PUT', '/v1/{project_id}/secrets/by-hand/stages/blue', '-d', '{"version_id":"v1"}');
    const { code, stdout } = await call('DELETE', '/v1/{project_id}/secrets/by-hand/stages/blue');
    expect([code, stdout]).toEqual([0, '']);
  });

  it('takes a body from a file or from stdin, so that it need not be on the command line', async () => {
    const file = join(createScratch(), 'body.json');
    writeFileSync(file, BODY.replace('by-hand', 'from-file'));
    expect((await call('POST', '/v1/{project_id}/secrets', '-d', `@${file}`)).code).toBe(0);
    const args = ['call', 'POST', '/v1/{project_id}/secrets', '-d', '@-'];
    const { stdout } = await run(args, { CSMS_DATA: dev.directory }, BODY.replace('by-hand', 'from-stdin'));
    expect(JSON.parse(stdout).secret.name).toBe('from-stdin');
  });

  it('ends with 69 when nothing listens, and with 78 for an endpoint that is no address', async () => {
    const to = (endpoint: string) =>
      run(['call', 'GET', '/v1'], { ...readCredentials(dev.directory), CSMS_ENDPOINT: endpoint });
    expect((await to('http://127.0.0.1:1')).code).toBe(69);
    const { code, stderr } = await to('127.0.0.1:4280');
    expect(code).toBe(78);
    expect(stderr).toMatch(/^csms-server: CSMS_ENDPOINT must be an address[^\n]*\n$/);
  });

  it.each(['http://127.0.0.1:1/v1', '//127.0.0.1:1/v1'])(
    'sends nothing to another server: %s',
    async (path) => {
      const { code, stderr } = await call('GET', path);
      expect(code).toBe(64);
      expect(stderr).toMatch(/^csms-server: PATH must be a path[^\n]*\n$/);
    },
  );

  it('takes the credentials from the environment', async () => {
    const { code } = await run(['call', 'GET', '/v1/{project_id}/secrets'], readCredentials(dev.directory));
    expect(code).toBe(0);
  });

  it('takes the names that Terraform reads as well', async () => {
    const variables = only('CSMS_ENDPOINT', 'HW_ACCESS_KEY', 'HW_SECRET_KEY', 'HW_PROJECT_ID');
    expect((await run(['call', 'GET', '/v1/{project_id}/secrets'], variables)).code).toBe(0);
  });

  it.each(['CSMS_ENDPOINT', 'HUAWEICLOUD_SDK_AK', 'HUAWEICLOUD_SDK_PROJECT_ID'])(
    'names %s when it is missing',
    async (name) => {
      const sdk = ['HUAWEICLOUD_SDK_AK', 'HUAWEICLOUD_SDK_SK', 'HUAWEICLOUD_SDK_PROJECT_ID'];
      const variables = { ...only('CSMS_ENDPOINT', ...sdk), [name]: '', CSMS_DATA: createScratch() };
      const failure = expect.objectContaining({
        kind: 'configuration',
        message: expect.stringContaining(name),
      });
      await expect(runCommandLine(['call', 'GET', '/v1/{project_id}/secrets'], variables)).rejects.toEqual(
        failure,
      );
    },
  );
});

describe('token', () => {
  const token = (variables = {}) => run(['token'], { CSMS_DATA: dev.directory, ...variables });

  it('prints a token that works, alone', async () => {
    const { code, stdout } = await token();
    expect([code, stdout.split('\n').length]).toEqual([0, 2]);
    const { HUAWEICLOUD_SDK_PROJECT_ID: project } = readCredentials(dev.directory);
    const headers = { 'X-Auth-Token': stdout.trim() };
    expect((await fetch(`${dev.server.baseUrl}/v1/${project}/secrets`, { headers })).status).toBe(200);
  });

  it('ends with 1 and prints nothing on stdout for a wrong password', async () => {
    const { code, stdout, stderr } = await token({ CSMS_PASSWORD: 'wrong' });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^401 /);
  });

  it('names what is missing', async () => {
    const { code, stderr } = await run(['token'], { CSMS_DATA: createScratch(), CSMS_USER: 'admin' });
    expect(code).toBe(78);
    expect(stderr).toContain('CSMS_DOMAIN');
  });
});

describe('sign', () => {
  const url = () =>
    `${dev.server.baseUrl}/v1/${readCredentials(dev.directory).HUAWEICLOUD_SDK_PROJECT_ID}/secrets`;

  it.runIf(hasProgram('curl'))('prints headers that curl reads from a pipe', async () => {
    const script = '"$NODE" "$MAIN" sign POST "$URL" -d "$BODY" | curl -sS -H @- -d "$BODY" "$URL"';
    const variables = {
      CSMS_DATA: dev.directory,
      NODE: process.execPath,
      MAIN,
      URL: url(),
      BODY: BODY.replace('by-hand', 'by-pipe'),
    };
    const { stdout, stderr } = await runProgram(['sh', '-c', script], variables);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout).secret.name).toBe('by-pipe');
  });

  it.runIf(hasProgram('curl'))('prints headers for a query with reserved characters', async () => {
    const script = '"$NODE" "$MAIN" sign GET "$URL" | curl -sS -H @- "$URL"';
    const target = `${url()}?limit=1&marker=a%20b%2Fc%2B~*`;
    const variables = { CSMS_DATA: dev.directory, NODE: process.execPath, MAIN, URL: target };
    const { stdout } = await runProgram(['sh', '-c', script], variables);
    expect(JSON.parse(stdout).error_code).toBe('CSMS.0002');
  });

  it('prints them as JSON, and fills the project in', async () => {
    const target = `${dev.server.baseUrl}/v1/{project_id}/secrets`;
    const { stdout } = await run(['sign', 'GET', target, '--json'], { CSMS_DATA: dev.directory });
    expect((await fetch(url(), { headers: JSON.parse(stdout) })).status).toBe(200);
  });

  it('wants a whole URL', async () => {
    expect((await run(['sign', 'GET', '/v1'], { CSMS_DATA: dev.directory })).code).toBe(64);
  });
});

describe('diff', () => {
  const READ = `
ignore: [create_time]
calls:
  - { method: GET, path: '/v1/{project_id}/secrets?limit=1' }
`;
  const CREATE = `
  - method: POST
    path: /v1/{project_id}/secrets
    body: '{"name": "by-diff", "secret_string": "one"}'
`;
  /** Compares dev with itself. */
  function diff(calls: string, variables: Variables = {}, ...flags: string[]) {
    const file = join(createScratch(), 'calls.yaml');
    writeFileSync(file, calls);
    const { baseUrl } = dev.server;
    return run(['diff', file, baseUrl, baseUrl, ...flags], { CSMS_DATA: dev.directory, ...variables });
  }

  it('prints nothing for the same responses', async () => {
    const { code, stdout, stderr } = await diff(READ);
    expect([code, stdout, stderr]).toEqual([0, '', '']);
  });

  it('prints a line for each difference, and ends with 1: the same name is created twice', async () => {
    const { code, stdout } = await diff(READ + CREATE);
    expect(code).toBe(1);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toContain('2 POST /v1/{project_id}/secrets: status: 200, 409');
    expect(lines).toContain('2 POST /v1/{project_id}/secrets: error_code: absent, "CSMS.0101"');
    expect(lines.filter((line) => !line.startsWith('2 POST '))).toEqual([]);
  });

  it('takes the credentials of one side from a file, and prints JSON', async () => {
    const file = join(createScratch(), 'b.env');
    writeFileSync(file, 'HUAWEICLOUD_SDK_AK=nobody\n');
    const { code, stdout } = await diff(READ, {}, '--env-b', file, '--json');
    expect(code).toBe(1);
    const { differences } = JSON.parse(stdout);
    expect(differences[0]).toEqual({
      call: 1,
      method: 'GET',
      path: '/v1/{project_id}/secrets?limit=1',
      difference: 'status: 200, 401',
    });
  });

  it.each([
    ['calls:\n  - { method: GET }\n', 'calls.yaml:2: calls[0]: path is missing'],
    ['calls:\n  - { method: get, path: / }\n', 'calls.yaml:2: calls[0].method: must be a method such as GET'],
    ['calls: []\nignores: [id]\n', 'calls.yaml:2: ignores: is not known here'],
  ])('ends with 78 and the line for a wrong file', async (calls, reason) => {
    const { code, stderr } = await diff(calls);
    expect(code).toBe(78);
    expect(stderr).toContain(reason);
  });
});
