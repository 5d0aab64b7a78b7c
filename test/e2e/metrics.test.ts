import { describe, expect, it } from 'vitest';
import { createScratch, startDev } from './process.ts';

describe('CSMS_METRICS=HOST:PORT', () => {
  it('serves the metrics there and nowhere else, until the server ends', async () => {
    const server = await startDev(createScratch(), { CSMS_METRICS: '127.0.0.1:0' });
    await server.logged('metrics are served');
    const port = /"port":(\d+),"msg":"metrics are served"/.exec(server.stderr())?.[1];
    await fetch(`${server.baseUrl}/healthz`);
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(await answer.text()).toContain(
      'csms_http_requests_total{operation="ShowHealth",status="200"} 1\n',
    );
    expect((await fetch(`${server.baseUrl}/metrics`)).status).toBe(404);
    expect(await server.stop()).toBe(0);
  });
});
