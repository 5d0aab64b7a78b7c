import type { JobStatus } from '../app/jobs.ts';
import { SecretError } from '../core/errors.ts';
import type { Exposition } from './exposition.ts';
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

/**
 * Counts requests by operation and status. The library that words them is loaded when somebody asks. `droppedLogLines`: how
 * many there were so far.
 */
export function createMetrics(droppedLogLines: () => number = () => 0): Metrics {
  const requests = new Map<string, Map<number, number>>();
  let jobs: () => readonly JobStatus[] = () => [];
  let exposition: Promise<Exposition> | undefined;
  return {
    count(operation, status) {
      let byStatus = requests.get(operation);
      if (byStatus === undefined) {
        byStatus = new Map();
        requests.set(operation, byStatus);
      }
      byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
    },
    watchJobs(status) {
      jobs = status;
    },
    async read() {
      exposition ??= import('./exposition.ts').then((loaded) =>
        loaded.createExposition({ requests, jobs: () => jobs(), droppedLogLines }),
      );
      return (await exposition).read();
    },
  };
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
