import { EventEmitter } from 'node:events';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { describe, expect, it } from 'vitest';
import { limitLargeBodies } from '../../src/http/large-bodies.ts';
import { BODY_BYTES_MAX } from '../../src/http/limits.ts';
import { codeOf } from '../support/stores.ts';

/** Lets a request with these headers in; the emitter stands for its answer. */
function ask(hook: ReturnType<typeof limitLargeBodies>, headers: Record<string, string>) {
  const raw = new EventEmitter();
  let outcome = '';
  hook({ headers } as unknown as FastifyRequest, { raw } as unknown as FastifyReply, (error?: Error) => {
    outcome = error === undefined ? 'in' : codeOf(error);
  });
  return { outcome, end: () => raw.emit('close') };
}

const LARGE = { 'content-length': String(BODY_BYTES_MAX + 1) };

describe('large bodies', () => {
  it('are taken few at a time, and again when one has been answered', () => {
    const hook = limitLargeBodies(2);
    const first = ask(hook, LARGE);
    const chunked = ask(hook, { 'transfer-encoding': 'chunked' });
    expect([first.outcome, chunked.outcome, ask(hook, LARGE).outcome]).toEqual(['in', 'in', 'unavailable']);
    first.end();
    expect(ask(hook, LARGE).outcome).toBe('in');
    expect(ask(hook, LARGE).outcome).toBe('unavailable');
  });

  it('leave those that are as large as any other body alone', () => {
    const hook = limitLargeBodies(0);
    expect(ask(hook, { 'content-length': String(BODY_BYTES_MAX) }).outcome).toBe('in');
    expect(ask(hook, {}).outcome).toBe('in');
    expect(ask(hook, LARGE).outcome).toBe('unavailable');
  });
});
