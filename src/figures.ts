import type { Logger } from 'pino';
import type { JobRunner } from './app/jobs.ts';
import type { Store } from './app/ports.ts';
import type { MetricSources } from './http/exposition.ts';
import { linesOf } from './log/lines.ts';

/** What the parts of a server tell about themselves, for its metrics. */
export function figuresOf(parts: {
  readonly runner: JobRunner;
  readonly store: Store;
  readonly log: Logger;
}): MetricSources {
  const { runner, store, log } = parts;
  return {
    jobs: () => runner.status(),
    isWritable: () => store.isWritable(),
    logLinesDropped: linesOf(log).dropped,
  };
}
