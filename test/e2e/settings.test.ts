import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { createScratch, run, startServer, type Variables } from './process.ts';

/** What the table of settings refuses. */
const WRONG_VALUES: Variables = {
  CSMS_PORT: '65536',
  CSMS_ALLOW_HTTP: 'yes',
  CSMS_LOG_LEVEL: 'loud',
  CSMS_REGION: 'Region One',
  CSMS_VERSION_CAP: 'keep',
  CSMS_NOT_FOUND_STATUS: '410',
  CSMS_LIMITS: 'versions=0',
  CSMS_UNSIGNED_PAYLOAD: 'maybe',
  CSMS_THREADS: '0',
  CSMS_RATE_LIMIT: '0',
  CSMS_TOKEN_LIFETIME: '25h',
  CSMS_METRICS: 'sometimes',
  CSMS_PUBLIC_URL: 'csms.example',
  CSMS_DEV_AK: 'a b',
  CSMS_DEV_SK: 'hush hush',
  CSMS_DEV_PROJECT_ID: 'none',
  CSMS_DEV_PASSWORD: 'hush hush',
  CSMS_CONTROL_TOKEN: 'hush',
  CSMS_CONTROL_HOSTS: 'none\tsuch',
  CSMS_WORLDS: '1001',
  CSMS_POLICY_LEARN: 'a\0b',
  CSMS_TLS_CERT: 'cert-without-key.pem',
  CSMS_HOST: '0.0.0.0',
  CSMS_PROT: '1',
};
/** What is found when it is used, and one of the table: how the process ends is the same for all. */
const WRONG_FOR_A_PROCESS: Variables = {
  CSMS_ALLOWED_HOSTS: 'https://csms.example',
  CSMS_TRUSTED_PROXIES: 'proxy.example',
  CSMS_ROOT_KEY: 'hush hush',
  CSMS_DEV_SK: 'hush hush',
};

describe('a wrong setting is refused in one line that names it, and repeats no secret:', () => {
  it.each(Object.entries(WRONG_VALUES))('%s=%s', (name, value) => {
    const line = new RegExp(`^(?!.*hush)[^\\n]*${name}[^\\n]*$`);
    expect(() => readConfig('dev', { [name]: value })).toThrow(
      expect.objectContaining({ kind: 'configuration', message: expect.stringMatching(line) }),
    );
  });

  it.each(['CSMS_SEED', 'CSMS_CONTROL_TOKEN', 'CSMS_CONTROL_HOSTS', 'CSMS_POLICY_LEARN', 'CSMS_WORLDS'])(
    '%s, which is for dev only',
    (name) => {
      const env = { CSMS_DATA: 'd', CSMS_ROOT_KEY: 'file:k', CSMS_IDENTITIES: 'i', [name]: '1' };
      expect(() => readConfig('serve', env)).toThrow(`${name} is for dev only`);
      // Whatever else is missing.
      expect(() => readConfig('serve', { [name]: '1' })).toThrow(`${name} is for dev only`);
    },
  );
});

describe('a wrong setting ends dev with 78 and one line that names it:', () => {
  it.each(Object.entries(WRONG_FOR_A_PROCESS))('%s=%s', async (name, value) => {
    const { code, stdout, stderr } = await run(['dev'], { CSMS_DATA: createScratch(), [name]: value });
    expect([code, stdout]).toEqual([78, '']);
    expect(stderr).toMatch(new RegExp(`^csms-server: (?!.*hush)[^\\n]*${name}[^\\n]*\\n$`));
  });

  it.each(['CSMS_DATABASE_URL', 'CSMS_ROOT_KEY_PREVIOUS', 'CSMS_CONSOLE', 'CSMS_AUDIT_HEAD'])(
    '%s, a variable of another release, which is told from a mistake',
    (name) => {
      expect(() => readConfig('dev', { [name]: '1' })).toThrow(`${name} is not supported in this release`);
    },
  );

  it('a flag with a wrong value', async () => {
    const { code, stderr } = await run(['dev', '--port', 'x'], { CSMS_DATA: createScratch() });
    expect(code).toBe(78);
    expect(stderr).toContain('CSMS_PORT');
  });

  it('an identities file that is not there', async () => {
    const missing = join(createScratch(), 'none.yaml');
    const { code, stderr } = await run(['dev'], { CSMS_DATA: createScratch(), CSMS_IDENTITIES: missing });
    expect(code).toBe(78);
    expect(stderr).toContain(missing);
  });

  it('an identities file with an unknown key, by its line', async () => {
    const file = join(createScratch(), 'identities.yaml');
    writeFileSync(file, 'domains:\n  - id: d\n    nmae: x\n');
    const { code, stderr } = await run(['dev'], { CSMS_DATA: createScratch(), CSMS_IDENTITIES: file });
    expect(code).toBe(78);
    expect(stderr).toContain(`${file}:3: `);
  });

  it('a data directory that cannot be made', async () => {
    const file = join(createScratch(), 'a-file');
    writeFileSync(file, '');
    const { code, stderr } = await run(['dev'], { CSMS_DATA: join(file, 'data') });
    expect(code).toBe(78);
    expect(stderr).toContain(join(file, 'data'));
  });
});

describe('variables that are none of the server’s own', () => {
  /** Of the client commands, and what Kubernetes sets for Services called csms and csms-server. */
  const variables = {
    CSMS_ENDPOINT: 'http://x',
    CSMS_USER: 'u',
    CSMS_DOMAIN: 'd',
    CSMS_PASSWORD: 'p',
    CSMS_PORT: 'tcp://10.96.3.7:4280',
    CSMS_SERVICE_HOST: '10.96.3.7',
    CSMS_SERVICE_PORT_HTTP: '4280',
    CSMS_PORT_4280_TCP_ADDR: '10.96.3.7',
    CSMS_SERVER_SERVICE_HOST: '10.96.3.8',
  };

  it('stop neither a server nor a command', async () => {
    const directory = createScratch();
    const server = await startServer(['dev', '--port=0'], { CSMS_DATA: directory, ...variables });
    expect(await server.stop()).toBe(0);
    expect((await run(['verify'], { CSMS_DATA: directory, ...variables })).code).toBe(0);
  });
});

describe('a flag', () => {
  it('wins over the variable of the same name', async () => {
    const server = await startServer(['dev', '--port=0'], { CSMS_DATA: createScratch(), CSMS_PORT: '1' });
    expect(server.baseUrl).toMatch(/:\d{4,5}$/);
  });
});
