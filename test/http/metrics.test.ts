import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALPHA, startTestServer, type TestServer } from '../support/server.ts';
import { callsOf } from './calls.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());
const read = (of: TestServer, remoteAddress?: string) =>
  of.app.inject({ method: 'GET', url: '/metrics', ...(remoteAddress && { remoteAddress }) });

describe('GET /metrics', () => {
  it('counts requests by operation and status, in the Prometheus text form', async () => {
    const acme = callsOf(() => server);
    await acme.create('counted');
    await acme.get('/counted');
    await acme.get('/counted');
    await acme.get('/absent');
    await server.sendUnsigned({ method: 'GET', path: '/canary-of-the-url' });
    const answer = await read(server);
    const counters = answer.payload
      .split('\n')
      .filter((line) => line.startsWith('csms_http_requests_total{'));
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=/);
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
    expect(counters.sort()).toEqual([
      'csms_http_requests_total{operation="CreateSecret",status="200"} 1',
      'csms_http_requests_total{operation="ShowSecret",status="200"} 2',
      'csms_http_requests_total{operation="ShowSecret",status="404"} 1',
      'csms_http_requests_total{operation="none",status="404"} 1',
    ]);
  });

  it('shows the background jobs: due, running, failed, lag', async () => {
    const { payload } = await read(server);
    for (const figure of ['due', 'running', 'held', 'failed', 'lag_seconds']) {
      expect(payload).toMatch(new RegExp(`^csms_job_${figure}\\{job="purge"\\} \\d`, 'm'));
    }
  });

  it('names no project, no secret and no path', async () => {
    const { payload } = await read(server);
    for (const name of [ALPHA, 'counted', 'canary']) expect(payload).not.toContain(name);
  });

  it.each(['10.0.0.1', '192.168.1.9', '::2', '::ffff:10.0.0.1', '128.0.0.1'])(
    'does not exist for a caller at %s',
    async (address) => {
      const answer = await read(server, address);
      expect(answer.statusCode).toBe(404);
      expect(answer.json()).toMatchObject({ error_code: 'APIGW.0101' });
    },
  );

  it.each(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])(
    'is there for a caller at %s',
    async (address) => {
      expect((await read(server, address)).statusCode).toBe(200);
    },
  );

  it('does not exist when it is switched off', async () => {
    const off = await startTestServer({ env: { CSMS_METRICS: 'off' } });
    const answer = await read(off);
    await off.close();
    expect(answer.statusCode).toBe(404);
  });
});
