import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeAll, describe, expect, it } from 'vitest';
import { createRootKeyFile } from '../../src/crypto/root-key.ts';
import { createClient, createSecret, devAccount, readValue } from '../e2e/client.ts';
import { createScratch, run, shareScratch, startDev, type Variables } from '../e2e/process.ts';

const template = shareScratch();

beforeAll(() => fill(template));

/** Makes a data directory whose server has stopped, with one secret. */
async function fill(directory: string, variables: Variables = {}): Promise<void> {
  const server = await startDev(directory, variables);
  await createSecret(createClient(devAccount(directory, server.baseUrl)), 'kept');
  await server.stop();
}

/** A copy of such a directory. */
function createData(): string {
  const directory = createScratch();
  for (const name of ['csms.db', 'root.key', 'identities.yaml', 'credentials.env']) {
    copyFileSync(join(template, name), join(directory, name));
  }
  return directory;
}

function start(directory: string, variables: Variables = {}) {
  return run(['dev'], { CSMS_DATA: directory, CSMS_PORT: '0', ...variables });
}

function tamper(directory: string, sql: string): void {
  const db = new Database(join(directory, 'csms.db'));
  expect(db.prepare(sql).run().changes).toBe(1);
  db.close();
}

/** A file with one line, the passphrase; returns its path. */
function writePassphrase(): string {
  const path = join(createScratch(), 'passphrase');
  writeFileSync(path, 'correct horse battery staple\n', { mode: 0o600 });
  return path;
}

describe('a server does not start', () => {
  it('with another root key, and names both by their fingerprints', async () => {
    const directory = createData();
    const other = join(createScratch(), 'other.key');
    createRootKeyFile(other);
    const { code, stderr } = await start(directory, { CSMS_ROOT_KEY: `file:${other}` });
    expect(code).toBe(78);
    expect(stderr).toContain('wrong root key');
    const fingerprints = new Set(stderr.match(/\b[0-9a-f]{16}\b/g));
    expect(fingerprints.size).toBe(2);
  });

  it('with a damaged record of its root key', async () => {
    const directory = createData();
    tamper(directory, 'UPDATE installation SET canary = zeroblob(length(canary))');
    const { code, stderr } = await start(directory);
    expect(code).toBe(78);
    expect(stderr).toContain('record of its root key is damaged');
  });

  it('without the record of its root key', async () => {
    const directory = createData();
    tamper(directory, 'DELETE FROM installation');
    const { code, stderr } = await start(directory);
    expect(code).toBe(74);
    expect(stderr).toContain('has lost the record of its root key');
  });

  it('on the database of another program', async () => {
    const directory = createScratch();
    new Database(join(directory, 'csms.db')).exec('CREATE TABLE theirs (a)').close();
    const root = join(createScratch(), 'root.key');
    createRootKeyFile(root);
    const { code, stderr } = await start(directory, { CSMS_ROOT_KEY: `file:${root}` });
    expect(code).toBe(78);
    expect(stderr).toContain('was not made by csms-server');
  });

  it('on the database of a newer release', async () => {
    const directory = createData();
    const db = new Database(join(directory, 'csms.db'));
    db.pragma('user_version = 9999');
    db.close();
    expect((await start(directory)).code).toBe(78);
  });

  it('on a file that is no database', async () => {
    const directory = createData();
    writeFileSync(join(directory, 'csms.db'), 'x'.repeat(8192));
    expect((await start(directory)).code).toBe(74);
  });

  it('with a root key that others can read', async () => {
    const directory = createData();
    chmodSync(join(directory, 'root.key'), 0o644);
    const { code, stderr } = await start(directory);
    expect(code).toBe(78);
    expect(stderr).toContain('chmod');
  });

  it('with a root key that is none, and does not print it', async () => {
    const file = join(createScratch(), 'root.key');
    writeFileSync(file, 'not-a-root-key\n', { mode: 0o600 });
    const { code, stderr } = await start(createScratch(), { CSMS_ROOT_KEY: `file:${file}` });
    expect(code).toBe(78);
    expect(stderr).not.toContain('not-a-root-key');
  });
});

describe('the root key may come from', () => {
  async function expectToWork(variables: Variables): Promise<void> {
    const directory = createScratch();
    await fill(directory, variables);
    const server = await startDev(directory, variables);
    expect(await readValue(createClient(devAccount(directory, server.baseUrl)), 'kept')).toBe(
      'value of kept',
    );
  }

  it('a variable', () => expectToWork({ CSMS_ROOT_KEY: 'env:MY_KEY', MY_KEY: 'ab'.repeat(32) }));

  it('a copy of the file that the data was made with', async () => {
    const directory = createData();
    const copy = join(createScratch(), 'copy.key');
    copyFileSync(join(directory, 'root.key'), copy);
    const server = await startDev(directory, { CSMS_ROOT_KEY: `file:${copy}` });
    expect(await server.stop()).toBe(0);
  });

  it('a file with a passphrase', () => {
    return expectToWork({ CSMS_ROOT_KEY: `passphrase-file:${writePassphrase()}` });
  });

  it('a credential of systemd', () => {
    const directory = join(createScratch(), 'credentials');
    mkdirSync(directory, { mode: 0o700 });
    createRootKeyFile(join(directory, 'csms'));
    return expectToWork({ CSMS_ROOT_KEY: 'systemd:csms', CREDENTIALS_DIRECTORY: directory });
  });
});

describe('the root key may not come from', () => {
  it('a variable that is not set', async () => {
    const { code, stderr } = await start(createScratch(), { CSMS_ROOT_KEY: 'env:MY_KEY' });
    expect(code).toBe(78);
    expect(stderr).toContain('MY_KEY');
  });

  it('systemd where systemd has given nothing', async () => {
    const { code, stderr } = await start(createScratch(), { CSMS_ROOT_KEY: 'systemd:csms' });
    expect(code).toBe(78);
    expect(stderr).toContain('LoadCredential=csms');
  });

  it('another passphrase', async () => {
    const path = writePassphrase();
    const source = { CSMS_ROOT_KEY: `passphrase-file:${path}` };
    const directory = createScratch();
    await fill(directory, source);
    writeFileSync(path, 'correct horse battery stable\n');
    const { code, stderr } = await start(directory, source);
    expect(code).toBe(78);
    expect(stderr).toContain('wrong root key');
  });
});
