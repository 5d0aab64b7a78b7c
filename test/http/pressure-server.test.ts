import { expect, it, vi } from 'vitest';
import { eachServer } from '../support/server.ts';
import { problem } from './calls.ts';

const gauge = { isHigh: vi.fn(() => false), stop: vi.fn() };
vi.mock('../../src/http/requests/pressure.ts', () => ({ createPressureGauge: () => gauge }));

const server = eachServer();

it('a server under pressure sends requests away until it is better, and stops looking when it is closed', async () => {
  const list = () => server.send({ method: 'GET', path: '/v3/projects' });
  gauge.isHigh.mockReturnValue(true);
  const answer = await list();
  expect(problem(answer)).toEqual([503, 'APIGW.0201']);
  expect(answer.headers['retry-after']).toBe('1');
  expect(server.logged().at(-1)).toMatchObject({
    msg: 'request',
    reason: 'the process has more to do than it can',
  });
  for (const path of ['/healthz', '/readyz', '/healthz?a=1']) {
    expect((await server.sendUnsigned({ method: 'GET', path })).status).toBe(200);
  }
  gauge.isHigh.mockReturnValue(false);
  expect((await list()).status).toBe(200);
  gauge.stop.mockClear();
  await server.app.close();
  expect(gauge.stop).toHaveBeenCalled();
});
