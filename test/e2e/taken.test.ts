import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createScratch, readCredentials, run, shareDev, takePort } from './process.ts';

/** Whether the system tells which process has a lock. */
function isTold(pid: number | undefined): boolean {
  return existsSync('/proc/locks') && readFileSync('/proc/locks', 'utf8').includes(` ${pid} `);
}

const dev = shareDev();

describe('what is taken ends with 69:', () => {
  it('a port', async () => {
    const { port, release } = await takePort();
    const { code, stderr } = await run(['dev'], { CSMS_DATA: createScratch(), CSMS_PORT: String(port) });
    release();
    expect(code).toBe(69);
    expect(stderr).toContain(`port ${port} of 127.0.0.1 is in use; choose another one with --port`);
  });

  it('an address that is none of this machine', async () => {
    const variables = { CSMS_PORT: '0', CSMS_HOST: '192.0.2.7', CSMS_ALLOW_HTTP: '1' };
    const { code, stderr } = await run(['dev'], { CSMS_DATA: createScratch(), ...variables });
    expect(code).toBe(69);
    expect(stderr).toBe(
      'csms-server: port 0 of 192.0.2.7 is at no address of this machine; choose another one with --host (CSMS_HOST)\n',
    );
  });

  it('a port for metrics', async () => {
    const { port, release } = await takePort();
    const variables = { CSMS_PORT: '0', CSMS_METRICS: `127.0.0.1:${port}` };
    const { code, stderr } = await run(['dev'], { CSMS_DATA: createScratch(), ...variables });
    release();
    expect(code).toBe(69);
    expect(stderr).toContain(`CSMS_METRICS: 127.0.0.1:${port} is in use\n`);
  });

  it('a data directory', async () => {
    const { code, stderr } = await run(['dev'], { CSMS_DATA: dev.directory, CSMS_PORT: '0' });
    expect(code).toBe(69);
    expect(stderr).toContain(dev.directory);
    const { pid } = dev.server.process;
    if (isTold(pid)) expect(stderr).toContain(`in use by another process (pid ${pid})`);
  });

  it('a data directory, whatever name leads to it', async () => {
    const link = join(createScratch(), 'link');
    symlinkSync(dev.directory, link);
    expect((await run(['dev'], { CSMS_DATA: link, CSMS_PORT: '0' })).code).toBe(69);
  });

  it('a data directory that verify would need for itself', async () => {
    expect((await run(['verify'], { CSMS_DATA: dev.directory })).code).toBe(69);
  });

  it('a server that a call cannot reach', async () => {
    const { port, release } = await takePort();
    release();
    const variables = {
      CSMS_ENDPOINT: `http://127.0.0.1:${port}`,
      HUAWEICLOUD_SDK_AK: 'a',
      HUAWEICLOUD_SDK_SK: 'b',
    };
    expect((await run(['call', 'GET', '/'], variables)).code).toBe(69);
  });
});

describe('a second start that was refused', () => {
  it('leaves the first server and its credentials alone', async () => {
    const before = readCredentials(dev.directory);
    await run(['dev'], { CSMS_DATA: dev.directory, CSMS_PORT: '0' });
    expect(readCredentials(dev.directory)).toEqual(before);
    expect((await fetch(`${dev.server.baseUrl}/readyz`)).status).toBe(200);
  });
});
