import { chmodSync, chownSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createClient, createSecret } from '../e2e/client.ts';
import { createScratch, MAIN, run, runProgram, startServer, type Variables } from '../e2e/process.ts';

const FIXTURES = join(import.meta.dirname, '../e2e/fixtures');
const isRoot = process.getuid?.() === 0;

/** A starting set with every kind of file that is guarded, each as it should be. */
async function createSet(): Promise<{ readonly directory: string; readonly variables: Variables }> {
  const directory = join(createScratch(), 'config');
  await run(['init', directory]);
  const place = (name: string) => join(directory, name);
  writeFileSync(place('hook.key'), 'sixteen bytes or more\n', { mode: 0o600 });
  const topic = `urn: urn:smn:local-1:${'a1'.repeat(16)}:ops\n    endpoints: [ https://ops.example/x ]`;
  writeFileSync(place('hooks.yaml'), `topics:\n  - ${topic}\n    secret_file: hook.key\n`);
  for (const name of ['tls-one.crt', 'tls-one.key']) copyFileSync(join(FIXTURES, name), place(name));
  chmodSync(place('tls-one.key'), 0o600);
  chmodSync(place('hooks.yaml'), 0o644);
  const variables = {
    ...parseEnv(readFileSync(place('csms.env'), 'utf8')),
    CSMS_DATA: join(directory, 'data'),
    CSMS_PORT: '0',
    CSMS_HOOKS: place('hooks.yaml'),
    CSMS_WEBHOOK_HOSTS: 'ops.example',
    CSMS_TLS_CERT: place('tls-one.crt'),
    CSMS_TLS_KEY: place('tls-one.key'),
  };
  return { directory, variables };
}

const GUARDED = [
  ['root.key', 0o644, 'can be read by others'],
  ['identities.yaml', 0o644, 'can be read by others'],
  ['admin.sk', 0o644, 'can be read by others'],
  ['hook.key', 0o644, 'can be read by others'],
  ['tls-one.key', 0o644, 'can be read by others'],
  ['hooks.yaml', 0o666, 'can be written by others'],
  ['tls-one.crt', 0o666, 'can be written by others'],
] as const;

describe('serve', () => {
  it('starts when each file is its own, and refuses each that is open to others, by name', async () => {
    const { directory, variables } = await createSet();
    expect(await (await startServer(['serve'], variables)).stop()).toBe(0);
    for (const [name, mode, fault] of GUARDED) {
      const path = join(directory, name);
      chmodSync(path, mode);
      const { code, stderr } = await run(['serve'], variables);
      expect([name, code, stderr]).toEqual([name, 78, expect.stringContaining(`${fault}: chmod `)]);
      expect(stderr).toContain(path);
      chmodSync(path, 0o600);
    }
  });

  it.runIf(isRoot)('refuses a file of another user', async () => {
    const { directory, variables } = await createSet();
    chownSync(join(directory, 'identities.yaml'), 1_234, 1_234);
    const { code, stderr } = await run(['serve'], variables);
    expect([code, stderr]).toEqual([78, expect.stringContaining('belongs to another user: chown it')]);
  });

  it.runIf(isRoot)(
    'starts as a pod that is not root, with what Kubernetes mounts for its group',
    async () => {
      const { directory, variables } = await createSet();
      chmodSync(join(directory, '..'), 0o755);
      chmodSync(directory, 0o755);
      for (const [name] of GUARDED) {
        chownSync(join(directory, name), 0, 2_000);
        chmodSync(join(directory, name), 0o440);
      }
      const volume = createScratch();
      chownSync(volume, 0, 2_000);
      chmodSync(volume, 0o2775);
      const pod = ['setpriv', '--reuid=1000', '--regid=1000', '--groups=2000', process.execPath, MAIN];
      const server = await startServer(['serve'], { ...variables, CSMS_DATA: volume }, pod);
      expect(await server.stop()).toBe(0);
      // The same without the group: nothing can be read.
      const alone = [...pod.slice(0, 3), '--clear-groups', ...pod.slice(4), 'serve'];
      expect((await runProgram(alone, { ...variables, CSMS_DATA: volume })).code).toBe(78);
    },
  );
});

describe('dev', () => {
  it('warns of such files, and starts', async () => {
    const { directory, variables } = await createSet();
    for (const [name, mode] of GUARDED) if (name !== 'root.key') chmodSync(join(directory, name), mode);
    const server = await startServer(['dev'], variables);
    for (const [name, , fault] of GUARDED) {
      if (name !== 'root.key') expect(server.stderr()).toContain(`${join(directory, name)} ${fault}: chmod`);
    }
  });

  it('refuses a root key that others can read: it is the key of everything', async () => {
    const { directory, variables } = await createSet();
    chmodSync(join(directory, 'root.key'), 0o644);
    expect((await run(['dev'], variables)).code).toBe(78);
  });

  it('says nothing of its own files', async () => {
    const data = createScratch();
    const server = await startServer(['dev'], { CSMS_DATA: data });
    const env = parseEnv(readFileSync(join(data, 'credentials.env'), 'utf8'));
    const account = {
      endpoint: server.baseUrl,
      accessKeyId: env.HUAWEICLOUD_SDK_AK ?? '',
      secretKey: env.HUAWEICLOUD_SDK_SK ?? '',
      projectId: env.HUAWEICLOUD_SDK_PROJECT_ID ?? '',
    };
    await createSecret(createClient(account), 'quiet');
    expect(server.stderr()).not.toContain('by others');
  });
});

describe('call', () => {
  it.runIf(isRoot)('takes no endpoint and no key from a credentials.env that others can write', async () => {
    const file = join(createScratch(), 'credentials.env');
    const text = 'CSMS_ENDPOINT=http://127.0.0.1:9\nHUAWEICLOUD_SDK_AK=a\nHUAWEICLOUD_SDK_SK=b\n';
    writeFileSync(file, text, { mode: 0o600 });
    const call = () => run(['call', 'GET', '/x'], { CSMS_DATA: join(file, '..') });
    expect((await call()).code).toBe(69);
    chmodSync(file, 0o602);
    expect(await call()).toMatchObject({ code: 78, stderr: expect.stringContaining('chmod') });
    chmodSync(file, 0o600);
    chownSync(file, 1_234, 1_234);
    expect(await call()).toMatchObject({ code: 78, stderr: expect.stringContaining('another user') });
  });
});
