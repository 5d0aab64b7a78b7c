import type { Logger } from 'pino';
import type { JobRunner } from './app/jobs.ts';
import type { Store } from './app/ports.ts';
import type { RoomFigures } from './app/storage-status.ts';
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
    isWritable: () => store.storageStatus().refusal === undefined,
    storeBytes: () => sum(store.storageStatus(), 'databaseBytes', 'logBytes'),
    storeFreeBytes: () => sum(store.storageStatus(), 'freeBytes', 'reusableBytes'),
    storeNeededBytes: () => store.storageStatus().neededBytes,
    checkpointOwedMs: () => store.storageStatus().checkpointOwedMs,
    logLinesDropped: linesOf(log).dropped,
  };
}

function sum(figures: RoomFigures, one: keyof RoomFigures, other: keyof RoomFigures): number {
  return figures[one] + figures[other];
}
