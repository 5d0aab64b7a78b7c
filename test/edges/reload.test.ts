import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createClient, devAccount, SECRETS } from '../e2e/client.ts';
import { createScratch, type RunningServer, run, startDev } from '../e2e/process.ts';

const FIXTURES = join(import.meta.dirname, '../e2e/fixtures');

describe('SIGHUP', () => {
  async function start() {
    const directory = createScratch();
    const server = await startDev(directory);
    const account = devAccount(directory, server.baseUrl);
    const statusWith = async (accessKeyId: string) => {
      const answer = await createClient({ ...account, accessKeyId })('GET', SECRETS);
      return answer.status;
    };
    return { file: join(directory, 'identities.yaml'), server, account, statusWith };
  }

  async function reload(server: RunningServer, result: string): Promise<void> {
    server.process.kill('SIGHUP');
    await server.logged(result);
  }

  it('lets a new access key in and keeps a removed one out', async () => {
    const { file, server, account, statusWith } = await start();
    writeFileSync(file, readFileSync(file, 'utf8').replace(`ak: ${account.accessKeyId}`, 'ak: AKNEW'));
    expect(await statusWith('AKNEW')).toBe(401);
    await reload(server, 'read identities, hooks and certificates again');
    expect(await statusWith('AKNEW')).toBe(200);
    expect(await statusWith(account.accessKeyId)).toBe(401);
  });

  it('keeps the former identities when the file is broken, and logs where', async () => {
    const { file, server, account, statusWith } = await start();
    writeFileSync(file, 'domains:\n  - nonsense: true\n');
    await reload(server, 'reload failed');
    expect(server.stderr()).toContain(`${file}:2: `);
    expect(await statusWith(account.accessKeyId)).toBe(200);
  });

  it('works again once the file is mended', async () => {
    const { file, server, account, statusWith } = await start();
    const good = readFileSync(file, 'utf8');
    writeFileSync(file, '{');
    await reload(server, 'reload failed');
    writeFileSync(file, good.replace(`ak: ${account.accessKeyId}`, 'ak: AKNEW'));
    await reload(server, 'read identities, hooks and certificates again');
    expect(await statusWith('AKNEW')).toBe(200);
  });

  it('is no failure when the server is stopped meanwhile', async () => {
    const { server } = await start();
    server.process.kill('SIGHUP');
    expect(await server.stop()).toBe(0);
    expect(server.stderr()).not.toContain('reload failed');
  });
});

describe('TLS', () => {
  function place(certificate: string) {
    const directory = createScratch();
    const files = { CSMS_TLS_CERT: join(directory, 'tls.crt'), CSMS_TLS_KEY: join(directory, 'tls.key') };
    const use = (name: string) => {
      copyFileSync(join(FIXTURES, `${name}.crt`), files.CSMS_TLS_CERT);
      copyFileSync(join(FIXTURES, `${name}.key`), files.CSMS_TLS_KEY);
    };
    use(certificate);
    return { files, use };
  }

  /** Whose certificate the server shows, checked against this one. */
  function subjectSeen(server: RunningServer, trusted: string): Promise<string> {
    const ca = readFileSync(join(FIXTURES, `${trusted}.crt`));
    return new Promise((resolve, reject) => {
      const call = request(`${server.baseUrl}/healthz`, { ca, agent: false }, (answer) => {
        answer.resume();
        resolve(String((answer.socket as TLSSocket).getPeerCertificate().subject.CN));
      });
      call.once('error', reject).end();
    });
  }

  it('serves with the certificate that it was given', async () => {
    const server = await startDev(createScratch(), place('tls-one').files);
    expect(server.baseUrl).toMatch(/^https:/);
    expect(await subjectSeen(server, 'tls-one')).toMatch(/one$/);
  });

  it('may listen beyond loopback', async () => {
    const server = await startDev(createScratch(), { ...place('tls-one').files, CSMS_HOST: '0.0.0.0' });
    expect(await subjectSeen(server, 'tls-one')).toMatch(/one$/);
  });

  it('takes a new certificate on SIGHUP', async () => {
    const { files, use } = place('tls-one');
    const server = await startDev(createScratch(), files);
    use('tls-two');
    server.process.kill('SIGHUP');
    await server.logged('read identities, hooks and certificates again');
    expect(await subjectSeen(server, 'tls-two')).toMatch(/two$/);
  });

  it('keeps the former certificate when the new one is broken', async () => {
    const { files } = place('tls-one');
    const server = await startDev(createScratch(), files);
    writeFileSync(files.CSMS_TLS_CERT, 'no certificate');
    server.process.kill('SIGHUP');
    await server.logged('reload failed');
    expect(await subjectSeen(server, 'tls-one')).toMatch(/one$/);
  });

  it('takes new identities although the certificate is broken: a removed key must not stay in force', async () => {
    const directory = createScratch();
    const { files } = place('tls-one');
    const server = await startDev(directory, files);
    const identities = join(directory, 'identities.yaml');
    const { accessKeyId } = devAccount(directory, server.baseUrl);
    writeFileSync(files.CSMS_TLS_CERT, 'no certificate');
    writeFileSync(identities, readFileSync(identities, 'utf8').replace(`ak: ${accessKeyId}`, 'ak: AKNEW'));
    server.process.kill('SIGHUP');
    await server.logged('reload failed');
    const { stderr } = await run(['call', 'GET', SECRETS], {
      CSMS_DATA: directory,
      NODE_EXTRA_CA_CERTS: join(FIXTURES, 'tls-one.crt'),
    });
    expect(stderr).toMatch(/^401 /);
  });

  it('does not start with a key that belongs to another certificate', async () => {
    const { files } = place('tls-one');
    copyFileSync(join(FIXTURES, 'tls-two.key'), files.CSMS_TLS_KEY);
    const { code } = await run(['dev'], { CSMS_DATA: createScratch(), CSMS_PORT: '0', ...files });
    expect(code).toBe(78);
  });

  it('does not start with files that are not there', async () => {
    const files = {
      CSMS_TLS_CERT: join(createScratch(), 'none.crt'),
      CSMS_TLS_KEY: join(createScratch(), 'none.key'),
    };
    const { code, stderr } = await run(['dev'], { CSMS_DATA: createScratch(), CSMS_PORT: '0', ...files });
    expect(code).toBe(78);
    expect(stderr).toContain('CSMS_TLS_CERT');
  });
});
