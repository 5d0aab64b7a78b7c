import { describe, expect, it } from 'vitest';
import type { StorageStatus } from '../../../src/app/health/storage-status.ts';
import { createStorageWatch } from '../../../src/app/health/storage-watch.ts';
import type { Store } from '../../../src/app/ports/deps.ts';

const MIB = 1_048_576;
const GOOD: StorageStatus = {
  refusal: undefined,
  freeBytes: 1_000 * MIB,
  reusableBytes: 0,
  neededBytes: 64 * MIB,
  databaseBytes: MIB,
  logBytes: 0,
  checkpointOwedMs: 0,
};

/** What is logged when the storage goes through these states. */
function tell(states: readonly Partial<StorageStatus>[]): { lines: string[]; works: boolean[] } {
  const lines: string[] = [];
  let status = GOOD;
  const note = (level: string) => (fields: Record<string, unknown>, message: string) =>
    void lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  const watch = createStorageWatch({
    store: { storageStatus: () => status } as Store,
    log: { info: note('info'), warn: note('warn'), error: note('error') },
  });
  const works = states.map((state) => {
    status = { ...GOOD, ...state };
    return watch();
  });
  return { lines, works };
}

describe('the watch over the storage', () => {
  it('says nothing while all is well', () => {
    expect(tell([{}, {}, {}]).lines).toEqual([]);
  });

  it.each([
    [256 * MIB, 0],
    [256 * MIB - 1, 1],
    [0, 1],
  ])('warns with %d bytes left: %d line, however long it lasts', (freeBytes, count) => {
    const { lines } = tell([{ freeBytes }, { freeBytes }, { freeBytes }]);
    expect(lines).toHaveLength(count);
    for (const line of lines) {
      expect(line).toContain(`{"freeBytes":${freeBytes},"neededBytes":${64 * MIB}}`);
      expect(line).toMatch(/^warn .*getting short/);
    }
  });

  it('counts what is free inside the database', () => {
    expect(tell([{ freeBytes: 200 * MIB, reusableBytes: 100 * MIB }]).lines).toEqual([]);
  });

  it('does not repeat itself for a figure that goes to and fro', () => {
    const { lines } = tell([250, 260, 250, 260, 319, 250].map((mib) => ({ freeBytes: mib * MIB })));
    expect(lines).toHaveLength(1);
    expect(tell([250, 320, 250].map((mib) => ({ freeBytes: mib * MIB }))).lines).toHaveLength(2);
  });

  it.each([
    ['no-room', true],
    ['locked', false],
    ['missing', false],
    ['ended', false],
  ] as const)('tells the beginning and the end of %s once; jobs can work: %s', (refusal, canWork) => {
    const { lines, works } = tell([{}, { refusal }, { refusal }, {}, {}]);
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['error', 'info']);
    expect(works).toEqual([true, canWork, canWork, true, true]);
  });

  it('logs a reader that keeps the log from being emptied for more than a minute, and its end', () => {
    const { lines } = tell([60_000, 60_001, 90_000, 0].map((checkpointOwedMs) => ({ checkpointOwedMs })));
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['warn', 'info']);
  });
});
