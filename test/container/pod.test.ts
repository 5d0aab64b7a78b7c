import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { ROOT, runProgram, shareScratch } from '../e2e/process.ts';
import { callThroughSdk, docker, evaluate, inspect, output, start } from './engine.ts';
import {
  createDataVolume,
  objectsOf,
  type PodInput,
  SERVICE_VARIABLES,
  type Secret,
  startPod,
  unmountAll,
} from './kubelet.ts';

/** Two checks of the server, with room for a busy machine. */
const RENEWED = { timeout: 110_000, interval: 500 };
const READY = { timeout: 60_000, interval: 200 };
const STOP_MS_MAX = 10_000;

const directory = shareScratch();
const cluster = join(directory, 'cluster');
const manifests = readFileSync(join(ROOT, 'test/chart/golden/existing-secrets.yaml'), 'utf8');
const page = readFileSync(join(ROOT, 'docs/kubernetes.md'), 'utf8');

/** Runs a program of docs/kubernetes.md, with a stand-in for kubectl. */
async function runBlock(name: string): Promise<void> {
  const [, rest = ''] = page.split(`<!-- test: ${name} -->\n\`\`\`sh\n`);
  const [code = ''] = rest.split('\n```\n');
  const { DOCKER_CONFIG, PATH } = process.env;
  const variables = { DOCKER_CONFIG, CLUSTER: cluster, PATH: `${join(directory, 'bin')}:${PATH}` };
  const ended = await runProgram(['sh', '-eu', '-c', `cd ${directory}\n${code}`], variables);
  expect(ended.code, `${name}: ${ended.stderr}`).toBe(0);
  expect(code).not.toBe('');
}

function readSecret(name: string): Secret {
  const data = JSON.parse(readFileSync(join(cluster, `${name}.json`), 'utf8')) as Record<string, string>;
  return Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64')]));
}

/** Everything that the page has made. */
const secretsOf = (): PodInput['secrets'] =>
  Object.fromEntries(
    ['csms-root-key', 'csms-identities', 'csms-tls'].map((name) => [name, readSecret(name)]),
  );

let pods = 0;
/** Starts a pod of the chart, as the page installs it, and waits for its probe. */
async function run(input: Partial<PodInput> & Pick<PodInput, 'data'>) {
  pods += 1;
  const folder = join(directory, `pod-${pods}`);
  const pod = await startPod({ manifests, secrets: secretsOf(), claim: 'with fsGroup', folder, ...input });
  const probe = async () => expect(await pod.probe('startupProbe')).toBe(200);
  await vi.waitFor(probe, READY).catch(async () => expect(await logsOf(pod.id)).toBe('ready'));
  return pod;
}

/** Calls with the first access key of the page's identities, by the name in the certificate. */
async function read(address: string): Promise<string> {
  writeFileSync(join(directory, 'hosts'), `127.0.0.1 localhost\n${address} csms.apps.svc\n`);
  const { domains } = parse(readFileSync(join(directory, 'csms-config/identities.yaml'), 'utf8'));
  const [{ projects, users }] = domains;
  const credentials = {
    CSMS_ENDPOINT: 'https://csms.apps.svc:4280',
    HUAWEICLOUD_SDK_AK: users[0].access_keys[0].ak,
    HUAWEICLOUD_SDK_SK: readFileSync(join(directory, 'csms-config/admin.sk'), 'utf8').trim(),
    HUAWEICLOUD_SDK_PROJECT_ID: projects[0].id,
  };
  const ca = join(directory, 'csms-config/tls.crt');
  return callThroughSdk(credentials, { name: 'pod', value: 'kept', ca }).catch(
    (error: Error) => error.message,
  );
}

beforeAll(async () => {
  mkdirSync(cluster);
  mkdirSync(join(directory, 'bin'));
  writeFileSync(
    join(directory, 'bin/kubectl'),
    `#!/bin/sh\nexec '${process.execPath}' '${join(import.meta.dirname, 'cluster.mjs')}' "$@"\n`,
    { mode: 0o755 },
  );
  writeFileSync(join(directory, 'hosts'), '');
  execFileSync('mount', ['--bind', join(directory, 'hosts'), '/etc/hosts']);
  await runBlock('secrets.sh');
});
afterAll(() => {
  unmountAll();
  execFileSync('umount', ['/etc/hosts']);
});

