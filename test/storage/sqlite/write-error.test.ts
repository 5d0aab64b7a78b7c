import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type WriteErrorReport, writeIntoFileLimit } from './file-limit.ts';
import { makeDirectory, openSqlite, removeDirectory } from './harness.ts';

/** A limit on file sizes makes every write beyond it fail, on any machine. */
describe('a write that the operating system refuses', () => {
  let directory: string;
  let report: WriteErrorReport;
  beforeAll(async () => {
    directory = makeDirectory();
    report = await writeIntoFileLimit(directory);
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
