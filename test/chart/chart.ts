import { deepEqual, equal, match } from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { CHART, OLDEST, render, renderNotes, runTool } from './helm.ts';

const here = import.meta.dirname;
const { version } = JSON.parse(readFileSync(join(here, '..', '..', 'package.json'), 'utf8'));
/** Names of golden files, and the values that they show. */
const RELEASES = new Map([
  ['existing-secrets', join(here, 'values', 'existing-secrets.yaml')],
  ['trial', join(here, 'values', 'trial.yaml')],
  ['everything', join(here, 'values', 'everything.yaml')],
  ['openshift', join(here, 'values', 'openshift.yaml')],
  ['dev', join(CHART, 'values-dev.yaml')],
  ['dev-generated', join(here, 'values', 'dev-generated.yaml')],
]);

for (const [name, values] of RELEASES) {
  describe(`the chart with the values ${name}`, () => {
    it('has no fault that helm lint knows', async () => {
      const { code, stdout } = await runTool('helm', ['lint', '--strict', CHART, '--values', values]);
      equal(code, 0, stdout);
    });

    it('renders what was agreed on, and its notes', async () => {
      const { code, stdout, stderr } = await render(['--values', values]);
      equal(code, 0, stderr);
      const notes = (await renderNotes(['--values', values])).replace(/^/gm, '# ').replace(/ +$/gm, '');
      // Another version of the program changes nothing else.
      const text = `${notes}\n${stdout}`.replaceAll(version, 'VERSION');
      const golden = join(here, 'golden', `${name}.yaml`);
      if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, text);
      equal(text, existsSync(golden) ? readFileSync(golden, 'utf8') : '');
    });

    it('renders only what Kubernetes and the Prometheus operator know', async () => {
      const { stdout } = await render(['--values', values]);
      const checked = await check(stdout);
      equal(checked.code, 0, checked.stdout);
      const documents = parseAllDocuments(stdout).map((document) => document.toJS());
      const found = documents.filter((document) => document !== null).length;
      match(checked.stdout, new RegExp(`"valid": ${found},`));
    });

    it('renders a pod that the policy `restricted` of Pod Security admits', async () => {
      const { stdout } = await render(['--values', values, '--show-only', 'templates/statefulset.yaml']);
      const { template } = parse(stdout, { version: '1.1' }).spec;
      const admitted = await runTool('restricted', [], JSON.stringify(template));
      deepEqual(admitted, { code: 0, stdout: '', stderr: '' });
      delete template.spec.securityContext.seccompProfile;
      match((await runTool('restricted', [], JSON.stringify(template))).stdout, /seccompProfile/);
    });
  });
}

describe('the check beside the schemas', () => {
  it('finds a wrong field, a wrong type, a wrong word and an unknown kind', async () => {
    const { stdout } = await render(['--values', RELEASES.get('everything') ?? '']);
    const wrong: readonly (readonly [string, string])[] = [
      ['readOnlyRootFilesystem:', 'readOnlyRootFileSystem:'],
      ['terminationGracePeriodSeconds: 15', 'terminationGracePeriodSeconds: soon'],
      ['podManagementPolicy: Parallel', 'podManagementPolicy: Sideways'],
      ['kind: NetworkPolicy', 'kind: NetworkPolicies'],
      ['policyTypes: [Ingress, Egress]', 'policyType: [Ingress, Egress]'],
      ['interval: 10s', 'every: 10s'],
    ];
    for (const [right, written] of wrong) {
      equal(stdout.includes(right), true, right);
      equal((await check(stdout.replace(right, written))).code, 1, written);
    }
  });
});

describe('a pod of the chart', () => {
  it('is the same with and without the objects around it, which an upgrade may change', async () => {
    const base = [
      '--values',
      RELEASES.get('existing-secrets') ?? '',
      '--show-only',
      'templates/statefulset.yaml',
    ];
    const [one, other] = await Promise.all([
      render(base),
      render([...base, '--set', 'networkPolicy.enabled=false', '--set', 'service.type=NodePort']),
    ]);
    deepEqual(one, other);
  });
});

/** Checks manifests beside the schemas of this folder alone: nothing is fetched. */
function check(manifests: string) {
  const location = join(here, 'schemas', '{{ .ResourceKind }}{{ .KindSuffix }}.json');
  const args = ['-strict', '-summary', '-output', 'json', '-kubernetes-version', OLDEST];
  return runTool('kubeconform', [...args, '-schema-location', location], manifests);
}
