import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { SecretError } from '../core/errors.ts';
import { BODY_BYTES_MAX, LARGE_BODIES_MAX } from './limits.ts';

/**
 * Makes the `onRequest` hook of all routes with a larger `bodyLimit`. A body has to be read before its signature can be
 * verified, so anybody may send one: few large ones are taken at a time, and the others are told to come again.
 * Throws unavailable.
 */
export function limitLargeBodies(max: number = LARGE_BODIES_MAX) {
  let active = 0;
  return (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
    if (encoding === undefined && Number(length ?? 0) <= BODY_BYTES_MAX) {
      done();
      return;
    }
    if (active >= max) {
      done(new SecretError('unavailable'));
      return;
    }
    active += 1;
    reply.raw.once('close', () => {
      active -= 1;
    });
    done();
  };
}
