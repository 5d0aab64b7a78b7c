import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createClient, createSecret, devAccount, readValue, SECRETS } from './client.ts';
import { createScratch, readCredentials, run, runProgram, shareDev, startDev } from './process.ts';

const FIXED = {
  CSMS_DEV_AK: 'AKCI',
  CSMS_DEV_SK: 'secret-key-of-ci',
  CSMS_DEV_PROJECT_ID: '0123456789abcdef0123456789abcdef',
  CSMS_DEV_PASSWORD: 'password-of-ci',
};

describe('the first start of dev', () => {
  const dev = shareDev();

  it('says last on stdout where it listens', () => {
    const { stdout, baseUrl } = dev.server;
    expect(stdout().trimEnd().split('\n').at(-1)).toBe(`csms-server listening on ${baseUrl}`);
  });

  it('prints the credentials that it has written down', () => {
    const env = readCredentials(dev.directory);
    for (const name of [
      'CSMS_ENDPOINT',
      'HUAWEICLOUD_SDK_AK',
      'HUAWEICLOUD_SDK_SK',
      'CSMS_PASSWORD',
    ] as const) {
      expect(dev.server.stdout()).toContain(env[name]);
    }
    expect(env.CSMS_ENDPOINT).toBe(dev.server.baseUrl);
  });

  it('makes files that only their owner can read', () => {
    const modes = readdirSync(dev.directory).map((name) => [
      name,
      statSync(join(dev.directory, name)).mode & 0o777,
    ]);
    expect(modes.filter(([, mode]) => mode !== 0o600)).toEqual([]);
    expect(statSync(dev.directory).mode & 0o777).toBe(0o700);
  });

  it('answers signed requests', async () => {
    const client = createClient(devAccount(dev.directory, dev.server.baseUrl));
    expect((await client('GET', SECRETS)).status).toBe(200);
  });

  it.each(['/healthz', '/readyz'])('answers %s without credentials', async (path) => {
    expect((await fetch(`${dev.server.baseUrl}${path}`)).status).toBe(200);
  });

  it('makes credentials that a shell can source', async () => {
    const script = `set -a; . '${dev.directory}/credentials.env'; exec "${process.execPath}" -p 'JSON.stringify(process.env)'`;
    const { stdout } = await runProgram(['sh', '-c', script]);
    expect(JSON.parse(stdout)).toMatchObject(readCredentials(dev.directory));
  });

  it('makes credentials that can be an --env-file', async () => {
    const file = `--env-file=${join(dev.directory, 'credentials.env')}`;
    const { stdout } = await runProgram([process.execPath, file, '-p', 'JSON.stringify(process.env)']);
    expect(JSON.parse(stdout)).toMatchObject(readCredentials(dev.directory));
  });
});

describe('the second start of dev', () => {
  it('has the same credentials and the same data, and is refused without the root key that lay beside them', async () => {
    const directory = createScratch();
    const first = await startDev(directory);
    const before = readCredentials(directory);
    await createSecret(createClient(devAccount(directory, first.baseUrl)), 'kept');
    expect(await first.stop()).toBe(0);
    const second = await startDev(directory);
    const moved = Object.entries(before).map(([name, value]) => [
      name,
      value.replace(first.baseUrl, second.baseUrl),
    ]);
    expect(readCredentials(directory)).toEqual(Object.fromEntries(moved));
    expect(await readValue(createClient(devAccount(directory, second.baseUrl)), 'kept')).toBe(
      'value of kept',
    );
    await second.stop();
    rmSync(join(directory, 'root.key'));
    const { code, stderr } = await run(['dev'], { CSMS_DATA: directory, CSMS_PORT: '0' });
    expect(code).toBe(78);
    expect(stderr).toContain(join(directory, 'root.key'));
  });
});

describe('fixed credentials', () => {
  const dev = shareDev(FIXED);

  it('sign requests', async () => {
    const client = createClient({
      endpoint: dev.server.baseUrl,
      accessKeyId: FIXED.CSMS_DEV_AK,
      secretKey: FIXED.CSMS_DEV_SK,
      projectId: FIXED.CSMS_DEV_PROJECT_ID,
    });
    expect((await client('GET', SECRETS)).status).toBe(200);
  });

  it('get a token for the password', async () => {
    const user = { name: 'admin', password: FIXED.CSMS_DEV_PASSWORD, domain: { name: 'local' } };
    const answer = await fetch(`${dev.server.baseUrl}/v3/auth/tokens`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json;charset=utf8' },
      body: JSON.stringify({ auth: { identity: { methods: ['password'], password: { user } } } }),
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('X-Subject-Token')).toBeTruthy();
  });

  it('may be given again, and not change afterwards', async () => {
    const directory = createScratch();
    for (let start = 0; start < 2; start += 1)
      expect(await (await startDev(directory, FIXED)).stop()).toBe(0);
    for (const name of Object.keys(FIXED)) {
      const variables = { ...FIXED, [name]: '0123456789abcdef0123456789abcdee', CSMS_DATA: directory };
      const { code, stderr } = await run(['dev'], variables);
      expect(code).toBe(78);
      expect(stderr).toContain(name);
    }
  });
});
