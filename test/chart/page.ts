import { equal, match } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { parse } from 'yaml';
import { ROOT, runTool } from './helm.ts';

const page = readFileSync(join(ROOT, 'docs/kubernetes.md'), 'utf8');

/** What stands in the page below a mark, such as `test: install.sh`. */
function blockOf(mark: string): string {
  const [, rest = ''] = page.split(`<!-- ${mark} -->\n\`\`\``);
  return rest.slice(rest.indexOf('\n') + 1, rest.indexOf('\n```'));
}

/** Renders what the `helm install` in a block of the page would install. */
async function install(mark: string): Promise<string> {
  const [, command = ''] = /^helm install ((?:.*\\\n)*.*)$/m.exec(blockOf(mark)) ?? [];
  const words = command.replaceAll('\\\n', ' ').split(/\s+/);
  const args = words.map((word) => (word.startsWith('charts/') ? join(ROOT, word) : word));
  const { code, stdout, stderr } = await runTool('helm', ['template', ...args]);
  equal(code, 0, stderr);
  return stdout;
}

it('the page installs what the golden files show', async () => {
  const golden = readFileSync(join(import.meta.dirname, 'golden/existing-secrets.yaml'), 'utf8');
  const { version } = parse(readFileSync(join(ROOT, 'charts/csms-server/Chart.yaml'), 'utf8'));
  const rendered = (await install('test: install.sh')).replaceAll(version, 'VERSION');
  equal(rendered, golden.slice(golden.indexOf('---\n')));
});

it('the page shows applications the Secret that the preview has', async () => {
  const { containers } = parse(blockOf('checked: application'));
  const [{ secretRef }] = containers[0].envFrom;
  const rendered = await install('test: preview.sh');
  match(rendered, new RegExp(`^kind: Secret\\nmetadata:\\n {2}name: ${secretRef.name}$`, 'm'));
  match(
    rendered,
    /^ {2}HUAWEICLOUD_SDK_REGION_CSMS_CN_NORTH_4: "http:\/\/preview-csms-server\.preview\.svc:4280"$/m,
  );
});
