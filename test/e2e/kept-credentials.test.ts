import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createDirectory } from '../../src/auth/identities/directory.ts';
import { loadIdentities } from '../../src/auth/identities/file.ts';
import { readIdentity } from '../../src/cli/credentials.ts';
import { keepCredentials } from '../../src/cli/kept-credentials.ts';
import { ANY_FILE } from '../support/files.ts';

const HASH = `$scrypt$ln=10,r=8,p=1$${'A'.repeat(22)}$${'B'.repeat(42)}A`;
const OTHER_HASH = HASH.replace('B', 'C');
const text = (accessKeyId: string, hash = HASH) => `domains:
  - { id: d, name: acme, projects: [{ id: ${'a'.repeat(32)}, name: local-1 }], users: [
      { id: u, name: admin, password: "${hash}", access_keys: [{ ak: ${accessKeyId}, sk: a-secret-key }] }] }
`;

let folder: string;
let identitiesFile: string;
let file: string;
let directory: ReturnType<typeof createDirectory>;
let change: ReturnType<typeof keepCredentials>;

/** Has the server take up what the file says. */
function takeUp(): void {
  directory = createDirectory(loadIdentities({ file: identitiesFile, env: {}, reader: ANY_FILE }));
}
const written = () => parseEnv(readFileSync(file, 'utf8'));
const wait = () => vi.advanceTimersByTime(10_000);

beforeEach(() => {
  vi.useFakeTimers();
  folder = mkdtempSync(join(tmpdir(), 'csms-kept-'));
  [identitiesFile, file] = [join(folder, 'identities.yaml'), join(folder, 'credentials.env')];
  writeFileSync(identitiesFile, text('AKONE'));
  takeUp();
  const identity = { ...readIdentity(identitiesFile, file)!, password: 'a-password' };
  const baseUrl = 'http://127.0.0.1:1';
  const settings = { file, identitiesFile, identity, region: 'local-1', baseUrl };
  change = keepCredentials({ ...settings, directory: () => directory });
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

it('credentials.env is there again when someone has removed it', () => {
  const before = written();
  rmSync(file);
  wait();
  expect(written()).toEqual(before);
});

it('has another access key once that is in force, and keeps what is still right', () => {
  writeFileSync(identitiesFile, text('AKTWO'));
  wait();
  expect(written()).toMatchObject({ HUAWEICLOUD_SDK_AK: 'AKONE' });
  takeUp();
  wait();
  expect(written()).toMatchObject({ HUAWEICLOUD_SDK_AK: 'AKTWO', CSMS_PASSWORD: 'a-password' });
});

it('has no password that is no longer right, and each one that is set here', () => {
  writeFileSync(identitiesFile, text('AKONE', OTHER_HASH));
  takeUp();
  wait();
  expect(written()).toMatchObject({ HUAWEICLOUD_SDK_AK: 'AKONE', CSMS_PASSWORD: '' });
  change({ password: 'another-one', passwordHash: OTHER_HASH });
  wait();
  expect(written()).toMatchObject({ CSMS_PASSWORD: 'another-one' });
});

it('has a password that was set while it could not be written, as soon as it can be', () => {
  mkdirSync(`${file}.new`);
  expect(() => change({ password: 'another-one', passwordHash: OTHER_HASH })).not.toThrow();
  writeFileSync(identitiesFile, text('AKONE', OTHER_HASH));
  takeUp();
  wait();
  expect(written()).toMatchObject({ CSMS_PASSWORD: 'a-password' });
  rmSync(`${file}.new`, { recursive: true });
  wait();
  expect(written()).toMatchObject({ CSMS_PASSWORD: 'another-one' });
});

it('stays when the identities in force are none that it could hold, or cannot be read', () => {
  directory = createDirectory({ domains: [], users: [], accessKeys: [], policies: [] });
  wait();
  rmSync(identitiesFile);
  wait();
  expect(written()).toMatchObject({ HUAWEICLOUD_SDK_AK: 'AKONE', CSMS_PASSWORD: 'a-password' });
});

it('stays away with its directory, and is no failure of the server', () => {
  rmSync(folder, { recursive: true });
  expect(wait).not.toThrow();
});
