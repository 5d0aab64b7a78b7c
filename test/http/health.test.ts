import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

describe('GET /healthz', () => {
  it('answers without credentials', async () => {
    const answer = await server.sendUnsigned({ method: 'GET', path: '/healthz' });
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ status: 'ok' });
  });

  it('tells no more with credentials', async () => {
    const answer = await server.send({ method: 'GET', path: '/healthz' });
    expect(answer.json).toEqual({ status: 'ok' });
  });
});

describe('HEAD', () => {
  it.each(['/healthz', '/readyz'])('of %s answers as GET does, without the body', async (path) => {
    const get = await server.sendUnsigned({ method: 'GET', path });
    const head = await server.app.inject({ method: 'HEAD', url: path });
    expect([head.statusCode, head.payload]).toEqual([200, '']);
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
    expect(head.headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('GET /readyz', () => {
  it('answers 200 while everything is good', async () => {
    const answer = await server.sendUnsigned({ method: 'GET', path: '/readyz' });
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ status: 'ok', writes: 'ok' });
  });

  it('names storage and nothing else once the writer is gone, while /healthz still answers', async () => {
    const broken = await startTestServer();
    await broken.composed.store.close();
    const ready = await broken.sendUnsigned({ method: 'GET', path: '/readyz' });
    const health = await broken.sendUnsigned({ method: 'GET', path: '/healthz' });
    await broken.close();
    expect(ready.status).toBe(503);
    expect(ready.json).toEqual({ status: 'unavailable', reason: 'storage' });
    expect(health.status).toBe(200);
  });
});
