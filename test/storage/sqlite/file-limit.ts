import { startChild } from './children.ts';

/** Larger than the ballast, in units of 512 bytes as POSIX has them. */
const FILE_BLOCKS_MAX = (20 * 1_048_576) / 512;

/** What `write-error-child.ts` saw. */
export interface WriteErrorReport {
  readonly acknowledged: readonly string[];
  readonly refused: readonly string[];
  readonly fatal: readonly string[];
  readonly after: string;
  readonly isWritable: boolean;
  readonly stillReads: number;
}

/** Lets a store write into a limit on file sizes, which needs no rights and exists on every Unix. */
export async function writeIntoFileLimit(directory: string): Promise<WriteErrorReport> {
  const via = ['/bin/sh', '-c', `ulimit -f ${FILE_BLOCKS_MAX}; exec "$@"`, 'sh'];
  const child = startChild('write-error-child.ts', [directory], via);
  const report = JSON.parse(await child.firstLine()) as WriteErrorReport;
  const exitCode = await child.ended();
  if (exitCode !== 0) throw new Error(`write-error-child.ts ended with ${exitCode}`);
  return report;
}
