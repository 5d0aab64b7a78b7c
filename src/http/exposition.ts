import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { JobStatus } from '../app/jobs.ts';

/** What is shown: requests by operation and status, the background jobs, and how much of the log was lost. */
export interface Shown {
  readonly requests: ReadonlyMap<string, ReadonlyMap<number, number>>;
  jobs(): readonly JobStatus[];
  droppedLogLines(): number;
}

/** The figures in words that Prometheus reads. */
export interface Exposition {
  read(): Promise<{ readonly text: string; readonly mediaType: string }>;
}

/** Prepares the figures, and from now on those of the process itself. */
export function createExposition({ requests, jobs, droppedLogLines }: Shown): Exposition {
  const register = new Registry();
  collectDefaultMetrics({ register });
  new Counter({
    name: 'csms_http_requests_total',
    help: 'Requests answered, by operation and status',
    labelNames: ['operation', 'status'],
    registers: [register],
    collect() {
      this.reset();
      for (const [operation, byStatus] of requests) {
        for (const [status, count] of byStatus) this.labels(operation, String(status)).inc(count);
      }
    },
  });
  new Counter({
    name: 'csms_log_lines_dropped_total',
    help: 'Lines of the log that were lost because nobody read them in time',
    registers: [register],
    collect() {
      this.reset();
      this.inc(droppedLogLines());
    },
  });
  registerJobGauges(register, jobs);
  return { read: async () => ({ text: await register.metrics(), mediaType: register.contentType }) };
}

/** One gauge for each figure of a job; their label is the program's own name of the job. */
function registerJobGauges(register: Registry, status: () => readonly JobStatus[]): void {
  const gauges: Readonly<Record<string, readonly [help: string, read: (job: JobStatus) => number]>> = {
    csms_job_due: ['Whether the background job is due', ({ isDue }) => Number(isDue)],
    csms_job_running: ['Whether the background job runs', ({ isRunning }) => Number(isRunning)],
    csms_job_held: ['Whether the job waits since the clock is not trusted', ({ isHeld }) => Number(isHeld)],
    csms_job_failed: ['Failed runs of the background job since the start', ({ failures }) => failures],
    csms_job_lag_seconds: ['Since when the background job is due', ({ lagMs }) => lagMs / 1_000],
  };
  for (const [name, [help, read]] of Object.entries(gauges)) {
    new Gauge({
      name,
      help,
      labelNames: ['job'],
      registers: [register],
      collect() {
        for (const job of status()) this.set({ job: job.name }, read(job));
      },
    });
  }
}
