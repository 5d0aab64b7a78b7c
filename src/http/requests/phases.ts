import type { App } from '../app.ts';

/**
 * Lets the requests that are there together go through each phase together: all are read, then all are authenticated,
 * then all are handled, then all are answered. One at a time, every request would run through more code than the
 * processor keeps close by, and each answer would wake a client that has gone to sleep since the one before: the same work
 * then takes nearly twice as long. A request that is alone loses a few microseconds.
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
