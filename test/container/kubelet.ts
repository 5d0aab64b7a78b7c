import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { inspect, start } from './engine.ts';

/** A Secret: the contents of its files, by name. */
export type Secret = Readonly<Record<string, string | Buffer>>;

/** How a volume for data is found: with the group of the pod, or as small clusters give it, open to the whole node. */
export type Claim = 'with fsGroup' | 'open to everybody';

const IMAGE = 'csms-server';
const FRESH = 0o777;

/** What Kubernetes sets in each container of a namespace in which a Service is called `csms`. */
export const SERVICE_VARIABLES = Object.freeze({
  CSMS_SERVICE_HOST: '10.0.0.1',
  CSMS_SERVICE_PORT: '4280',
  CSMS_SERVICE_PORT_API: '4280',
  CSMS_PORT: 'tcp://10.0.0.1:4280',
  CSMS_PORT_4280_TCP: 'tcp://10.0.0.1:4280',
  CSMS_PORT_4280_TCP_PROTO: 'tcp',
  CSMS_PORT_4280_TCP_PORT: '4280',
  CSMS_PORT_4280_TCP_ADDR: '10.0.0.1',
  CSMS_METRICS_SERVICE_HOST: '10.0.0.2',
  CSMS_METRICS_SERVICE_PORT: '9464',
  CSMS_METRICS_PORT: 'tcp://10.0.0.2:9464',
});

/** The objects in rendered manifests, by kind. YAML 1.1, as Kubernetes reads it, has octal numbers. */
export function objectsOf(manifests: string) {
  const documents = parseAllDocuments(manifests, { version: '1.1' }).map((document) => document.toJS());
  return new Map(documents.filter(Boolean).map((document) => [document.kind as string, document]));
}

const mounted: string[] = [];
/** Unmounts all volumes: a folder that holds one cannot be removed. */
export function unmountAll(): void {
  for (const path of mounted.splice(0)) execFileSync('umount', ['--lazy', path]);
}

/** A folder in memory, as volumes of Secrets are. */
function mountMemory(path: string): void {
  mkdirSync(path);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=0777', 'tmpfs', path]);
  mounted.push(path);
}

/** Gives a volume to the group, as kubelet does at each mount: `secret` to read, else to write. */
function giveToGroup(
  path: string,
  gid: number,
  bits: { readonly files: number; readonly folders: number },
): void {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return;
  chownSync(path, stat.uid, gid);
  chmodSync(path, (stat.mode & FRESH) | (stat.isDirectory() ? bits.folders : bits.files));
  if (stat.isDirectory()) for (const name of readdirSync(path)) giveToGroup(join(path, name), gid, bits);
}

/**
 * The volume of a Secret: each file a link through the folder `..data`, itself a link, which a renewal exchanges at once.
 * @see Kubernetes, pkg/volume/util/atomic_writer.go and volume_linux.go
 */
export function createSecretVolume(
  path: string,
  { mode, gid }: { readonly mode: number; readonly gid: number },
) {
  let generation = 0;
  mountMemory(path);
  return {
    path,
    /** Writes the Secret, for the first time or anew. */
    write(secret: Secret): void {
      const before = readdirSync(path).filter((name) => /^\.\.\d/.test(name));
      generation += 1;
      const folder = `..2026_11_30_12_00_${String(generation).padStart(2, '0')}.${1_000_000_000 + generation}`;
      mkdirSync(join(path, folder));
      chmodSync(join(path, folder), 0o755);
      for (const [name, content] of Object.entries(secret)) {
        writeFileSync(join(path, folder, name), content);
        chmodSync(join(path, folder, name), mode);
      }
      symlinkSync(folder, join(path, '..data_tmp'));
      giveToGroup(path, gid, { files: 0o440, folders: 0o2550 });
      renameSync(join(path, '..data_tmp'), join(path, '..data'));
      for (const name of Object.keys(secret)) {
        if (!readdirSync(path).includes(name)) symlinkSync(join('..data', name), join(path, name));
      }
      for (const name of before) rmSync(join(path, name), { recursive: true });
    },
  };
}

/** A volume for data with a file system of its own, hence with `lost+found`. */
export function createDataVolume(path: string): string {
  mkdirSync(path);
  mkdirSync(join(path, 'lost+found'), { mode: 0o700 });
  return path;
}

