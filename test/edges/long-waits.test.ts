import { Agent, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { control, TOKEN } from '../companion/control.ts';
import { ALPHA, shareServer } from '../support/server.ts';

const server = shareServer({ mode: 'dev', listen: true, env: { CSMS_CONTROL_TOKEN: TOKEN } });

/** One connection, which is silent while its request waits. */
function askOn(agent: Agent, query: string) {
  return new Promise<{ status: number | undefined; body: unknown; port: number | undefined }>(
    (resolve, reject) => {
      const headers = { authorization: `Bearer ${TOKEN}` };
      const asked = request(`${server.baseUrl}/_csms/worlds/main/requests${query}`, { agent, headers });
      asked.on('error', reject).on('response', async (response) => {
        const port = response.socket.localPort;
        resolve({ status: response.statusCode, body: await json(response), port });
      });
      asked.end();
    },
  );
}

describe('a wait of a minute', () => {
  it('is not cut off: neither what nobody answers, nor what is answered in its last seconds', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const beginMs = performance.now();
    const unanswered = askOn(agent, '?name=never&wait=60s').then((answer) => ({
      ...answer,
      afterMs: performance.now() - beginMs,
    }));
    const late = control(server, 'GET', '/main/requests?name=late&wait=60s');
    await new Promise((resume) => setTimeout(resume, 50_000));
    await server.send({ method: 'GET', path: `/v1/${ALPHA}/secrets/late` });
    expect(await late).toMatchObject({ status: 200, json: { requests: [{ name: 'late' }], last: 1 } });
    const { afterMs, body, port, status } = await unanswered;
    expect({ status, body }).toEqual({
      status: 408,
      body: {
        requests: [],
        last: 1,
        error_code: 'timeout',
        error_msg: 'fewer entries than count fit',
      },
    });
    expect(afterMs).toBeGreaterThan(59_900);
    // The connection is as good as before.
    expect(await askOn(agent, '')).toMatchObject({ status: 200, port });
    agent.destroy();
  }, 180_000);
});

describe('two thousand waits at once', () => {
  it('all end, and others are answered meanwhile', async () => {
    const ends = Array.from({ length: 2_000 }, () =>
      control(server, 'GET', '/main/requests?name=crowd&wait=60s').then(
        ({ json, status }) => json.error_msg ?? String(status),
        // One address has so many connections, and the rest of them have no place.
        (error: NodeJS.ErrnoException) => error.code ?? '',
      ),
    );
    const places = '128 requests wait already';
    expect(await Promise.any(ends.map(async (end) => (await end) === places || Promise.reject()))).toBe(true);
    // Likewise.
    const hooks = () => control(server, 'GET', '/main/hooks').catch(() => ({ status: 0 }));
    await expect.poll(async () => (await hooks()).status, { timeout: 60_000 }).toBe(200);
    await server.send({ method: 'GET', path: `/v1/${ALPHA}/secrets/crowd` });
    const kinds = new Set(await Promise.all(ends));
    expect([...kinds].filter((kind) => !['200', places, 'ECONNRESET', 'EPIPE'].includes(kind))).toEqual([]);
    expect(kinds).toContain('200');
  }, 180_000);
});
