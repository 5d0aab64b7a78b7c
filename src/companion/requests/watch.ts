import type { FastifyReply, FastifyRequest } from 'fastify';
import { isSecretName } from '../../core/names.ts';
import type { App } from '../../http/app.ts';
import { secretNameOf } from '../faults/subject.ts';
import { formatTime } from '../times.ts';
import type { TestWorlds } from '../worlds/test-worlds.ts';
import type { RequestEntry } from './request-list.ts';

/**
 * Adds each authenticated request to the list of its world when it ends: with the last byte of its response, or with its
 * connection. A request that is refused after its caller is known is one of them.
 */
export function watchRequests(signed: App, worlds: Pick<TestWorlds, 'find'>): void {
  signed.addHook('onRequest', (request, reply, done) => {
    const startMs = performance.now();
    let isOver = false;
    const end = (isAnswered: boolean) => {
      if (isOver || request.caller === undefined) return;
      isOver = true;
      const world = worlds.find(request.caller.world);
      if (world === undefined || world.requests.beganMs() > startMs) return;
      world.requests.add(entryOf(request, reply, { isAnswered, endMs: world.clock.nowMs() }));
    };
    reply.raw.on('finish', () => end(true)).on('close', () => end(false));
    done();
  });
}

function entryOf(
  request: FastifyRequest,
  reply: FastifyReply,
  { isAnswered, endMs }: { readonly isAnswered: boolean; readonly endMs: number },
): Omit<RequestEntry, 'seq'> {
  const { fault, id, labels, method, refusal, url } = request;
  const name = secretNameOf(request);
  const { elapsedTime, statusCode } = reply;
  const isRefused = isAnswered && statusCode >= 400;
  return {
    at: formatTime(endMs),
    operation: labels?.operation ?? 'none',
    method,
    path: pathOf(url),
    // What has not the form of a name may be a misplaced value.
    name: name !== undefined && isSecretName(name) ? copyOf(name) : null,
    user: request.caller.userName,
    status: isAnswered ? statusCode : null,
    error_code: (isRefused ? refusal?.code : undefined) ?? null,
    fault: fault?.id ?? null,
    duration_ms: Math.round(elapsedTime * 100) / 100,
    request_id: id,
  };
}

/** Without the query. */
function pathOf(url: string): string {
  const mark = url.indexOf('?');
  return mark < 0 ? url : copyOf(url.slice(0, mark));
}

/** The same ASCII text by itself: in memory, a part of a text keeps the whole. */
function copyOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
