import { Type } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import type { App } from '../app.ts';
import type { ServerOptions } from '../server-options.ts';
import { operation } from '../wire/operation.ts';
import { Titled } from '../wire/schemas.ts';

const Health = Titled('Health', { status: Type.String() });
const Ready = Titled('Readiness', {
  status: Type.Literal('ok'),
  writes: Type.Union([Type.Literal('ok'), Type.Literal('refused')], {
    description:
      '`refused` while changes are, for lack of space or because another program has locked the database',
  }),
});
const NotReady = Titled('NotReady', {
  status: Type.Literal('unavailable'),
  reason: Type.String({ description: 'What is not ready' }),
});

const PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/** True for the health checks, which are answered whatever else is refused. */
export function isHealth({ url }: FastifyRequest): boolean {
  return PATHS.has(url.split('?', 1)[0] ?? '');
}

/** `/healthz` while the process can answer, `/readyz` while values can be read; both without credentials. */
export function registerHealth(app: App, options: Pick<ServerOptions, 'readiness'>): void {
  app.route({
    method: 'GET',
    exposeHeadRoute: true,
    url: '/healthz',
    schema: {
      ...operation('ShowHealth', 'Shows that the process responds'),
      security: [],
      response: { 200: Health },
    },
    handler: () => ({ status: 'ok' }),
  });
  app.route({
    method: 'GET',
    exposeHeadRoute: true,
    url: '/readyz',
    schema: {
      ...operation('ShowReadiness', 'Shows whether values can be read, and whether changes are accepted'),
      security: [],
      response: { 200: Ready, 503: NotReady },
    },
    handler: async (_request, reply) => {
      const { reason, writes } = await options.readiness();
      if (reason === undefined) return { status: 'ok', writes } as const;
      reply.code(503);
      return { status: 'unavailable', reason } as const;
    },
  });
}
