import { globSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { Durations } from './test/support/durations.ts';

/** `npm run test:edges` takes what wants a machine to itself: thousands of connections, full disks, waits for time-outs, many starts. */
const EDGES = 'test/edges/**/*.test.ts';
/** `npm run test:package` makes the package and installs it, which is slow, and starts that in the tests that start a program. */
const PACKAGE = 'test/package/**/*.test.ts';
const STARTING = [
  PACKAGE,
  'test/e2e/{banner,client-commands,dev,host-names,init,log,metrics,public-url,serve,settings,taken,testing,usage,wrong-protocol}.test.ts',
  'test/edges/{clock,credentials,data-directory,durability,notifications,operator-files,reload,rest,rotation,stop,testing-callers}.test.ts',
];
/** Needs an engine: test/container/run.sh starts one and calls this. */
const CONTAINER = 'test/container/**/*.test.ts';
/** What `npm test` leaves to the modes. */
const OTHERS = [EDGES, PACKAGE, CONTAINER];
const MODES: Readonly<Record<string, object>> = {
  edges: { include: [EDGES], fileParallelism: false },
  package: { include: STARTING, globalSetup: 'test/package/install.ts' },
  container: { include: [CONTAINER], fileParallelism: false },
};
/** Files that replace a module, or say so, have a process of their own; the others share some, and what they have loaded. */
const ALONE = globSync('test/**/*.test.ts').filter((file) =>
  /vi\.(mock|hoisted)\(|^\/\/ Alone in its process/m.test(readFileSync(file, 'utf8')),
);

export default defineConfig(({ mode }) => ({
  test: {
    ...(MODES[mode] ?? {
      projects: [
        { extends: true, test: { name: 'alone', include: ALONE, exclude: OTHERS } },
        {
          extends: true,
          test: {
            name: 'shared',
            include: ['test/**/*.test.ts'],
            exclude: [...OTHERS, ...ALONE],
            isolate: false,
          },
        },
      ],
    }),
    // They end what hangs, and nothing else: a machine that others use as well may be ten times as slow.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default', ...(mode in MODES ? [] : [new Durations()])],
    setupFiles: [
      'test/e2e/cleanup.ts',
      // Only `npm run matrix` wants to know which test calls what.
      ...(process.env.RECORD_OPERATIONS === undefined ? [] : ['test/matrix/record.ts']),
    ],
    pool: 'forks',
    // Many of them wait for something most of the time: two more than the processors of a small machine.
    maxWorkers: 4,
  },
}));