/** Mounts a volume for data into the next pod. */
function mountData(path: string, claim: Claim, gid: number): void {
  if (claim === 'with fsGroup') giveToGroup(path, gid, { files: 0o660, folders: 0o2770 });
  else chmodSync(path, 0o777);
}

/** What a pod is made from. `folder` holds its volumes. */
export interface PodInput {
  readonly manifests: string;
  readonly folder: string;
  /** By the names of the Secrets. */
  readonly secrets: Readonly<Record<string, Secret>>;
  readonly data: string;
  readonly claim: Claim;
  /** In place of what the chart says, such as 0644. */
  readonly secretMode?: number;
}

/** Starts the container of the chart's pod as Kubernetes would. */
export async function startPod({ manifests, folder, secrets, data, claim, secretMode }: PodInput) {
  const { spec } = objectsOf(manifests).get('StatefulSet').spec.template;
  const [container] = spec.containers;
  const { runAsUser, runAsGroup, fsGroup } = spec.securityContext;
  mkdirSync(folder);
  mountData(data, claim, fsGroup);
  const paths = new Map([['data', data]]);
  const volumes = new Map<string, ReturnType<typeof createSecretVolume>>();
  for (const { name, secret } of spec.volumes ?? []) {
    if (secret === undefined) continue;
    const mode = secretMode ?? secret.defaultMode;
    const volume = createSecretVolume(join(folder, name), { mode, gid: fsGroup });
    volume.write(filesOf(secrets[secret.secretName] ?? {}, secret.items));
    volumes.set(name, volume);
    paths.set(name, volume.path);
  }
  const { readOnlyRootFilesystem, allowPrivilegeEscalation, capabilities } = container.securityContext;
  const args = [
    ...[
      '--hostname',
      'csms-0',
      '--no-healthcheck',
      '--user',
      `${runAsUser}:${runAsGroup}`,
      '--group-add',
      fsGroup,
    ],
    ...(readOnlyRootFilesystem ? ['--read-only'] : []),
    ...(allowPrivilegeEscalation ? [] : ['--security-opt', 'no-new-privileges']),
    ...capabilities.drop.flatMap((name: string) => ['--cap-drop', name]),
    ...['--memory', container.resources.limits.memory.replace('Mi', 'm')],
    ...variablesOf(container.env, secrets).flatMap((variable) => ['--env', variable]),
    ...container.volumeMounts.flatMap(({ name, mountPath, readOnly }: Record<string, string>) => [
      '--volume',
      `${paths.get(name ?? '')}:${mountPath}${readOnly ? ':ro' : ''}`,
    ]),
  ].map(String);
  const id = await start([...args, IMAGE, ...container.args]);
  const address = await inspect<string>(id, '.NetworkSettings.IPAddress');
  return {
    id,
    address,
    volumes,
    /** The status that the probe gets; undefined: no connection. */
    probe: (name: 'startupProbe' | 'readinessProbe' | 'livenessProbe') =>
      probe(address, container[name].httpGet),
  };
}

/** The files of a Secret: all, or those that the volume names, under its names. */
function filesOf(
  secret: Secret,
  items: readonly { readonly key: string; readonly path: string }[] | undefined,
): Secret {
  if (items === undefined) return secret;
  return Object.fromEntries(items.map(({ key, path }) => [path, secret[key] ?? '']));
}

/** The pod's own variables win over those of Services. */
function variablesOf(env: readonly Record<string, unknown>[], secrets: PodInput['secrets']): string[] {
  const own = env.map(({ name, value, valueFrom }) => {
    const { secretKeyRef } = (valueFrom ?? {}) as { secretKeyRef?: { name: string; key: string } };
    return [name, secretKeyRef === undefined ? value : secrets[secretKeyRef.name]?.[secretKeyRef.key]];
  });
  return Object.entries({ ...SERVICE_VARIABLES, ...Object.fromEntries(own) }).map((pair) => pair.join('='));
}

/** As kubelet asks: by the pod's address, without a look at the certificate. */
function probe(
  address: string,
  { path, scheme }: { path: string; scheme: string },
): Promise<number | undefined> {
  const options = {
    host: address,
    port: 4280,
    path,
    headers: { 'user-agent': 'kube-probe/1.37' },
    agent: false,
  };
  return new Promise((resolve) => {
    const request =
      scheme === 'HTTPS' ? requestTls({ ...options, rejectUnauthorized: false }) : requestPlain(options);
    request.setTimeout(3_000, () => request.destroy());
    request.once('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.once('error', () => resolve(undefined));
    request.end();
  });
}
