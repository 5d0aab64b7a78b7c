import type { FastifyReply, FastifyRequest } from 'fastify';
import { unavailable } from '../../core/errors.ts';
import type { App } from '../app.ts';
import { connectionOf } from '../connections/connection.ts';
import { watchConnections } from '../connections/connections.ts';
import { isHealth } from '../observability/health.ts';
import type { ServerOptions } from '../server-options.ts';
import { createPressureGauge } from './pressure.ts';

/**
 * Watches the load until the server closes. Returns a check that admits a request or throws unavailable: while the server
 * stops, and, except for health checks, under pressure and on a reserved connection.
 */
export function guardEntrance(
  app: App,
  options: Pick<
    ServerOptions,
    | 'connectionsAllowed'
    | 'giveMemoryBack'
    | 'isTrustedProxy'
    | 'log'
    | 'metrics'
    | 'onAuthoritiesChange'
    | 'pressure'
  >,
): (request: FastifyRequest, reply: FastifyReply) => void {
  const { pressure = createPressureGauge() } = options;
  const connections = watchConnections(app.server, options);
  options.metrics?.watch({
    connectionsOpen: () => connections.counts().open,
    connectionsRefused: () => connections.counts().refused,
    connectionsEvicted: () => connections.counts().evicted,
  });
  options.onAuthoritiesChange?.(() => connections.renew());
  let isClosing = false;
  app.addHook('preClose', (done) => {
    isClosing = true;
    pressure.stop();
    connections.drain();
    done();
  });
  app.addHook('onClose', (_app, done) => {
    connections.stop();
    done();
  });
  return (request, reply) => {
    if (isClosing) throw unavailable('the server stops');
    const connection = connectionOf(request.raw.socket);
    const isReserved = connection?.isReserved === true;
    if (isReserved || connection?.isOutdated === true) reply.header('connection', 'close');
    if (isHealth(request)) return;
    if (isReserved) throw unavailable('its connection has a place for questions about health only');
    if (pressure.isHigh()) throw unavailable('the process has more to do than it can');
  };
}
