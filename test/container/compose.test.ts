import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { shareScratch } from '../e2e/process.ts';
import { callThroughSdk, createProject, docker, evaluate, inspect, output } from './engine.ts';

const WAIT = '--wait-timeout=100';

/** What the engine holds a service to. */
interface Limits {
  readonly Memory: number;
  readonly MemorySwap: number;
  readonly ReadonlyRootfs: boolean;
  readonly CapDrop: readonly string[];
  readonly Ulimits: readonly { readonly Name: string; readonly Hard: number }[];
}

async function expectLimits(container: string): Promise<void> {
  const limits = await inspect<Limits>(container, '.HostConfig');
  const memory = 512 * 1024 * 1024;
  expect(limits).toMatchObject({
    Memory: memory,
    MemorySwap: memory,
    ReadonlyRootfs: true,
    CapDrop: ['ALL'],
  });
  expect(limits.Ulimits).toEqual([expect.objectContaining({ Name: 'core', Hard: 0 })]);
  expect(await inspect(container, '.Config.StopTimeout')).toBe(15);
}

describe('docker compose up --wait dev', () => {
  const variables = {
    CSMS_DEV_AK: 'CIACCESSKEY',
    CSMS_DEV_SK: 'ci-secret-key-0123456789',
    CSMS_DEV_PROJECT_ID: '0123456789abcdef0123456789abcdef',
    CSMS_DEV_PASSWORD: 'correct-horse-7',
    CSMS_REGION: 'cn-north-4',
  };
  const credentials = {
    CSMS_ENDPOINT: 'http://127.0.0.1:4280',
    HUAWEICLOUD_SDK_AK: variables.CSMS_DEV_AK,
    HUAWEICLOUD_SDK_SK: variables.CSMS_DEV_SK,
    HUAWEICLOUD_SDK_PROJECT_ID: variables.CSMS_DEV_PROJECT_ID,
  };
  const project = createProject('csms-test-dev', variables);
  beforeAll(async () => {
    const started = performance.now();
    await project.run('up', '--wait', WAIT, 'dev');
    process.stdout.write(`up --wait dev: healthy after ${Math.round(performance.now() - started)} ms\n`);
  });

  it('starts it alone, within limits', async () => {
    expect((await project.run('ps', '--all', '--services')).split('\n')).toEqual(['dev']);
    await expectLimits(await project.container('dev'));
  });

  it('takes the credentials of the environment', async () => {
    expect(await callThroughSdk(credentials, { name: 'fixed', value: 'one' })).toBe('one');
  });

  it('takes password and region of the environment', async () => {
    const user = { name: 'admin', password: variables.CSMS_DEV_PASSWORD, domain: { name: 'local' } };
    const answer = await fetch('http://127.0.0.1:4280/v3/auth/tokens', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        auth: {
          identity: { methods: ['password'], password: { user } },
          scope: { project: { name: variables.CSMS_REGION } },
        },
      }),
    });
    expect([answer.status, JSON.stringify(await answer.json())]).toEqual([
      201,
      expect.stringContaining('cn-north-4'),
    ]);
  });

  it('keeps the data over a restart and a new container', async () => {
    await project.run('restart', 'dev');
    await project.run('up', '--wait', WAIT, '--force-recreate', 'dev');
    expect(await callThroughSdk(credentials, { name: 'fixed', value: 'two' })).toBe('one');
  });

  it('forgets all with down -v', async () => {
    await project.run('down', '-v');
    expect(await output(['volume', 'ls', '--quiet', '--filter', 'name=csms-test-dev'])).toBe('');
    await project.run('up', '--wait', WAIT, 'dev');
    expect(await callThroughSdk(credentials, { name: 'fixed', value: 'three' })).toBe('three');
  });
});

