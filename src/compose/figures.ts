import type { Logger } from 'pino';
import type { RoomFigures } from '../app/health/storage-status.ts';
import type { JobRunner } from '../app/jobs/runner.ts';
import type { Store } from '../app/ports/deps.ts';
import type { MetricSources } from '../http/observability/exposition.ts';
import { linesOf } from '../log/lines.ts';
import type { CertificateFiles } from './operator-files.ts';

/** What the parts of a server report about themselves, for its metrics. */
export function figuresOf(parts: {
  readonly runner: JobRunner;
  readonly store: Store;
  readonly log: Logger;
  readonly certificate: CertificateFiles | undefined;
}): MetricSources {
  const { certificate, runner, store, log } = parts;
  return {
    jobs: () => runner.status(),
    counts: () => store.countAll(),
    isWritable: () => store.storageStatus().refusal === undefined,
    storeBytes: () => sum(store.storageStatus(), 'databaseBytes', 'logBytes'),
    storeFreeBytes: () => sum(store.storageStatus(), 'freeBytes', 'reusableBytes'),
    storeNeededBytes: () => store.storageStatus().neededBytes,
    checkpointOwedSeconds: () => store.storageStatus().checkpointOwedMs / 1_000,
    logLinesDropped: linesOf(log).dropped,
    ...(certificate && { certificateEndSeconds: () => certificate.present().endMs / 1_000 }),
  };
}

function sum(figures: RoomFigures, one: keyof RoomFigures, other: keyof RoomFigures): number {
  return figures[one] + figures[other];
}
