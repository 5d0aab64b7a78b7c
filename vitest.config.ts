import { globSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { Durations } from './test/support/durations.ts';

/** `npm run test:edges` takes what wants a machine to itself: thousands of connections, full disks, waits for time-outs, many starts. */
const EDGES = 'test/edges/**/*.test.ts';
/** Files that replace a module, or say so, have a process of their own; the others share some, and what they have loaded. */
const ALONE = globSync('test/**/*.test.ts').filter((file) =>
  /vi\.(mock|hoisted)\(|^\/\/ Alone in its process/m.test(readFileSync(file, 'utf8')),
);

export default defineConfig(({ mode }) => ({
  test: {
    ...(mode === 'edges'
      ? { include: [EDGES], fileParallelism: false }
      : {
          projects: [
            { extends: true, test: { name: 'alone', include: ALONE, exclude: [EDGES] } },
            {
              extends: true,
              test: {
                name: 'shared',
                include: ['test/**/*.test.ts'],
                exclude: [EDGES, ...ALONE],
                isolate: false,
              },
            },
          ],
        }),
    // They end what hangs, and nothing else: a machine that others use as well may be ten times as slow.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default', ...(mode === 'edges' ? [] : [new Durations()])],
    setupFiles: [
      'test/e2e/cleanup.ts',
      // Only `npm run matrix` wants to know which test calls what.
      ...(process.env.RECORD_OPERATIONS === undefined ? [] : ['test/matrix/record.ts']),
    ],
    pool: 'forks',
    // Some of them wait for something most of the time: one more than the processors of a small machine.
    maxWorkers: 3,
  },
}));
