import pino from 'pino';
import { expect, it } from 'vitest';
import type { JobRunner } from '../../src/app/jobs/runner.ts';
import type { Store } from '../../src/app/ports/deps.ts';
import { figuresOf } from '../../src/compose/figures.ts';
import type { CertificateFiles } from '../../src/compose/operator-files.ts';
import { T0 } from '../support/builders.ts';

it('tells times in seconds, and room in bytes', () => {
  const status = {
    refusal: 'full',
    freeBytes: 1,
    reusableBytes: 20,
    neededBytes: 300,
    databaseBytes: 4_000,
    logBytes: 50_000,
    checkpointOwedMs: 90_500,
  };
  const { jobs, counts, logLinesDropped, ...figures } = figuresOf({
    runner: {} as JobRunner,
    store: { storageStatus: () => status } as unknown as Store,
    log: pino({ level: 'silent' }),
    certificate: { present: () => ({ endMs: T0 }) } as CertificateFiles,
  });
  expect(Object.fromEntries(Object.entries(figures).map(([name, read]) => [name, read()]))).toEqual({
    isWritable: false,
    storeBytes: 54_000,
    storeFreeBytes: 21,
    storeNeededBytes: 300,
    checkpointOwedSeconds: 90.5,
    certificateEndSeconds: T0 / 1_000,
  });
});
