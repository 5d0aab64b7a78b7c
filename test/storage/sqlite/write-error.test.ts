import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChild } from './children.ts';
import { makeDirectory, openSqlite, removeDirectory } from './harness.ts';

/** Larger than the ballast, in units of 512 bytes as POSIX has them. */
const FILE_BLOCKS_MAX = (20 * 1_048_576) / 512;

/** What `write-error-child.ts` saw. */
interface WriteErrorReport {
  readonly acknowledged: readonly string[];
  readonly refused: readonly string[];
  readonly fatal: readonly string[];
  readonly after: string;
  readonly isWritable: boolean;
  readonly stillReads: number;
}

/** A limit on file sizes makes every write beyond it fail, on any machine: it needs no rights, and every Unix has it. */
describe('a write that the operating system refuses', () => {
  let directory: string;
  let report: WriteErrorReport;
  beforeAll(async () => {
    directory = makeDirectory();
    const via = ['/bin/sh', '-c', `ulimit -f ${FILE_BLOCKS_MAX}; exec "$@"`, 'sh'];
    const child = startChild('write-error-child.ts', [directory], via);
    report = JSON.parse(await child.firstLine()) as WriteErrorReport;
    expect(await child.ended()).toBe(0);
  });
  afterAll(() => removeDirectory(directory));

  it('leaves the outcome of the whole batch unknown', () => {
    expect(report.acknowledged.length).toBeGreaterThan(100);
    expect(report.refused.length).toBeGreaterThan(0);
    expect(new Set(report.refused)).toStrictEqual(new Set(['outcome-unknown']));
  });

  it('tells the program once that storage cannot be trusted any more', () => {
    expect(report.fatal).toStrictEqual([expect.stringMatching(/SQLITE_IOERR_WRITE/)]);
  });

  it('refuses every later change and keeps reading', () => {
    expect(report.after).toBe('unavailable');
    expect(report.isWritable).toBe(false);
    expect(report.stillReads).toBe(report.acknowledged.length);
  });

  it('has lost nothing that was acknowledged when the program starts again', async () => {
    const { store } = await openSqlite(directory);
    const lost: string[] = [];
    for (const name of report.acknowledged) {
      if ((await store.findValue({ projectId: 'limited', name }, 'latest')) === undefined) lost.push(name);
    }
    expect(lost).toStrictEqual([]);
    await store.close();
  });
});
