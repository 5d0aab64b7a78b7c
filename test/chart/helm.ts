import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The top of the repository. */
export const ROOT = join(import.meta.dirname, '..', '..');
/** The chart. */
export const CHART = join(ROOT, 'charts', 'csms-server');
/** Kubernetes of this version has everything that the chart renders. */
export const OLDEST = '1.25.0';
const TOOLS = process.env.CHART_TOOLS ?? '';

/** A program that has ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one of the programs that tools.sh has built, without a cluster and with nothing of this user's. */
export function runTool(
  name: 'helm' | 'kubeconform' | 'restricted',
  args: readonly string[],
  input = '',
): Promise<Ended> {
  const env = { PATH: process.env.PATH, HOME: '/nonexistent', KUBECONFIG: '/nonexistent' };
  return new Promise((resolve) => {
    const child = execFile(join(TOOLS, name), args, { env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    });
    child.stdin?.end(input);
  });
}

/** What Helm renders of a chart for a release `csms` in the namespace `apps`. */
export function render(args: readonly string[], chart = CHART): Promise<Ended> {
  return runTool('helm', [
    'template',
    'csms',
    chart,
    '--namespace',
    'apps',
    '--kube-version',
    OLDEST,
    ...args,
  ]);
}

/** The chart's notes, which Helm shows only when a cluster answers: as the only text of a copy of the chart. */
export async function renderNotes(args: readonly string[]): Promise<string> {
  const scratch = mkdtempSync(join(tmpdir(), 'csms-chart-'));
  try {
    cpSync(CHART, scratch, { recursive: true });
    cpSync(join(scratch, 'templates', 'NOTES.txt'), join(scratch, 'notes.txt'));
    writeFileSync(
      join(scratch, 'templates', 'notes.yaml'),
      'notes: |\n{{ tpl (.Files.Get "notes.txt") . | indent 2 }}\n',
    );
    const { stdout, stderr, code } = await render(['--show-only', 'templates/notes.yaml', ...args], scratch);
    if (code !== 0) throw new Error(stderr);
    return stdout.replace(/^[\s\S]*?notes: \|\n/, '').replace(/^ {2}/gm, '');
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