describe('a pod of the chart', () => {
  const data = createDataVolume(join(directory, 'data'));
  let pod: Awaited<ReturnType<typeof run>>;
  beforeAll(async () => {
    pod = await run({ data });
  });

  it('answers its probes and the SDK, and warns of nothing', async () => {
    expect(await Promise.all([pod.probe('readinessProbe'), pod.probe('livenessProbe')])).toEqual([200, 200]);
    expect(await read(pod.address)).toBe('kept');
    const levels = (await logsOf(pod.id)).split('\n').filter((line) => /"level":(?:40|50|60)/.test(line));
    expect(levels).toEqual([]);
  });

  it('has no right of any kind, and has written nothing but its data', async () => {
    const status = await evaluate(pod.id, 'console.log(fs.readFileSync("/proc/1/status", "utf8"))');
    for (const line of [
      /^CapBnd:\t0+$/m,
      /^CapEff:\t0+$/m,
      /^NoNewPrivs:\t1$/m,
      /^Seccomp:\t2$/m,
      /^Groups:\t.*\b2000\b/m,
    ])
      expect(status).toMatch(line);
    const changed = (await output(['diff', pod.id])).split('\n');
    // Where the volumes are mounted.
    expect(changed.filter((line) => !/^[AC] \/etc(?:\/csms-server(?:\/[\w-]+)?)?$/.test(line))).toEqual([]);
    const folder = statSync(join(data, 'csms'));
    expect([folder.uid, folder.mode & 0o777]).toEqual([1_000, 0o700]);
  });

  it('takes identities and a certificate that have been renewed, and keeps to them when the next are wrong', async () => {
    const { id, address, volumes } = pod;
    const identities = join(directory, 'csms-config/identities.yaml');
    const before = readFileSync(identities, 'utf8');
    writeFileSync(identities, before.replace(/ ak: \S+/, ' ak: RENEWEDACCESSKEY'));
    await runBlock('renew.sh');
    volumes.get('identities')?.write(readSecret('csms-identities'));
    writeFileSync(join(directory, 'csms-config/tls.crt'), '');
    await runProgram(['sh', '-euc', `cd ${directory}; ${/openssl req[\s\S]*?tls\.crt$/m.exec(page)?.[0]}`]);
    volumes.get('tls')?.write(tlsNow());
    // The SDK trusts the new certificate alone, and signs with the new key.
    await expect.poll(() => read(address), RENEWED).toBe('kept');
    volumes
      .get('identities')
      ?.write({ ...readSecret('csms-identities'), 'identities.yaml': 'domains: none\n' });
    await expect.poll(() => logsOf(id), RENEWED).toContain('reload failed');
    expect(await read(address)).toBe('kept');
    volumes.get('identities')?.write(readSecret('csms-identities'));
  });

  it('ends by itself when its node is drained, and the next one has its data', async () => {
    const startMs = performance.now();
    await output(['stop', '--time', '15', pod.id]);
    expect(performance.now() - startMs).toBeLessThan(STOP_MS_MAX);
    expect(await inspect(pod.id, '.State.ExitCode')).toBe(0);
    const secrets = { ...secretsOf(), 'csms-tls': tlsNow() };
    const next = await run({ data, secrets });
    expect(await read(next.address)).toBe('kept');
  });
});

it('a volume that everybody on the node can write to is good enough', async () => {
  const data = createDataVolume(join(directory, 'open'));
  const pod = await run({
    data,
    claim: 'open to everybody',
    secrets: { ...secretsOf(), 'csms-tls': tlsNow() },
  });
  expect(await read(pod.address)).toBe('kept');
});

it('a user that the cluster has chosen, as on OpenShift, will do', async () => {
  const chosen = manifests
    .replace('runAsUser: 1000', 'runAsUser: 1000650000')
    .replace('runAsGroup: 1000', 'runAsGroup: 0')
    .replace('fsGroup: 2000', 'fsGroup: 1000650000');
  const data = createDataVolume(join(directory, 'chosen'));
  const pod = await run({ manifests: chosen, data, secrets: { ...secretsOf(), 'csms-tls': tlsNow() } });
  expect(await read(pod.address)).toBe('kept');
});

it('files with the mode that Kubernetes gives by default are refused, with the remedy', async () => {
  const data = createDataVolume(join(directory, 'unused'));
  const folder = join(directory, 'refused');
  const { id } = await startPod({
    ...{ manifests, data, folder, claim: 'with fsGroup', secretMode: 0o644 },
    secrets: secretsOf(),
  });
  expect(await output(['wait', id])).toBe('78');
  expect(await logsOf(id)).toContain('in Kubernetes: defaultMode: 0440 and fsGroup');
});

it('a passphrase, hooks with an authority of their own, metrics and IPv6 addresses: everything that the chart can set', async () => {
  const everything = readFileSync(join(ROOT, 'test/chart/golden/everything.yaml'), 'utf8').replace(
    '1Gi',
    '512Mi',
  );
  const { 'csms-identities': identities = {}, 'csms-root-key': { 'root.key': line = '' } = {} } = secretsOf();
  const { 'tls.crt': authority = '' } = tlsNow();
  const hooks = { 'hooks.yaml': 'topics: []\n', 'ca.crt': authority };
  const data = createDataVolume(join(directory, 'everything'));
  const secrets = { passphrase: { line }, identities, hooks, tls: tlsNow() };
  const pod = await run({ manifests: everything, data, secrets });
  expect(await read(pod.address)).toBe('kept');
  expect(await (await fetch(`http://${pod.address}:9100/metrics`)).text()).toContain('csms_secrets 1\n');
});

it('a preview takes its credentials from the Secret that applications read', async () => {
  const preview = readFileSync(join(ROOT, 'test/chart/golden/dev.yaml'), 'utf8');
  const client = objectsOf(preview).get('Secret') as { stringData: Record<string, string> };
  const data = createDataVolume(join(directory, 'preview'));
  const secrets = { 'csms-client': client.stringData };
  const pod = await run({ manifests: preview, data, claim: 'open to everybody', secrets });
  const CSMS_ENDPOINT = `http://${pod.address}:4280`;
  expect(
    await callThroughSdk({ ...client.stringData, CSMS_ENDPOINT }, { name: 'preview', value: 'kept' }),
  ).toBe('kept');
});

it('without the chart, the variables of a Service called csms do not keep it from starting', async () => {
  const variables = Object.entries(SERVICE_VARIABLES).flatMap((pair) => ['--env', pair.join('=')]);
  const id = await start([...variables, 'csms-server:dev']);
  await expect.poll(() => logsOf(id), READY).toContain('listening on port 4280');
});

/** Both streams of a container. */
async function logsOf(id: string): Promise<string> {
  const { stdout, stderr } = await docker(['logs', id]);
  return stdout + stderr;
}

/** The certificate as the page's files have it now. */
function tlsNow(): Secret {
  const [certificate, key] = ['tls.crt', 'tls.key'].map((name) =>
    readFileSync(join(directory, 'csms-config', name)),
  );
  return { 'tls.crt': certificate!, 'tls.key': key! };
}
