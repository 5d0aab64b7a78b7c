import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { ALPHA, shareServer, startTestServer } from '../../support/server.ts';

const server = shareServer();

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
  it('returns 200 while everything is good', async () => {
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

  it.each([
    ['rows that do not pass their check', 'UPDATE secret SET row_mac = zeroblob(32)'],
    ['tables that are gone', 'DROP TABLE version_key'],
    ['a schema that is another one', 'ALTER TABLE version RENAME TO elsewhere'],
  ])('returns 503 as soon as nothing can be read any more: %s', async (_, damage) => {
    const broken = await startTestServer();
    const show = () => broken.sendUnsigned({ method: 'GET', path: '/readyz' });
    try {
      const body = { name: 'db', secret_string: 'x' };
      await broken.send({ method: 'POST', path: `/v1/${ALPHA}/secrets`, body });
      const db = new Database(join(broken.directory, 'data', 'csms.db'));
      db.exec(damage);
      db.close();
      const ready = await show();
      expect([ready.status, ready.json]).toEqual([503, { status: 'unavailable', reason: 'storage' }]);
    } finally {
      await broken.close();
    }
  });
});
