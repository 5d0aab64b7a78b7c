import { describe, expect, it } from 'vitest';
import { BODY_BYTES_MAX } from '../../src/http/wire/limits.ts';
import { createClient, devAccount } from '../e2e/client.ts';
import { shareDev } from '../e2e/process.ts';
import { requestText } from '../http/raw-socket.ts';
import { ask, holdConnections, otherAddresses, releaseAll, residentMib } from './peers.ts';

const dev = shareDev();
const CONNECTIONS = 600;
/** What as many connections take by themselves: what is thrown away of a body is free at once. */
const OVERHEAD_MIB = 30;
const LIMIT_MIB = 32 + OVERHEAD_MIB;

function unfinished(authorization: string): string {
  const lines = ['Host: localhost', 'Content-Type: application/json', `Content-Length: ${BODY_BYTES_MAX}`];
  const head = requestText('POST /v1/a/secrets HTTP/1.1', [...lines, `Authorization: ${authorization}`]);
  return head + 'x'.repeat(BODY_BYTES_MAX - 1);
}

async function peakMib(pid: number | undefined): Promise<number> {
  let peak = 0;
  for (let count = 0; count < 20; count += 1) {
    peak = Math.max(peak, residentMib(pid));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return peak;
}

describe('bodies of people without credentials', () => {
  it.each([
    ['that name nobody', () => 'SDK-HMAC-SHA256 Access=NOBODY, SignedHeaders=x-sdk-date, Signature=00'],
    [
      'that name a known key',
      () => {
        const { accessKeyId } = devAccount(dev.directory, dev.server.baseUrl);
        return `SDK-HMAC-SHA256 Access=${accessKeyId}, SignedHeaders=x-sdk-date, Signature=00`;
      },
    ],
  ])('%s take at most 32 MiB, and others are served', async (_, authorization) => {
    const { process: child, baseUrl } = dev.server;
    const client = createClient(devAccount(dev.directory, baseUrl));
    for (let count = 0; count < 200; count += 1) await ask(baseUrl);
    const before = residentMib(child.pid);
    await holdConnections(baseUrl, {
      count: CONNECTIONS,
      from: otherAddresses(3),
      text: unfinished(authorization()),
    });
    expect((await peakMib(child.pid)) - before).toBeLessThan(LIMIT_MIB);
    expect((await client('GET', '/v1/{project_id}/secrets?limit=1')).status).toBe(200);
    releaseAll();
  });
});
