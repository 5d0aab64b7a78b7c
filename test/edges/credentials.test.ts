import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createClient, createSecret, devAccount, SECRETS } from '../e2e/client.ts';
import { createScratch, readCredentials, run, runProgram, startDev } from '../e2e/process.ts';

const NEXT = `not $(plain) enough, "but" 9 and \\ good`;

/** The address apart, which is another one at each start. */
function lasting(directory: string): Record<string, string> {
  const all = Object.entries(readCredentials(directory));
  return Object.fromEntries(all.filter(([, value]) => !value.startsWith('http://')));
}

async function changePassword(directory: string, baseUrl: string, password: string): Promise<number> {
  const client = createClient(devAccount(directory, baseUrl));
  const old_password = readCredentials(directory).CSMS_PASSWORD;
  return (await client('POST', '/v1/csms/users/change-password', { old_password, password })).status;
}

describe('credentials.env', () => {
  it('lets an unchanged application find this server by the region', async () => {
    const directory = createScratch();
    const { baseUrl } = await startDev(directory, { CSMS_REGION: 'cn-north-4' });
    expect(readCredentials(directory)).toMatchObject({
      HW_REGION_NAME: 'cn-north-4',
      HUAWEICLOUD_SDK_IAM_ENDPOINT: baseUrl,
      HUAWEICLOUD_SDK_REGION_CSMS_CN_NORTH_4: baseUrl,
      HUAWEICLOUD_SDK_REGION_KMS_CN_NORTH_4: baseUrl,
    });
  });

  it('is written again when it is missing; the password alone is not known, and the control token is another one', async () => {
    const directory = createScratch();
    await (await startDev(directory)).stop();
    const { CSMS_CONTROL_TOKEN: former, ...before } = lasting(directory);
    rmSync(join(directory, 'credentials.env'));
    const server = await startDev(directory);
    const { CSMS_CONTROL_TOKEN: controlToken, ...after } = lasting(directory);
    expect(after).toEqual({ ...before, CSMS_PASSWORD: '' });
    expect(controlToken).toMatch(/^[A-Za-z0-9_-]{16,128}$/);
    expect(controlToken).not.toBe(former);
    expect(server.stdout()).toContain('password not known here');
    expect((await createClient(devAccount(directory, server.baseUrl))('GET', SECRETS)).status).toBe(200);
    const { code, stderr } = await run(['token'], { CSMS_DATA: directory });
    expect(code).toBe(78);
    expect(stderr).toContain('CSMS_PASSWORD');
  });

  it('has the password again when the environment gives the right one', async () => {
    const directory = createScratch();
    const variables = { CSMS_DEV_PASSWORD: 'password-of-ci', CSMS_CONTROL_TOKEN: 'control-only-for-ci' };
    await (await startDev(directory, variables)).stop();
    const before = lasting(directory);
    rmSync(join(directory, 'credentials.env'));
    await startDev(directory, variables);
    expect(lasting(directory)).toEqual(before);
  });

  it('has the new password as soon as it was changed, and after a restart', async () => {
    const directory = createScratch();
    const server = await startDev(directory);
    expect(await changePassword(directory, server.baseUrl, NEXT)).toBe(200);
    expect(readCredentials(directory).CSMS_PASSWORD).toBe(NEXT);
    const script = `. '${directory}/credentials.env'; printf %s "$CSMS_PASSWORD"`;
    expect((await runProgram(['sh', '-c', script])).stdout).toBe(NEXT);
    expect((await run(['token'], { CSMS_DATA: directory })).code).toBe(0);
    await server.stop();
    const again = await startDev(directory);
    expect(readCredentials(directory).CSMS_PASSWORD).toBe(NEXT);
    expect(again.stdout()).toContain(NEXT);
  });

  it('has no password that a shell would act on, or none that is no longer right', async () => {
    const directory = createScratch();
    const server = await startDev(directory);
    expect(await changePassword(directory, server.baseUrl, `it's $(beyond) any quoting 7`)).toBe(200);
    expect(readCredentials(directory).CSMS_PASSWORD).toBe('');
    await server.stop();
    const identities = join(directory, 'identities.yaml');
    const text = readFileSync(identities, 'utf8');
    writeFileSync(
      identities,
      text.replace(
        /\$scrypt\$[^"\s]+/,
        '$scrypt$ln=14,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
      ),
    );
    expect((await startDev(directory)).stdout()).toContain('password not known here');
  });
});

describe('the start log', () => {
  it('says what runs over which data, and warns of nothing', async () => {
    const server = await startDev(createScratch());
    await server.logged('"msg":"started"');
    const lines = server
      .stderr()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.find(({ msg }) => msg === 'started')).toMatchObject({
      version: expect.stringMatching(/^\d/),
      region: 'local-1',
      secrets: 0,
      rootKey: expect.stringMatching(/^[0-9a-f]{16}$/),
      policies: 'in force',
    });
    expect(lines.filter(({ level }) => level >= 40)).toEqual([]);
  });

  it('warns of an action that does not exist, at a reload and at a start', async () => {
    const directory = createScratch();
    const server = await startDev(directory);
    const identities = join(directory, 'identities.yaml');
    writeFileSync(identities, readFileSync(identities, 'utf8').replace('cts:*:*', 'csms:secret:git'));
    server.process.kill('SIGHUP');
    await server.logged('"action":"csms:secret:git","nearest":"csms:secret:get"');
    await server.stop();
    const again = await startDev(directory);
    await again.logged('"action":"csms:secret:git","nearest":"csms:secret:get"');
  });

  it('warns of secrets that nobody can reach, when the identities were recreated', async () => {
    const directory = createScratch();
    const first = await startDev(directory);
    const account = devAccount(directory, first.baseUrl);
    await createSecret(createClient(account), 'left-behind');
    await first.stop();
    rmSync(join(directory, 'identities.yaml'));
    const second = await startDev(directory);
    await second.logged('no identity names');
    expect(second.stderr()).toContain(`"projectId":"${account.projectId}","secrets":1`);
  });

  it('warns when no project has the name of the region', async () => {
    const directory = createScratch();
    await (await startDev(directory)).stop();
    const server = await startDev(directory, { CSMS_REGION: 'cn-north-4' });
    await server.logged('no project has the name of the region');
  });
});
