import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { JobStatus } from '../../app/jobs/job.ts';
import type { Awaitable, StoreCounts } from '../../app/ports/deps.ts';
import { DURATION_BOUNDS, type RequestFigures } from './request-figures.ts';

/**
 * The figures that the parts of the server report, by what they call them: name and help of the metric. A name that ends
 * with `_total` is a counter's.
 */
const FIGURES = {
  connectionsOpen: ['csms_connections_open', 'Open connections'],
  certificateEndSeconds: [
    'csms_tls_certificate_expiry_timestamp_seconds',
    'End of the TLS certificate, seconds since 1970',
  ],
  notificationsPending: ['csms_notifications_pending', 'Notifications that wait for their delivery'],
  secrets: ['csms_secrets', 'Secrets, those with a scheduled deletion included'],
  storeBytes: ['csms_store_bytes', 'Size of the database and its log'],
  storeFreeBytes: ['csms_store_free_bytes', 'Room that the database has left'],
  storeNeededBytes: ['csms_store_needed_bytes', 'Changes are refused below so much room'],
  checkpointOwedSeconds: [
    'csms_store_checkpoint_owed_seconds',
    'For how long a read of another program has kept the log from being emptied',
  ],
  isWritable: ['csms_store_writable', 'Whether changes are taken'],
  connectionsRefused: ['csms_connections_refused_total', 'Connections refused since the start'],
  connectionsEvicted: [
    'csms_connections_evicted_total',
    'Unused connections closed since the start to make room for others',
  ],
  logLinesDropped: ['csms_log_lines_dropped_total', 'Lines that the log had no room for since the start'],
} as const satisfies Record<string, readonly [name: string, help: string]>;

/** What the parts of the server report; must be cheap to read. What is absent or undefined is not shown. */
export interface MetricSources
  extends Partial<Record<Exclude<keyof typeof FIGURES, keyof StoreCounts>, () => number | boolean>> {
  readonly jobs?: () => readonly JobStatus[];
  readonly counts?: () => Awaitable<StoreCounts>;
}

/** The metrics in Prometheus' text format. */
export interface Exposition {
  read(): Promise<{ readonly text: string; readonly mediaType: string }>;
}

/** The operation whose refusals are failed logins. */
const LOGIN_OPERATION = 'KeystoneCreateUserTokenByPassword';
const LOGIN_FAILURES: Readonly<Record<number, string>> = { 401: 'refused', 429: 'throttled' };
/** The library's values of the event loop when Node has no sample since the last reading. */
const NO_SAMPLE = /^nodejs_eventloop_lag_\w+ (?:Nan|9223372036\S*)\n/gm;

/** Prepares the metrics, and starts those of the process itself. */
export function createExposition(shown: {
  readonly requests: RequestFigures;
  sources(): MetricSources;
}): Exposition {
  const { requests, sources } = shown;
  const register = new Registry();
  collectDefaultMetrics({ register });
  registerRequestCounters(register, requests);
  registerJobGauges(register, () => sources().jobs?.() ?? []);
  let values: Readonly<Record<string, number | boolean | undefined>> = {};
  for (const [figure, [name, help]] of Object.entries(FIGURES)) {
    const metric = { name, help, registers: [register] };
    if (name.endsWith('_total')) {
      new Counter({
        ...metric,
        collect() {
          this.reset();
          this.inc(Number(values[figure] ?? 0));
        },
      });
    } else {
      new Gauge({
        ...metric,
        collect() {
          if (values[figure] === undefined) this.remove();
          else this.set(Number(values[figure]));
        },
      });
    }
  }
  return {
    async read() {
      const { counts, jobs: _, ...figures } = sources();
      const own = Object.entries(figures).map(([figure, read]) => [figure, read()]);
      values = { ...Object.fromEntries(own), ...(await counts?.()) };
      const text = (await register.metrics()).replace(NO_SAMPLE, '');
      return { text: `${text}${durations(requests)}`, mediaType: register.contentType };
    },
  };
}

function registerRequestCounters(register: Registry, { byOperation }: RequestFigures): void {
  new Counter({
    name: 'csms_http_requests_total',
    help: 'Requests answered, by operation and status',
    labelNames: ['operation', 'status'],
    registers: [register],
    collect() {
      this.reset();
      for (const [operation, { byStatus }] of byOperation) {
        for (const [status, count] of byStatus) this.labels(operation, String(status)).inc(count);
      }
    },
  });
  new Counter({
    name: 'csms_login_failures_total',
    help: 'Requests for a token that failed, by reason',
    labelNames: ['reason'],
    registers: [register],
    collect() {
      this.reset();
      const byStatus = byOperation.get(LOGIN_OPERATION)?.byStatus;
      for (const [status, reason] of Object.entries(LOGIN_FAILURES)) {
        this.labels(reason).inc(byStatus?.get(Number(status)) ?? 0);
      }
    },
  });
}

/** One gauge for each figure of a job; labelled with the program's name of the job. */
function registerJobGauges(register: Registry, status: () => readonly JobStatus[]): void {
  const gauges: Readonly<Record<string, readonly [help: string, read: (job: JobStatus) => number]>> = {
    csms_job_due: ['Whether the background job is due', ({ isDue }) => Number(isDue)],
    csms_job_running: ['Whether the background job runs', ({ isRunning }) => Number(isRunning)],
    csms_job_held: ['Whether the job waits since the clock is not trusted', ({ isHeld }) => Number(isHeld)],
    csms_job_failed: [
      'Failed runs of the background job, and things that failed in its runs, since the start',
      ({ failures }) => failures,
    ],
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

/** The histogram of durations, formatted here: the library's would have to see every request. */
function durations({ byOperation }: RequestFigures): string {
  const name = 'csms_http_request_duration_seconds';
  const lines = [
    `# HELP ${name} Time from a request to its answer, by operation`,
    `# TYPE ${name} histogram`,
  ];
  for (const [operation, { byDuration, durationMs }] of byOperation) {
    let total = 0;
    for (const [at, count] of byDuration.entries()) {
      total += count;
      lines.push(`${name}_bucket{operation="${operation}",le="${DURATION_BOUNDS[at] ?? '+Inf'}"} ${total}`);
    }
    lines.push(`${name}_sum{operation="${operation}"} ${durationMs / 1_000}`);
    lines.push(`${name}_count{operation="${operation}"} ${total}`);
  }
  return `\n${lines.join('\n')}\n`;
}
