import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Writes one line for a finished request, from an allow-list: the route's pattern and never the path, no query, no
 * header, no body.
 */
export function logRequest(request: FastifyRequest, reply: FastifyReply, route: string | undefined): void {
  const caller = request.caller;
  request.log.info(
    {
      requestId: request.id,
      method: request.method,
      route,
      // What the caller named counts only once it is one of its projects.
      projectId:
        request.deps === undefined ? undefined : (request.params as { project_id?: string }).project_id,
      userId: caller?.userId,
      accessKeyId: caller?.accessKeyId,
      address: request.ip,
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime * 100) / 100,
    },
    'request',
  );
}
