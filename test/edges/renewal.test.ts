import { copyFileSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect, it } from 'vitest';
import { createClient, devAccount, SECRETS } from '../e2e/client.ts';
import { createScratch, type RunningServer, startDev } from '../e2e/process.ts';

const FIXTURES = join(import.meta.dirname, '..', 'e2e', 'fixtures');
/** The promise is a minute. */
const WITHIN = { timeout: 60_000, interval: 500 };

/** Whose certificate the server shows. */
function subjectSeen(server: RunningServer): Promise<string> {
  const { hostname: host, port } = new URL(server.baseUrl);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

it('a certificate that is exchanged through a link is shown within a minute, without a signal', async () => {
  const directory = createScratch();
  for (const name of ['one', 'two']) {
    mkdirSync(join(directory, name));
    for (const kind of ['crt', 'key']) {
      copyFileSync(join(FIXTURES, `tls-${name}.${kind}`), join(directory, name, `tls.${kind}`));
    }
  }
  symlinkSync('one', join(directory, 'live'));
  const server = await startDev(createScratch(), {
    CSMS_TLS_CERT: join(directory, 'live', 'tls.crt'),
    CSMS_TLS_KEY: join(directory, 'live', 'tls.key'),
  });
  expect(await subjectSeen(server)).toMatch(/one$/);
  symlinkSync('two', join(directory, 'next'));
  renameSync(join(directory, 'next'), join(directory, 'live'));
  await expect.poll(() => subjectSeen(server), WITHIN).toMatch(/two$/);
});

it('an access key that is taken away is refused within a minute; a broken file in between is reported once', async () => {
  const directory = createScratch();
  const server = await startDev(directory);
  const account = devAccount(directory, server.baseUrl);
  const status = async () => (await createClient(account)('GET', SECRETS)).status;
  const file = join(directory, 'identities.yaml');
  const good = readFileSync(file, 'utf8');
  writeFileSync(file, `${good}nonsense: true\n`);
  await expect.poll(() => server.stderr(), WITHIN).toContain('reload failed');
  expect(await status()).toBe(200);
  writeFileSync(file, good.replace(`ak: ${account.accessKeyId}`, 'ak: AKNEW'));
  await expect.poll(status, WITHIN).toBe(401);
  expect(server.stderr().match(/reload failed/g)).toHaveLength(1);
});
