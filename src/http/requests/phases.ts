import type { App } from '../app.ts';

/**
 * Takes concurrent requests through each phase together: all are read, then all are authenticated, then all are handled,
 * then all are answered. One at a time, every request would run through more code than the processor caches, and each
 * response would wake a client that has gone to sleep since the one before: the same work then takes nearly twice as
 * long. A single request loses a few microseconds.
 * @see docs/adr/0021-requests-in-phases.md
 */
export function separatePhases(app: App): void {
  app.addHook('onRequest', (_request, _reply, done) => {
    setImmediate(done);
  });
  app.addHook('preHandler', (_request, _reply, done) => {
    setImmediate(done);
  });
  app.addHook('onSend', (_request, _reply, payload, done) => {
    setImmediate(done, null, payload);
  });
}
