import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { type Account, createClient, createSecret, readValue, SECRETS } from './client.ts';
import { createScratch, type Ended, run, shareScratch, startServer, type Variables } from './process.ts';

interface StartingSet {
  readonly directory: string;
  readonly ended: Ended;
  /** What `init --json` said. */
  readonly said: Readonly<Record<string, string>>;
  /** What csms.env sets. */
  readonly variables: Variables;
}

const place = shareScratch();
let set: StartingSet;

beforeAll(async () => {
  set = await initialise(join(place, 'config'));
});

async function initialise(directory: string): Promise<StartingSet> {
  const ended = await run(['init', directory, '--json']);
  const variables = parseEnv(readFileSync(join(directory, 'csms.env'), 'utf8')) as Variables;
  return { directory, ended, said: JSON.parse(ended.stdout), variables };
}

/** What serve is started with here: the set, with data of its own and any free port. */
function settings(): Variables {
  return { ...set.variables, CSMS_DATA: createScratch(), CSMS_PORT: '0' };
}

function administratorOf(endpoint: string): Account {
  const { access_key: accessKeyId = '', secret_key: secretKey = '', project_id: projectId = '' } = set.said;
  return { endpoint, accessKeyId, secretKey, projectId };
}

describe('init', () => {
  it('writes its set, private to its owner', async () => {
    const { directory, ended } = set;
    expect(ended.code).toBe(0);
    const modes = readdirSync(directory)
      .sort()
      .map((name) => [name, statSync(join(directory, name)).mode & 0o777]);
    expect(modes).toEqual(
      ['.gitignore', 'admin.sk', 'csms.env', 'identities.yaml', 'root.key'].map((name) => [name, 0o600]),
    );
  });

  it('says in JSON what it made', async () => {
    const { directory, said } = set;
    expect(said).toMatchObject({ user: 'admin', root_key_file: join(directory, 'root.key') });
    expect(readFileSync(join(directory, 'admin.sk'), 'utf8')).toBe(`${said.secret_key}\n`);
    expect(readFileSync(join(directory, 'identities.yaml'), 'utf8')).toContain(said.access_key);
  });

  it('keeps secret key and password out of the identities file', async () => {
    const { directory, said } = set;
    const identities = readFileSync(join(directory, 'identities.yaml'), 'utf8');
    expect(identities).not.toContain(said.secret_key);
    expect(identities).not.toContain(said.password);
  });

  it('says in text what it made', async () => {
    const directory = join(createScratch(), 'config');
    const { code, stdout } = await run(['init', directory]);
    expect(code).toBe(0);
    expect(stdout).toContain(readFileSync(join(directory, 'admin.sk'), 'utf8').trim());
    expect(stdout).toContain(`. ${join(directory, 'csms.env')};`);
    expect(stdout.split('\n').filter((line) => line.length > 140)).toEqual([]);
  });

  it('overwrites nothing', async () => {
    const { directory } = set;
    const before = readFileSync(join(directory, 'root.key'), 'utf8');
    const { code, stderr } = await run(['init', directory]);
    expect(code).toBe(78);
    expect(stderr).toContain('nothing was written');
    expect(readFileSync(join(directory, 'root.key'), 'utf8')).toBe(before);
  });

  it('writes nothing when one file is there', async () => {
    const directory = createScratch();
    writeFileSync(join(directory, 'csms.env'), 'mine');
    expect((await run(['init', directory])).code).toBe(78);
    expect(readdirSync(directory)).toEqual(['csms.env']);
  });
});

describe('serve', () => {
  it('starts with the set of init, and keeps its data', async () => {
    const variables = { ...set.variables, CSMS_PORT: '0' };
    const first = await startServer(['serve'], variables);
    await createSecret(createClient(administratorOf(first.baseUrl)), 'kept');
    expect(await first.stop()).toBe(0);
    const second = await startServer(['serve'], variables);
    expect(await readValue(createClient(administratorOf(second.baseUrl)), 'kept')).toBe('value of kept');
  });

  it('prints no credentials, never a value in its log, and makes no key that it does not have', async () => {
    const server = await startServer(['serve'], {
      ...settings(),
      CSMS_LOG_LEVEL: 'trace',
    });
    const client = createClient(administratorOf(server.baseUrl));
    await createSecret(client, 'quiet', 'do-not-log-me');
    await readValue(client, 'quiet');
    await client('POST', SECRETS, { name: 'quiet', secret_string: 'do-not-log-me', description: 7 });
    const draft = { name: 'a', secret_string: 'b', kms_key_id: '0d0466b0-e727-4d9c-b35d-f84bb474a37f' };
    const { status, body } = await client('POST', SECRETS, draft);
    expect([status, body.error_code]).toEqual([400, 'CSMS.0401']);
    await server.stop();
    const written = server.stdout() + server.stderr();
    expect(written).toContain('/versions/:version_id');
    for (const secret of ['do-not-log-me', set.said.secret_key, set.said.password])
      expect(written).not.toContain(secret);
  });

  it.each(['CSMS_DATA', 'CSMS_ROOT_KEY', 'CSMS_IDENTITIES'])('does not start without %s', (name) => {
    const given = { CSMS_DATA: '/none', CSMS_ROOT_KEY: 'file:/none', CSMS_IDENTITIES: '/none' };
    expect(() => readConfig('serve', { ...given, [name]: '' })).toThrow(`${name} is not set`);
  });

  it('does not start with a root key from the environment', async () => {
    const { code, stderr } = await run(['serve'], {
      ...settings(),
      CSMS_ROOT_KEY: 'env:KEY',
      KEY: 'ab'.repeat(32),
    });
    expect(code).toBe(78);
    expect(stderr).toContain('CSMS_ROOT_KEY');
  });

  it('does not start with a root key inside its data', async () => {
    const data = createScratch();
    const rootKey = join(data, 'root.key');
    copyFileSync(join(set.directory, 'root.key'), rootKey);
    const inside = { ...settings(), CSMS_DATA: data, CSMS_ROOT_KEY: `file:${rootKey}` };
    const { code, stderr } = await run(['serve'], inside);
    expect(code).toBe(78);
    expect(stderr).toContain('inside the data directory');
  });

  it('does not start with credentials of dev', () => {
    expect(() => readConfig('serve', { ...settings(), CSMS_DEV_AK: 'AK' })).toThrow('CSMS_DEV_AK');
  });

  it('does not speak plain HTTP beyond loopback', () => {
    expect(() => readConfig('serve', { ...settings(), CSMS_HOST: '0.0.0.0' })).toThrow('CSMS_ALLOW_HTTP');
  });

  it('speaks plain HTTP beyond loopback when that is allowed', async () => {
    const server = await startServer(['serve', '--allow-http', '--host', '0.0.0.0'], settings());
    expect((await fetch(`${server.baseUrl}/healthz`)).status).toBe(200);
  });
});
