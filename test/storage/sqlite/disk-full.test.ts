import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChild } from './children.ts';
import { makeDirectory, removeDirectory } from './harness.ts';

/** Room for what the store wants free (64 MiB), the ballast (16 MiB) and the data. */
const TMPFS = 'mount -t tmpfs -o size=110m tmpfs "$0"';

type Report = Readonly<Record<string, unknown>>;

/** How to run a program with a small file system of its own, which ends with it; absent where that is not allowed. */
function smallDisk(directory: string): string[] | undefined {
  const ways = [
    ['unshare', '--mount'],
    ['unshare', '--user', '--map-root-user', '--mount'],
  ];
  const way = ways.find(([command = '', ...flags]) => {
    return spawnSync(command, [...flags, 'sh', '-c', TMPFS, directory], { timeout: 5_000 }).status === 0;
  });
  return way && [...way, 'sh', '-c', `${TMPFS} && exec "$@"`, directory];
}

const root = makeDirectory();
const via = smallDisk(root);
afterAll(() => removeDirectory(root));

// Where no small disk can be had, write-error.test.ts alone says what becomes of a write that fails.
describe.runIf(via !== undefined)('a full disk', () => {
  const reports = new Map<string, Report>();
  beforeAll(async () => {
    const child = startChild('disk-full-child.ts', [root], via);
    expect(await child.ended()).toBe(0);
    for (const line of child.lines) {
      const report = JSON.parse(line) as Report & { readonly step: string };
      reports.set(report.step, report);
    }
  });
  /** The writer lives, and what was acknowledged is there. */
  const whole = { fatal: [], wrong: [] };

  it.each<[claim: string, step: string, wanted: Report]>([
    ['is distinguished from one with room', 'start', { created: ['done'], hasBallast: true }],
    [
      'refuses changes as storage-full, keeps every acknowledged row and keeps reading',
      'full',
      // What the log has had room for before is there still.
      { refused: expect.arrayContaining(['storage-full']), isWritable: false, ...whole },
    ],
    ['makes the store give its reserve back', 'full', { hasBallast: false }],
    [
      'lets deletions, revocations and the record of the clock through thanks to the reserve, and nothing else',
      'reserve',
      { removed: ['done'], revoked: 'done', noted: 'done', stillRefused: ['storage-full'], ...whole },
    ],
    [
      'lets rotations note how their calls ended, and neither starts one nor takes a new value',
      'reserve',
      { rotation: { noted: 'done', started: 'storage-full', stored: 'storage-full' } },
    ],
    ['heals by itself when there is room again', 'healed', { healed: ['done'], isWritable: true, ...whole }],
    [
      'has lost nothing when the store is opened again, and the reserve is back',
      'reopened',
      { hasBallast: true, wrong: [] },
    ],
    [
      'does not keep the store from starting, reading and deleting',
      'started full',
      { small: ['storage-full'], removedAfterStart: ['done'], hasBallast: false, ...whole },
    ],
    [
      'empties a log that does not fit into the database any more, thanks to the reserve, and loses nothing',
      'checkpoint',
      { removedSmall: ['done'], later: ['done'], ...whole },
    ],
  ])('%s', (_, step, wanted) => {
    expect(reports.get(step)).toMatchObject(wanted);
  });
});
