import { expect, it } from 'vitest';
import { TIMEOUT_MS } from '../../src/http/wire/limits.ts';
import { createScratch, startDev } from '../e2e/process.ts';
import { requestText } from '../http/raw-socket.ts';
import { ask, holdConnections, otherAddresses } from './peers.ts';

it('a server that is stopped waits for no connection without a request', async () => {
  const server = await startDev(createScratch());
  const hold = (text: string) =>
    holdConnections(server.baseUrl, { count: 50, from: otherAddresses(2), text });
  await hold('');
  await hold('GET /healthz HTTP/1.1\r\n');
  await hold('nonsense\r\n\r\n');
  await hold(requestText('GET /healthz HTTP/1.1', ['Host: localhost']));
  expect(await ask(server.baseUrl)).toBe(200);
  const startMs = performance.now();
  expect(await server.stop()).toBe(0);
  // The time that requests in progress would get.
  expect(performance.now() - startMs).toBeLessThan(TIMEOUT_MS.drain - 1_000);
});