describe('docker compose up --wait serve', () => {
  const project = createProject('csms-test-serve');
  const scratch = shareScratch();
  const ca = join(scratch, 'tls.crt');
  /** As docs/container.md says. */
  const fetchCredentials = async () => {
    for (const name of ['credentials.env', 'tls.crt']) {
      await project.run('cp', `serve:/config/${name}`, join(scratch, name));
    }
    return parseEnv(readFileSync(join(scratch, 'credentials.env'), 'utf8')) as Record<string, string>;
  };
  let credentials: Record<string, string> = {};
  beforeAll(async () => {
    const started = performance.now();
    await project.run('up', '--wait', WAIT, 'serve');
    process.stdout.write(`up --wait serve: healthy after ${Math.round(performance.now() - started)} ms\n`);
    credentials = await fetchCredentials();
  });

  it('starts it within limits, published on loopback', async () => {
    const id = await project.container('serve');
    await expectLimits(id);
    expect(await inspect(id, '.HostConfig.PortBindings')).toEqual({
      '4280/tcp': [{ HostIp: '127.0.0.1', HostPort: '4281' }],
    });
    expect(credentials.CSMS_ENDPOINT).toBe('https://127.0.0.1:4281');
  });

  it('serves an SDK that trusts the certificate for trials', async () => {
    expect(await callThroughSdk(credentials, { name: 'kept', value: 'one', ca })).toBe('one');
    await expect(callThroughSdk(credentials, { name: 'kept', value: 'one' })).rejects.toThrow(
      /SSL|certificate/i,
    );
  });

  it('has a certificate for its name among containers', async () => {
    const { code, stderr } = await docker([
      ...[
        'run',
        '--rm',
        '--network=csms-test-serve_default',
        '--volume=csms-test-serve_serve-config:/config:ro',
      ],
      ...['--env=NODE_EXTRA_CA_CERTS=/config/tls.crt', '--entrypoint=/nodejs/bin/node', 'csms-server', '-e'],
      'fetch("https://serve:4280/readyz").then((r) => process.exit(r.ok ? 0 : 1))',
    ]);
    expect(code, stderr).toBe(0);
  });

  it('keeps every secret out of the logs', async () => {
    const id = await project.container('serve');
    const rootKey = await evaluate(id, 'process.stdout.write(fs.readFileSync("/config/root.key", "utf8"))');
    const logs = await project.logs();
    expect(rootKey.trim().length).toBeGreaterThan(40);
    expect(logs).toContain('Wrote /config');
    for (const secret of [
      rootKey.trim(),
      credentials.HUAWEICLOUD_SDK_SK ?? '',
      credentials.CSMS_PASSWORD ?? '',
    ]) {
      expect(secret.length).toBeGreaterThan(15);
      expect(logs).not.toContain(secret);
    }
  });

  it('keeps keys from other users, and cannot change them', async () => {
    const id = await project.container('serve');
    const modes = await evaluate(
      id,
      'for (const f of ["root.key", "admin.sk", "identities.yaml", "tls.key", "credentials.env"]) console.log((fs.statSync("/config/" + f).mode & 0o777).toString(8))',
    );
    expect(modes.split('\n')).toEqual(['600', '600', '600', '600', '600']);
    const attempt = 'try { fs.writeFileSync("/config/x", "") } catch (e) { console.log(e.code) }';
    expect(await evaluate(id, attempt)).toBe('EROFS');
  });

  it('keeps credentials and data when it is brought up again', async () => {
    await project.run('up', '--wait', WAIT, 'serve');
    await project.run('up', '--wait', WAIT, '--force-recreate', 'serve');
    expect(await fetchCredentials()).toEqual(credentials);
    expect(await callThroughSdk(credentials, { name: 'kept', value: 'two', ca })).toBe('one');
    expect(await project.run('logs', '--no-log-prefix', 'init')).toContain('nothing was written');
  });

  it('ends by itself, with 0', async () => {
    const id = await project.container('serve');
    await project.run('stop', '--timeout=60', 'serve');
    expect(await inspect(id, '.State.ExitCode')).toBe(0);
  });

  it('does not serve with a part of the set', async () => {
    await output([
      ...['run', '--rm', '--volume=csms-test-serve_serve-config:/config', '--entrypoint=/nodejs/bin/node'],
      ...['csms-server', '-e', 'fs.rmSync("/config/identities.yaml")'],
    ]);
    expect((await project.tryRun('up', '--wait', WAIT, '--force-recreate', 'serve')).code).not.toBe(0);
    expect(await project.logs()).toContain('/config/root.key is there already; nothing was written');
  });

  it('leaves nothing after down -v', async () => {
    await project.run('down', '-v');
    expect(await output(['volume', 'ls', '--quiet', '--filter', 'name=csms-test-serve'])).toBe('');
  });
});
