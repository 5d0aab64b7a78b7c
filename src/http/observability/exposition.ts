import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { JobStatus } from '../../app/jobs/runner.ts';
import type { Awaitable, StoreCounts } from '../../app/ports/deps.ts';
import { DURATION_BOUNDS, type RequestFigures } from './request-figures.ts';

/** A number that a part of the server reports; undefined while it has none. Must be cheap to read. */
type Figure = () => number | undefined;

/** What the parts of the server report, each in its unit. What is absent is not shown. */
export interface MetricSources {
  readonly jobs?: () => readonly JobStatus[];
  /** Open connections. */
  readonly connectionsOpen?: Figure;
  /** Connections refused since the start. */
  readonly connectionsRefused?: Figure;
  /** Unused connections closed since the start to make room for others. */
  readonly connectionsEvicted?: Figure;
  /** Log lines dropped since the start, for lack of room. */
  readonly logLinesDropped?: Figure;
  /** Epoch milliseconds of the end of the TLS certificate. */
  readonly certificateEndMs?: Figure;
  readonly counts?: () => Awaitable<StoreCounts>;
  /** Bytes of the database and its log. */
  readonly storeBytes?: Figure;
  /** Bytes that the server can still write. */
  readonly storeFreeBytes?: Figure;
  /** Changes are refused below this. */
  readonly storeNeededBytes?: Figure;
  /** How long another program's read has kept the log from being emptied; 0 when it does not. */
  readonly checkpointOwedMs?: Figure;
  /** Whether changes are accepted. */
  readonly isWritable?: () => boolean;
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

type Row = readonly [
  name: string,
  help: string,
  read: (sources: MetricSources, counts: StoreCounts | undefined) => number | undefined,
];

const GAUGES: readonly Row[] = [
  ['csms_connections_open', 'Open connections', ({ connectionsOpen }) => connectionsOpen?.()],
  [
    'csms_tls_certificate_expiry_timestamp_seconds',
    'End of the TLS certificate, seconds since 1970',
    ({ certificateEndMs }) => seconds(certificateEndMs?.()),
  ],
  [
    'csms_notifications_pending',
    'Notifications that wait for their delivery',
    (_sources, counts) => counts?.notificationsPending,
  ],
  [
    'csms_secrets',
    'Secrets, those with a scheduled deletion included',
    (_sources, counts) => counts?.secrets,
  ],
  ['csms_store_bytes', 'Size of the database and its log', ({ storeBytes }) => storeBytes?.()],
  ['csms_store_free_bytes', 'Room that the database has left', ({ storeFreeBytes }) => storeFreeBytes?.()],
  [
    'csms_store_needed_bytes',
    'Changes are refused below so much room',
    ({ storeNeededBytes }) => storeNeededBytes?.(),
  ],
  [
    'csms_store_checkpoint_owed_seconds',
    'For how long a read of another program has kept the log from being emptied',
    ({ checkpointOwedMs }) => seconds(checkpointOwedMs?.()),
  ],
  ['csms_store_writable', 'Whether changes are taken', ({ isWritable }) => flag(isWritable?.())],
];
const COUNTERS: readonly Row[] = [
  [
    'csms_connections_refused_total',
    'Connections refused since the start',
    ({ connectionsRefused }) => connectionsRefused?.(),
  ],
  [
    'csms_connections_evicted_total',
    'Unused connections closed since the start to make room for others',
    ({ connectionsEvicted }) => connectionsEvicted?.(),
  ],
  [
    'csms_log_lines_dropped_total',
    'Lines that the log had no room for since the start',
    ({ logLinesDropped }) => logLinesDropped?.(),
  ],
];

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
  let counts: StoreCounts | undefined;
  for (const [name, help, read] of GAUGES) {
    new Gauge({
      name,
      help,
      registers: [register],
      collect() {
        const value = read(sources(), counts);
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });
  }
  for (const [name, help, read] of COUNTERS) {
    new Counter({
      name,
      help,
      registers: [register],
      collect() {
        this.reset();
        this.inc(read(sources(), counts) ?? 0);
      },
    });
  }
  return {
    async read() {
      counts = await sources().counts?.();
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

function seconds(timeMs: number | undefined): number | undefined {
  return timeMs === undefined ? undefined : timeMs / 1_000;
}

function flag(isTrue: boolean | undefined): number | undefined {
  return isTrue === undefined ? undefined : Number(isTrue);
}
