import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { SECRETS } from './client.ts';
import { createScratch, run, runProgram, startServer } from './process.ts';

/** What is printed to be pasted. */
function startLines(stdout: string): string {
  return stdout.slice(stdout.indexOf('set -a;'));
}

describe('init in a directory with blanks in its path', () => {
  it('prints lines that start a server as they are', async () => {
    const place = join(createScratch(), 'my conf');
    const { stdout } = await run(['init', place]);
    const script = `${startLines(stdout)}`.replace(/ serve\n/, ' verify\n');
    const { stderr } = await runProgram(['sh', '-e'], {}, script);
    // It gets as far as to look for the data, where they were to be.
    expect(stderr).toBe(`csms-server: there is no database in ${place}-data\n`);
    const lines = startLines(stdout).trim().split('\n');
    const server = await startServer([], {}, [
      'sh',
      '-c',
      `${lines[0]}\nexport CSMS_PORT=0\nexec ${lines[1]}`,
    ]);
    expect((await fetch(`${server.baseUrl}/readyz`)).status).toBe(200);
  });
});

describe('init', () => {
  it('keeps the data apart from their key', async () => {
    const directory = join(createScratch(), 'csms-config');
    const { stdout } = await run(['init', directory, '--json']);
    expect(JSON.parse(stdout).data_directory).toBe(join(directory, '..', 'csms-data'));
  });

  it('makes a directory that git ignores', async () => {
    const repository = createScratch();
    await runProgram(['git', 'init', '-q', repository]);
    await run(['init', join(repository, 'anything')]);
    const { stdout } = await runProgram(['git', '-C', repository, 'status', '--porcelain', '-uall']);
    expect(stdout).toBe('');
  });

  it('ends with 78 where no directory can be made', async () => {
    const { code, stderr } = await run(['init', '/proc/none/config']);
    expect([code, stderr]).toEqual([78, 'csms-server: the directory /proc/none cannot be made\n']);
  });

  it('gives the files to another user', async () => {
    const directory = join(createScratch(), 'config');
    const uid = process.getuid?.() === 0 ? 1000 : (process.getuid?.() ?? 0);
    expect((await run(['init', directory, '--tls-self-signed', '--owner', String(uid)])).code).toBe(0);
    const made = [directory, ...readdirSync(directory).map((name) => join(directory, name))];
    expect(made).toHaveLength(8);
    expect(made.filter((file) => statSync(file).uid !== uid)).toEqual([]);
  });

  it('makes a certificate that a client can trust, and settings that use it', async () => {
    const directory = join(createScratch(), 'config');
    const said = JSON.parse((await run(['init', directory, '--tls-self-signed', '--json'])).stdout);
    const variables = parseEnv(readFileSync(join(directory, 'csms.env'), 'utf8')) as Record<string, string>;
    const server = await startServer(['serve'], { ...variables, CSMS_PORT: '0' });
    expect(server.baseUrl).toMatch(/^https:/);
    const ca = readFileSync(said.certificate_file);
    for (const url of [server.baseUrl, server.baseUrl.replace('127.0.0.1', 'localhost')]) {
      const status = await new Promise((resolve, reject) => {
        request(`${url}/readyz`, { ca, agent: false }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        })
          .once('error', reject)
          .end();
      });
      expect(status).toBe(200);
    }
    const call = await run(['call', 'GET', SECRETS], {
      CSMS_ENDPOINT: server.baseUrl,
      HUAWEICLOUD_SDK_AK: said.access_key,
      HUAWEICLOUD_SDK_SK: said.secret_key,
      HUAWEICLOUD_SDK_PROJECT_ID: said.project_id,
      NODE_EXTRA_CA_CERTS: said.certificate_file,
    });
    expect(call.stderr).toMatch(/^200 /);
    const { stdout } = await runProgram(['openssl', 'x509', '-in', said.certificate_file, '-noout', '-text']);
    expect(stdout).toContain('TLS Web Server Authentication');
  });
});

describe('init --unattended', () => {
  const ARGS = ['--tls-self-signed', '--unattended', '--endpoint=https://secrets.example:8443/'];

  it('puts the credentials into a file and not into the log', async () => {
    const directory = join(createScratch(), 'config');
    const { code, stdout, stderr } = await run(['init', directory, ...ARGS]);
    const file = join(directory, 'credentials.env');
    expect([code, stdout, stderr]).toEqual([
      0,
      `Wrote ${directory}; the administrator's credentials are in ${file}\n`,
      '',
    ]);
    const credentials = parseEnv(readFileSync(file, 'utf8'));
    expect(credentials.CSMS_ENDPOINT).toBe('https://secrets.example:8443');
    expect(credentials.HW_AUTH_URL).toBe('https://secrets.example:8443/v3');
    const secretKey = readFileSync(join(directory, 'admin.sk'), 'utf8').trim();
    expect(credentials.HUAWEICLOUD_SDK_SK).toBe(secretKey);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const variables = parseEnv(readFileSync(join(directory, 'csms.env'), 'utf8')) as Record<string, string>;
    const server = await startServer(['serve'], { ...variables, CSMS_PORT: '0' });
    const call = await run(['call', 'GET', SECRETS], {
      ...credentials,
      CSMS_ENDPOINT: server.baseUrl,
      NODE_EXTRA_CA_CERTS: join(directory, 'tls.crt'),
    });
    expect(call.stderr).toMatch(/^200 /);
  });

  it('changes nothing where there is a set, whatever else is gone', async () => {
    const directory = join(createScratch(), 'config');
    await run(['init', directory]);
    rmSync(join(directory, 'admin.sk'));
    const before = readdirSync(directory).map((name) => readFileSync(join(directory, name), 'utf8'));
    const { code, stdout } = await run(['init', directory, ...ARGS]);
    expect([code, stdout]).toEqual([0, `${directory} has a root key and identities; nothing was written\n`]);
    expect(readdirSync(directory).map((name) => readFileSync(join(directory, name), 'utf8'))).toEqual(before);
  });

  it.each(['root.key', 'identities.yaml'])('does not add to a set that lacks %s', async (missing) => {
    const directory = join(createScratch(), 'config');
    await run(['init', directory]);
    rmSync(join(directory, missing));
    const { code, stderr } = await run(['init', directory, ...ARGS]);
    expect([code, stderr]).toEqual([78, expect.stringContaining('is there already; nothing was written\n')]);
    expect(readdirSync(directory)).not.toContain(missing);
  });

  it.each([
    [['--unattended', '--json'], 64],
    [['--endpoint=http://127.0.0.1:4280'], 64],
    [['--unattended', '--endpoint=127.0.0.1:4280'], 78],
  ])('refuses %j and writes nothing', async (flags, code) => {
    const directory = join(createScratch(), 'config');
    expect((await run(['init', directory, ...flags])).code).toBe(code);
    expect(existsSync(directory)).toBe(false);
  });
});
