import { defineConfig } from 'vitest/config';

/** `npm run test:edges` takes what wants a machine to itself: thousands of connections, full disks, waits for time-outs. */
const EDGES = 'test/edges/**/*.test.ts';

export default defineConfig(({ mode }) => ({
  test: {
    ...(mode === 'edges'
      ? { include: [EDGES], fileParallelism: false, testTimeout: 120_000, hookTimeout: 60_000 }
      : { include: ['test/**/*.test.ts'], exclude: [EDGES], testTimeout: 20_000, hookTimeout: 20_000 }),
    // Only `npm run matrix` wants to know which test calls what.
    setupFiles: process.env.RECORD_OPERATIONS === undefined ? [] : ['test/matrix/record.ts'],
    pool: 'forks',
    maxWorkers: 2,
  },
}));
