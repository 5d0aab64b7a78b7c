import { connect } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createScratch, type RunningServer, startDev } from './process.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');
const TLS = { CSMS_TLS_CERT: join(FIXTURES, 'tls-one.crt'), CSMS_TLS_KEY: join(FIXTURES, 'tls-one.key') };

/** Sends bytes; answers everything that came back until the connection was closed. */
function sendBytes({ baseUrl }: RunningServer, bytes: string): Promise<string> {
  const { port } = new URL(baseUrl);
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(Number(port), '127.0.0.1').setEncoding('utf8');
    socket.on('data', (text) => {
      received += text;
    });
    socket.on('error', () => undefined).on('close', () => resolve(received));
    socket.write(bytes);
  });
}

const count = (text: string, part: string) => text.split(part).length - 1;

describe('plain HTTP to the port for TLS', () => {
  it('is asked to speak HTTPS, with one line in the log for many', async () => {
    const server = await startDev(createScratch(), TLS);
    for (let n = 0; n < 3; n += 1) {
      const answer = await sendBytes(server, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
      expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
      expect(answer).toContain('\r\n\r\nThis port speaks HTTPS');
    }
    expect(await sendBytes(server, '\0nonsense\r\n\r\n')).not.toContain('HTTP/1.1');
    await server.logged('spoke plain HTTP to this port');
    expect(await server.stop()).toBe(0);
    expect(count(server.stderr(), 'spoke plain HTTP to this port')).toBe(1);
  });
});

describe('TLS to the port for plain HTTP', () => {
  it('is logged, with one line for many', async () => {
    const server = await startDev(createScratch());
    const { port } = new URL(server.baseUrl);
    for (let n = 0; n < 3; n += 1) {
      await new Promise<void>((resolve) => {
        const socket = connectTls({ port: Number(port), host: '127.0.0.1' });
        socket.on('error', () => undefined).on('close', () => resolve());
      });
    }
    await sendBytes(server, 'nonsense\r\n\r\n');
    await server.logged('spoke TLS to this port');
    expect(await server.stop()).toBe(0);
    expect(count(server.stderr(), 'spoke TLS to this port')).toBe(1);
    expect(server.stderr()).toMatch(/"address":"127\.0\.0\.1","msg":"a client spoke TLS/);
  });
});
