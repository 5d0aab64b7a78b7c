import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { JobStatus } from '../app/jobs.ts';
import { SecretError } from '../core/errors.ts';
import type { App } from './server.ts';

/** What the server counts about itself. No label ever holds what a caller sent. */
export interface Metrics {
  /** Counts a finished request. `operation`: an operation id, or `none`. */
  count(operation: string, status: number): void;
  /** Has the background jobs shown; `status` is asked at each reading. */
  watchJobs(status: () => readonly JobStatus[]): void;
  /** The Prometheus text and its media type. */
  read(): Promise<{ readonly text: string; readonly mediaType: string }>;
}

const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/;

/** Makes the counters: requests by operation and status, and what the process itself shows. */
export function createMetrics(): Metrics {
  const register = new Registry();
  collectDefaultMetrics({ register });
  // Counted here and told when somebody asks: the library's counters look their labels up at every request.
  const counts = new Map<string, Map<number, number>>();
  new Counter({
    name: 'csms_http_requests_total',
    help: 'Requests answered, by operation and status',
    labelNames: ['operation', 'status'],
    registers: [register],
    collect() {
      this.reset();
      for (const [operation, byStatus] of counts) {
        for (const [status, count] of byStatus) this.labels(operation, String(status)).inc(count);
      }
    },
  });
  return {
    count(operation, status) {
      let byStatus = counts.get(operation);
      if (byStatus === undefined) {
        byStatus = new Map();
        counts.set(operation, byStatus);
      }
      byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
    },
    watchJobs: (status) => registerJobGauges(register, status),
    read: async () => ({ text: await register.metrics(), mediaType: register.contentType }),
  };
}

/** One gauge for each figure of a job; their label is the program's own name of the job. */
function registerJobGauges(register: Registry, status: () => readonly JobStatus[]): void {
  const gauges: Readonly<Record<string, readonly [help: string, read: (job: JobStatus) => number]>> = {
    csms_job_due: ['Whether the background job is due', ({ isDue }) => Number(isDue)],
    csms_job_running: ['Whether the background job runs', ({ isRunning }) => Number(isRunning)],
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

/** `GET /metrics`, for callers on loopback; for others the path does not exist. */
export function registerMetrics(app: App, metrics: Metrics): void {
  app.route({
    method: 'GET',
    url: '/metrics',
    schema: { hide: true },
    handler: async (request, reply) => {
      if (!LOOPBACK.test(request.ip)) throw new SecretError('route-not-found');
      const { text, mediaType } = await metrics.read();
      return reply.type(mediaType).send(text);
    },
  });
}
