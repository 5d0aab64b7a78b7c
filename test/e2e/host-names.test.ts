import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createScratch, run, startDev } from './process.ts';

/** Has the children look names up in this table, as a hosts file would. */
function namesFor(table: Readonly<Record<string, readonly string[]>>): string {
  const program = `
    import dns from 'node:dns';
    import { syncBuiltinESMExports } from 'node:module';
    const table = ${JSON.stringify(table)};
    const found = (name) =>
      table[name].map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    const { lookup } = dns;
    dns.lookup = (name, ...rest) => {
      const done = rest.at(-1);
      if (!(name in table)) lookup(name, ...rest);
      else if (rest[0].all) done(null, found(name));
      else done(null, table[name][0], found(name)[0].family);
    };
    const lookupLater = dns.promises.lookup;
    dns.promises.lookup = async (name, options) =>
      name in table ? (options?.all ? found(name) : found(name)[0]) : lookupLater(name, options);
    syncBuiltinESMExports();`;
  return `--import data:text/javascript,${encodeURIComponent(program)}`;
}

/** The status for a request that names this host. */
function statusFor(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const call = request(`${url}/healthz`, { headers: { host } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    call.once('error', reject).end();
  });
}

describe('CSMS_HOST may be a name', () => {
  it('and one of loopback is guarded like its address, whatever else is allowed', async () => {
    const server = await startDev(createScratch(), {
      CSMS_HOST: 'csms.test',
      CSMS_ALLOW_HTTP: '1',
      NODE_OPTIONS: namesFor({ 'csms.test': ['127.0.0.1'] }),
    });
    expect(server.baseUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await statusFor(server.baseUrl, 'localhost')).toBe(200);
    expect(await statusFor(server.baseUrl, 'evil.example')).toBe(400);
  });

  it('and stands for one address', async () => {
    const server = await startDev(createScratch(), {
      CSMS_HOST: 'localhost',
      NODE_OPTIONS: namesFor({ localhost: ['127.0.0.1', '::1'] }),
    });
    const { port } = new URL(server.baseUrl);
    const statuses = await Promise.allSettled(
      ['127.0.0.1', '[::1]'].map((address) => statusFor(`http://${address}:${port}`, 'localhost')),
    );
    expect(statuses.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(statuses.filter(({ status }) => status === 'rejected')).toMatchObject([
      { reason: { code: 'ECONNREFUSED' } },
    ]);
  });

  it('and must not lead beyond loopback over plain HTTP, whatever it is called', async () => {
    const { code, stderr } = await run(['dev'], {
      CSMS_DATA: createScratch(),
      CSMS_PORT: '0',
      CSMS_HOST: 'localhost',
      NODE_OPTIONS: namesFor({ localhost: ['0.0.0.0'] }),
    });
    expect(code).toBe(78);
    expect(stderr).toContain('CSMS_ALLOW_HTTP');
  });

  it('and an unknown one is logged with the variable', async () => {
    const { code, stderr } = await run(['dev'], {
      CSMS_DATA: createScratch(),
      CSMS_HOST: 'none.invalid',
      CSMS_ALLOW_HTTP: '1',
    });
    expect([code, stderr.trim().split('\n')]).toEqual([69, [expect.stringContaining('CSMS_HOST')]]);
  });
});
