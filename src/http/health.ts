import { Type } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import type { App, ServerOptions } from './server.ts';

const Health = Type.Object(
  { status: Type.String(), reason: Type.Optional(Type.String()) },
  { title: 'Health' },
);

const PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/** True for the questions that are answered whatever else is refused. */
export function isHealth({ url }: FastifyRequest): boolean {
  return PATHS.has(url.split('?', 1)[0] ?? '');
}

/** `/healthz` while the process can answer, `/readyz` while it can serve; both without credentials. */
export function registerHealth(app: App, options: Pick<ServerOptions, 'notReady'>): void {
  app.route({
    method: 'GET',
    exposeHeadRoute: true,
    url: '/healthz',
    schema: {
      operationId: 'ShowHealth',
      tags: ['Health'],
      summary: 'Tells that the process answers',
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
      operationId: 'ShowReadiness',
      tags: ['Health'],
      summary: 'Tells whether storage, keyring and identities are good',
      security: [],
      response: { 200: Health, 503: Health },
    },
    handler: (_request, reply) => {
      const reason = options.notReady();
      if (reason === undefined) return { status: 'ok' };
      reply.code(503);
      return { status: 'unavailable', reason };
    },
  });
}
