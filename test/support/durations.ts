import type { Reporter, TestModule } from 'vitest/node';

/** What one file may take of a whole run. A share, so that it holds on a machine of any speed, and beside other work. */
const SHARE_MAX = 0.09;
/** Below so many files a share says nothing: someone runs a few of them. */
const FILES_MIN = 180;

/** The share of a whole run that each file took, the longest first. */
export function sharesOf(files: readonly { path: string; durationMs: number }[]): [string, number][] {
  const totalMs = files.reduce((sum, { durationMs }) => sum + durationMs, 0);
  return files
    .map(({ path, durationMs }): [string, number] => [path, durationMs / totalMs])
    .toSorted(([, a], [, b]) => b - a);
}

/** The files that take more than their share; none in a run of few files. */
export function overBudget(shares: readonly [string, number][]): string[] {
  return shares.length < FILES_MIN
    ? []
    : shares.filter(([, share]) => share > SHARE_MAX).map(([path]) => path);
}

/** Says at the end of a whole run which files took longest, and fails it when one takes too large a share. */
export class Durations implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const files = modules.map((module) => {
      const { duration, collectDuration } = module.diagnostic();
      return { path: module.relativeModuleId, durationMs: duration + collectDuration };
    });
    const shares = sharesOf(files);
    if (shares.length < FILES_MIN) return;
    const lines = shares.slice(0, 5).map(([path, share]) => `  ${(share * 100).toFixed(1)} % ${path}`);
    process.stdout.write(`\nLongest files\n${lines.join('\n')}\n`);
    const over = overBudget(shares);
    if (over.length === 0) return;
    process.stderr.write(`over ${SHARE_MAX * 100} % of the run: ${over.join(', ')}\n`);
    process.exitCode = 1;
  }
}
