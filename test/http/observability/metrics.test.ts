import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ADMIN, ALPHA, shareServer, startTestServer, type TestServer } from '../../support/server.ts';
import { callsOf, loginBody } from '../calls.ts';

const server = shareServer({ env: { CSMS_METRICS: 'on' } });
const read = (of: TestServer, remoteAddress?: string, headers: Record<string, string> = {}) =>
  of.app.inject({ method: 'GET', url: '/metrics', headers, ...(remoteAddress && { remoteAddress }) });

describe('GET /metrics', () => {
  it('counts requests by operation and status, in the Prometheus text form', async () => {
    const acme = callsOf(server);
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

  it('has every figure of its own in the table of the documents', async () => {
    const document = readFileSync('docs/metrics.md', 'utf8');
    const { payload } = await read(server);
    const names = [...payload.matchAll(/^# TYPE (csms_\S+) /gm)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) expect(document).toContain(`| \`${name}\` |`);
  });

  it('counts secrets and what waits for its delivery, and tells the room of the store', async () => {
    const acme = callsOf(server);
    await acme.create('one-more');
    const { payload } = await read(server);
    const secrets = (await acme.get('?limit=1000')).json.secrets.length;
    expect(payload).toContain(`csms_secrets ${secrets}\n`);
    expect(payload).toContain('csms_notifications_pending 0\n');
    expect(payload).toMatch(/^csms_store_bytes [1-9]\d+$/m);
    expect(payload).toMatch(/^csms_store_free_bytes [1-9]\d+$/m);
    expect(payload).toMatch(/^csms_store_needed_bytes \d+$/m);
    expect(payload).toContain('csms_store_checkpoint_owed_seconds 0\n');
    expect(payload).toContain('csms_store_writable 1\n');
  });

  it('counts connections', async () => {
    const { payload } = await read(server);
    for (const name of ['open', 'refused_total', 'evicted_total']) {
      expect(payload).toMatch(new RegExp(`^csms_connections_${name} 0$`, 'm'));
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

  it.each(['Forwarded', 'X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Real-IP', 'Via'])(
    'does not exist for a caller whose proxy on this machine says %s',
    async (header) => {
      expect((await read(server, '127.0.0.1', { [header]: '127.0.0.1' })).statusCode).toBe(404);
    },
  );

  it('answers HEAD with the same headers and no body', async () => {
    const answer = await server.app.inject({ method: 'HEAD', url: '/metrics' });
    expect([answer.statusCode, answer.payload]).toEqual([200, '']);
    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=/);
  });

  it.each(['off', ''])('does not exist in serve with CSMS_METRICS=%s', async (setting) => {
    const off = await startTestServer({ env: { CSMS_METRICS: setting } });
    const answer = await read(off);
    await off.close();
    expect(answer.statusCode).toBe(404);
  });

  it('adds up durations in classes, each with the shorter ones', async () => {
    const { payload } = await read(server);
    const of = 'operation="CreateSecret"';
    const counts = [...payload.matchAll(/_bucket\{operation="CreateSecret",le="([^"]+)"\} (\d+)/g)];
    const figures = counts.map(([, , count]) => Number(count));
    expect(counts.at(-1)?.[1]).toBe('+Inf');
    expect(figures).toEqual(figures.toSorted((one, other) => one - other));
    expect(figures.at(-1)).toBe(2);
    expect(payload).toContain(`csms_http_request_duration_seconds_count{${of}} 2\n`);
    expect(payload).toMatch(new RegExp(`^csms_http_request_duration_seconds_sum\\{${of}\\} 0\\.\\d+$`, 'm'));
  });

  it('counts logins that failed', async () => {
    const body = loginBody(ADMIN, undefined, 'wrong');
    await server.sendUnsigned({ method: 'POST', path: '/v3/auth/tokens', body });
    expect((await read(server)).payload).toContain('csms_login_failures_total{reason="refused"} 1\n');
  });

  it('has no figure that is none, however soon it is read again', async () => {
    for (let reading = 0; reading < 5; reading += 1) {
      const { payload } = await read(server);
      expect(payload).not.toMatch(/nan|infinity|9223372036/i);
    }
  });

  it('is text that Prometheus can read, each name with its type once', async () => {
    const { payload } = await read(server);
    const types = [...payload.matchAll(/^# TYPE (\S+) (?:counter|gauge|histogram)$/gm)].map(
      ([, name]) => name,
    );
    expect(new Set(types).size).toBe(types.length);
    const sample = /^[a-z_]+[a-z0-9_]*(?:\{(?:[a-z_]+="[^"\\\n]*",?)*\})? [-+0-9.e]+$/;
    const others = payload.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(others.filter((line) => !sample.test(line))).toEqual([]);
  });
});
