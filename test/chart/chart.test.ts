import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { SETTINGS } from '../../src/config/settings.ts';
import { CHART, ROOT } from './helm.ts';

const read = (...path: string[]) => readFileSync(join(...path), 'utf8');
const schema = JSON.parse(read(CHART, 'values.schema.json'));
const values = parse(read(CHART, 'values.yaml'));
const readme = read(CHART, 'README.md');
const golden = join(import.meta.dirname, 'golden');

/** Settings for which the chart has values of its own. */
const OWN = [
  'CSMS_HOST',
  'CSMS_PORT',
  'CSMS_DATA',
  'CSMS_ROOT_KEY',
  'CSMS_IDENTITIES',
  'CSMS_DEV_AK',
  'CSMS_DEV_SK',
  'CSMS_DEV_PROJECT_ID',
  'CSMS_DEV_PASSWORD',
  'CSMS_SEED',
  'CSMS_CONTROL_TOKEN',
  'CSMS_TLS_CERT',
  'CSMS_TLS_KEY',
  'CSMS_ALLOW_HTTP',
  'CSMS_HOOKS',
  'CSMS_METRICS',
];

interface Container {
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly volumeMounts: readonly { readonly name: string; readonly subPath?: string }[];
  readonly securityContext: unknown;
}

/** The pods that the golden files show. YAML 1.1, in which Kubernetes reads them, has octal numbers. */
const pods = readdirSync(golden).map((file) => {
  const documents = parseAllDocuments(read(golden, file), { version: '1.1' }).map((found) => found.toJS());
  const { spec } = documents.find((document) => document?.kind === 'StatefulSet');
  const { containers, ...pod } = spec.template.spec;
  return { file, spec, pod, containers: containers as readonly Container[] };
});

describe('the chart', () => {
  it('is of the same version as the program', () => {
    const { version } = JSON.parse(read(ROOT, 'package.json'));
    const { version: own, appVersion } = parse(read(CHART, 'Chart.yaml'));
    expect({ own, appVersion }).toEqual({ own: version, appVersion: version });
  });

  it('knows each setting: as a value of its own, or among the further ones', () => {
    const further = Object.keys(schema.properties.settings.properties);
    expect([...OWN, ...further].toSorted()).toEqual(SETTINGS.map(({ name }) => name).toSorted());
  });

  it('has a schema that leaves nothing open, and a default for each value', () => {
    expect(openParts(schema)).toEqual([]);
    const { global: _, ...own } = schema.properties;
    expect(Object.keys(values).toSorted()).toEqual(Object.keys(own).toSorted());
  });

  it('explains each value', () => {
    const explained = [...readme.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name);
    expect(explained).toEqual(leavesOf(values));
  });

  it('is shown with each of its values', () => {
    const everything = leavesOf(parse(read(import.meta.dirname, 'values', 'everything.yaml')));
    const elsewhere = [
      'mode',
      'replicas',
      'fullnameOverride',
      'image.tag',
      'rootKey.value',
      'identities.files',
    ];
    const dev = ['dev.existingSecret', 'dev.credentials', 'dev.seedSecret'];
    const more = [...dev, 'tls.plainHttp', 'persistence.enabled'];
    const rest = ['persistence.existingClaim', 'networkPolicy.enabled', 'serviceAccount.annotations'];
    const shown = [...everything, ...elsewhere, ...more, ...rest];
    expect(
      leavesOf(values).filter((leaf) => !shown.some((name) => `${name}.`.startsWith(`${leaf}.`))),
    ).toEqual([]);
  });
});

describe.each(pods)('the pod of $file', ({ spec, pod, containers }) => {
  const [container] = containers;

  it('is the only one, and has time to end', () => {
    expect(spec).toMatchObject({ replicas: 1 });
    expect(containers).toHaveLength(1);
    // The server stops within ten seconds.
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(10);
  });

  it('has no more rights than it needs', () => {
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(pod).not.toHaveProperty('hostNetwork');
    expect(container?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  it('gets secrets as files that its group alone can read, in whole folders, and never in variables', () => {
    const secrets = (pod.volumes ?? []).filter((volume: object) => 'secret' in volume);
    for (const { secret } of secrets) expect(secret.defaultMode).toBe(0o440);
    for (const { subPath } of container?.volumeMounts ?? []) expect(subPath).toBeUndefined();
    for (const { name, value } of container?.env ?? []) {
      if (/ROOT_KEY|_SK|PASSWORD/.test(name)) expect(value ?? 'file:').toMatch(/^(?:passphrase-)?file:/);
    }
  });
});

/** The places where a schema accepts objects with any field: maps of text and what Kubernetes itself checks are none. */
function openParts(part: unknown, path = ''): string[] {
  if (typeof part !== 'object' || part === null) return [];
  const inner = Object.entries(part).flatMap(([key, child]) => openParts(child, `${path}/${key}`));
  return 'properties' in part && (part as { additionalProperties?: unknown }).additionalProperties !== false
    ? [path, ...inner]
    : inner;
}

/** `image.tag` and the like, in their order: what is a list, a map of the user's or no object at all. */
function leavesOf(value: unknown, path = ''): string[] {
  const isLeaf = typeof value !== 'object' || value === null || Array.isArray(value);
  if (isLeaf || Object.keys(value).length === 0 || path === 'resources') return [path];
  return Object.entries(value).flatMap(([key, child]) =>
    leavesOf(child, path === '' ? key : `${path}.${key}`),
  );
}
