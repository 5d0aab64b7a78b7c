import type { FastifyRequest } from 'fastify';
import { SecretError } from '../../core/errors.ts';
import { isLoopbackAddress } from '../../std/networks.ts';
import type { App } from '../app.ts';
import type { Exposition, MetricSources } from './exposition.ts';
import { createRequestFigures } from './request-figures.ts';

/** What the server counts about itself. No label ever holds what a caller sent. */
export interface Metrics {
  /** Counts a finished request. `operation`: an operation id, or `none`. */
  count(operation: string, status: number, durationMs: number): void;
  /** Adds sources to those that are watched; each is read at every reading. */
  watch(sources: MetricSources): void;
  /** The Prometheus text and its media type. */
  read(): Promise<{ readonly text: string; readonly mediaType: string }>;
}

/** Headers by which a proxy says that it forwards a request. */
const FORWARDING = /^(?:forwarded|via|x-real-ip|x-forwarded-.*)$/;

/** Counts requests by operation and status. The library that formats the metrics is loaded at the first reading. */
export function createMetrics(): Metrics {
  const requests = createRequestFigures();
  let sources: MetricSources = {};
  let exposition: Promise<Exposition> | undefined;
  return {
    count: requests.count,
    watch(more) {
      sources = { ...sources, ...more };
    },
    async read() {
      exposition ??= import('./exposition.ts').then((loaded) =>
        loaded.createExposition({ requests, sources: () => sources }),
      );
      return (await exposition).read();
    },
  };
}

/** `/metrics` for direct callers on loopback; for others the path does not exist. */
export function registerMetrics(app: App, metrics: Metrics): void {
  app.route({
    method: ['GET', 'HEAD'],
    url: '/metrics',
    schema: { hide: true },
    handler: async (request, reply) => {
      if (!isOnThisMachine(request)) throw new SecretError('route-not-found');
      const { text, mediaType } = await metrics.read();
      return reply.type(mediaType).send(text);
    },
  });
}

function isOnThisMachine({ ip, headers }: FastifyRequest): boolean {
  return isLoopbackAddress(ip) && !Object.keys(headers).some((name) => FORWARDING.test(name));
}
