import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../../http/app.ts';
import type { WorldClock } from './clock.ts';

/** Shows callers the time of their world in the header `Date`; Node fills in the machine's where nobody does. */
export function showDate(signed: App, clockOf: (world: string) => WorldClock | undefined): void {
  function show(request: FastifyRequest, reply: FastifyReply): void {
    // Absent when the caller is not known.
    const { caller }: Partial<FastifyRequest> = request;
    const clock = caller && clockOf(caller.world);
    if (clock?.isMoved) reply.header('date', new Date(clock.nowMs()).toUTCString());
  }

  // For long responses, which are written past the hook below.
  signed.addHook('preValidation', (request, reply, done) => {
    show(request, reply);
    done();
  });
  signed.addHook('onSend', (request, reply, payload, done) => {
    show(request, reply);
    done(null, payload);
  });
}
