import { execFileSync } from 'node:child_process';
import { createSecretKey, hkdfSync, randomBytes, scryptSync } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, it, vi } from 'vitest';
import {
  createRootKey,
  createRootKeyFile,
  createStretching,
  loadRootKey,
  parseRootKeySource,
  RootKeyError,
  type RootKeyOptions,
} from '../../src/crypto/root-key.ts';
import hkdfVectors from '../vectors/hkdf_sha512_test.json' with { type: 'json' };

vi.mock('node:crypto', { spy: true });

const folder = mkdtempSync(join(tmpdir(), 'csms-root-key-'));
afterAll(() => rmSync(folder, { recursive: true }));
const raw = randomBytes(32);
const fingerprint = createRootKey(Buffer.from(raw)).fingerprint;
let files = 0;

function aFile(content: string | Buffer, mode = 0o600, directory = folder): string {
  const path = join(directory, `key-${files++}`);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

function load(source: string, options: Partial<RootKeyOptions> = {}) {
  const given = { dataDirectory: undefined, env: {}, allowEnv: false, ...options };
  return loadRootKey(parseRootKeySource(source), given);
}

describe('CSMS_ROOT_KEY', () => {
  it.each([
    ['file:/a/b:c', { kind: 'file', path: '/a/b:c' }],
    ['file:root.key', { kind: 'file', path: 'root.key' }],
    ['systemd:csms-root', { kind: 'systemd', name: 'csms-root' }],
    ['env:CSMS_KEY', { kind: 'env', name: 'CSMS_KEY' }],
    ['passphrase-file:/p', { kind: 'passphrase-file', path: '/p' }],
  ])('reads %s', (text, source) => {
    expect(parseRootKeySource(text)).toEqual(source);
  });

  it.each('|file|file:|systemd:|systemd:../x|systemd:a/b|systemd:..|env:|env:A B|FILE:/a|x:y'.split('|'))(
    'refuses "%s" and says what to set',
    (text) => {
      expect(() => parseRootKeySource(text)).toThrow(RootKeyError);
      expect(() => parseRootKeySource(text)).toThrow(/Set CSMS_ROOT_KEY to file:PATH/);
    },
  );

  it('says that transit is not supported in this release', () => {
    expect(() => parseRootKeySource('transit:https://vault')).toThrow(
      /transit: is not supported in this release/,
    );
  });

  it('never repeats a key that was put there by mistake', () => {
    const key = raw.toString('base64');
    for (const text of [key, `env:${key}`, `key:${key}`, `transit:${key}`]) {
      try {
        parseRootKeySource(text);
        expect.fail('accepted');
      } catch (error) {
        expect(String(error)).toMatch(/RootKeyError/);
        expect(inspect(error)).not.toContain(key.slice(0, 12));
      }
    }
  });
});

describe('a key file', () => {
  it.each([
    ['raw', raw],
    ['base64', raw.toString('base64')],
    ['base64 and a newline', `${raw.toString('base64')}\n`],
    ['base64 and CR LF', `${raw.toString('base64')}\r\n`],
    ['hex', raw.toString('hex')],
    ['upper-case hex and a newline', `${raw.toString('hex').toUpperCase()}\n`],
  ])('may hold %s', (_, content) => {
    expect(load(`file:${aFile(content)}`).fingerprint).toBe(fingerprint);
  });

  it('may be raw bytes that end like a line', () => {
    const content = Buffer.concat([raw.subarray(0, 31), Buffer.from('\n')]);
    expect(load(`file:${aFile(content)}`).fingerprint).toBe(createRootKey(content).fingerprint);
  });

  it('decodes base64 and hex as Node does, for random keys', () => {
    for (let i = 0; i < 200; i++) {
      const key = randomBytes(32);
      const [base64, hex] = [key.toString('base64'), key.toString('hex')];
      const expected = createRootKey(key).fingerprint;
      for (const K of [base64, hex])
        expect(load('env:K', { allowEnv: true, env: { K } }).fingerprint).toBe(expected);
    }
  });

  it.each([
    ['nothing', ''],
    ['31 bytes', raw.subarray(1)],
    ['33 bytes', Buffer.concat([raw, Buffer.of(1)])],
    ['raw bytes and a newline', Buffer.concat([Buffer.alloc(32, 7), Buffer.from('\n')])],
    ['two lines', `${raw.toString('base64')}\n\n`],
    ['a leading space', ` ${raw.toString('base64')}`],
    ['base64url', Buffer.alloc(32, 0xff).toString('base64').replaceAll('/', '_')],
    ['base64 without padding', raw.toString('base64').slice(0, 43)],
    ['base64 with bits left over', `${'A'.repeat(42)}B=`],
    ['base64 of 33 bytes', randomBytes(33).toString('base64')],
    ['hex with a foreign letter', `${'0'.repeat(63)}g`],
  ])('is refused with %s, without showing it', (_, content) => {
    const path = aFile(content);
    const open = () => load(`file:${path}`);
    expect(open).toThrow(RootKeyError);
    expect(open).toThrow(new RegExp(`^CSMS_ROOT_KEY: ${path} must hold 32 raw bytes`));
  });

  it.each([0o640, 0o604, 0o660, 0o620, 0o601, 0o444, 0o644])('is refused with mode %o', (mode) => {
    expect(() => load(`file:${aFile(raw, mode)}`)).toThrow(/can be read by others/);
  });

  it.each([0o600, 0o400])('is accepted with mode %o', (mode) => {
    expect(load(`file:${aFile(raw, mode)}`).fingerprint).toBe(fingerprint);
  });

  it('is refused when it is absent, too large, a directory or a named pipe', () => {
    expect(() => load(`file:${folder}/absent`)).toThrow(`${folder}/absent cannot be read (ENOENT)`);
    expect(() => load(`file:${folder}`)).toThrow(/is not a file/);
    expect(() => load(`file:${aFile('A'.repeat(4_097))}`)).toThrow(/is too large: at most 4096 bytes/);
    execFileSync('mkfifo', ['-m', '600', join(folder, 'pipe')]);
    expect(() => load(`file:${folder}/pipe`)).toThrow(/is not a file/);
  });

  it('is refused inside the data directory, also through links on either side', () => {
    const dataDirectory = join(folder, 'data');
    mkdirSync(dataDirectory);
    const inside = aFile(raw, 0o600, dataDirectory);
    const link = join(folder, 'link-to-key');
    symlinkSync(inside, link);
    const linkedData = join(folder, 'link-to-data');
    symlinkSync(dataDirectory, linkedData);
    for (const path of [
      inside,
      link,
      join(folder, 'data', '..', 'data', inside.slice(dataDirectory.length)),
    ]) {
      expect(() => load(`file:${path}`, { dataDirectory })).toThrow(/lies inside the data directory/);
      expect(() => load(`file:${path}`, { dataDirectory: linkedData })).toThrow(
        /lies inside the data directory/,
      );
    }
    expect(load(`file:${inside}`, { dataDirectory, allowInsideData: true }).fingerprint).toBe(fingerprint);
    mkdirSync(join(dataDirectory, '..kept'));
    const kept = aFile(raw, 0o600, join(dataDirectory, '..kept'));
    expect(() => load(`file:${kept}`, { dataDirectory })).toThrow(/lies inside the data directory/);
    for (const name of ['data-2', '..data']) {
      mkdirSync(join(folder, name));
      expect(load(`file:${aFile(raw, 0o600, join(folder, name))}`, { dataDirectory }).id).toHaveLength(32);
    }
    expect(load(`file:${inside}`, { dataDirectory: join(folder, 'not-yet') }).fingerprint).toBe(fingerprint);
  });
});

describe('other sources', () => {
  it('read a systemd credential, also when its access list shows as group-read', () => {
    const env = { CREDENTIALS_DIRECTORY: folder };
    writeFileSync(join(folder, 'csms-root'), raw, { mode: 0o440 });
    chmodSync(join(folder, 'csms-root'), 0o440);
    expect(load('systemd:csms-root', { env }).fingerprint).toBe(fingerprint);
    chmodSync(join(folder, 'csms-root'), 0o444);
    expect(() => load('systemd:csms-root', { env })).toThrow(/can be read by others/);
    expect(() => load('systemd:csms-root')).toThrow(/LoadCredential=csms-root:PATH/);
  });

  it('read the environment in dev only', () => {
    const env = { K: raw.toString('base64') };
    expect(load('env:K', { env, allowEnv: true }).fingerprint).toBe(fingerprint);
    expect(() => load('env:K', { env })).toThrow(/env: is for dev only/);
    expect(() => load('env:L', { env, allowEnv: true })).toThrow(/set L to 32 raw bytes/);
  });

  it('stretch a passphrase with the salt and parameters of the installation', () => {
    const path = aFile('correct horse battery staple\n');
    const stretching = createStretching();
    expect(stretching).toMatch(/^scrypt ln=17,r=8,p=1 salt=[A-Za-z0-9+/]{22}==$/);
    expect(createStretching()).not.toBe(stretching);
    const salt = Buffer.from(stretching.split('salt=')[1]!, 'base64');
    const bytes = scryptSync('correct horse battery staple', salt, 32, {
      N: 2 ** 17,
      r: 8,
      p: 1,
      maxmem: 2 ** 28,
    });
    expect(load(`passphrase-file:${path}`, { stretching }).fingerprint).toBe(
      createRootKey(bytes).fingerprint,
    );
    chmodSync(path, 0o644);
    expect(() => load(`passphrase-file:${path}`, { stretching })).toThrow(/can be read by others/);
  });

  it.each([
    undefined,
    'scrypt ln=16,r=8,p=1 salt=AAAAAAAAAAAAAAAAAAAAAA==',
    'scrypt ln=21,r=8,p=1 salt=AAAAAAAAAAAAAAAAAAAAAA==',
    'scrypt ln=17,r=1,p=1 salt=AAAAAAAAAAAAAAAAAAAAAA==',
    'scrypt ln=17,r=8,p=1 salt=AAAA',
  ])('refuse a passphrase for an installation that says %j', (stretching) => {
    const open = () => load(`passphrase-file:${aFile('correct horse')}`, { stretching });
    expect(open).toThrow(/was not made with a passphrase/);
  });

  it.each(['short', 'correct horse\nand more\n', ''])(
    'refuse the passphrase file %j without showing it',
    (content) => {
      const open = () => load(`passphrase-file:${aFile(content)}`, { stretching: createStretching() });
      expect(open).toThrow(/must hold one line of at least 8 bytes/);
      expect(open).not.toThrow(/horse|short/);
    },
  );

  it('ask for 16 bytes of passphrase where the installation is made, and for 8 where it is there', () => {
    const stretching = createStretching();
    // How it is stretched is not the subject.
    vi.mocked(scryptSync).mockReturnValue(Buffer.alloc(32, 1));
    const path = `passphrase-file:${aFile('fifteen bytes..\n')}`;
    expect(() => load(path, { stretching, isNew: true })).toThrow(/one line of at least 16 bytes/);
    expect(load(path, { stretching }).id).toHaveLength(32);
    const long = `passphrase-file:${aFile('sixteen bytes ..\n')}`;
    expect(load(long, { stretching, isNew: true }).id).toHaveLength(32);
    vi.mocked(scryptSync).mockRestore();
  });
});

describe('creating', () => {
  it('writes a file that loads, mode 0600, and never overwrites', () => {
    const path = join(folder, 'new.key');
    createRootKeyFile(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'latin1')).toMatch(/^[A-Za-z0-9+/]{43}=\n$/);
    const { id } = load(`file:${path}`);
    expect(() => createRootKeyFile(path)).toThrow(/cannot be created \(EEXIST\)/);
    expect(load(`file:${path}`).id).toBe(id);
    expect(() => createRootKeyFile(join(folder, 'absent', 'new.key'))).toThrow(/\(ENOENT\)/);
  });
});

describe('derived keys', () => {
  it('are HKDF-SHA512 of the root key, one for each label, as key objects', () => {
    const rootKey = createRootKey(Buffer.from(raw));
    const labels = ['kek', 'rowmac', 'check', 'token'] as const;
    for (const label of labels) {
      const key = rootKey.derive(label);
      expect(key.type).toBe('secret');
      expect(key.export()).toEqual(Buffer.from(hkdfSync('sha512', raw, '', `csms/1/${label}`, 32)));
    }
    expect(new Set(labels.map((label) => rootKey.derive(label).export().toString('hex'))).size).toBe(
      labels.length,
    );
  });

  it('leave the given bytes zeroed, and print nothing of the key', () => {
    const bytes = Buffer.from(raw);
    const rootKey = createRootKey(bytes);
    expect(bytes).toEqual(Buffer.alloc(32));
    expect(rootKey.fingerprint).toMatch(/^[0-9a-f]{16}$/);
    expect(rootKey.id).toMatch(/^[0-9a-f]{32}$/);
    expect(inspect(rootKey, { depth: 9 }) + JSON.stringify(rootKey)).not.toContain(
      raw.toString('hex').slice(0, 8),
    );
    expect(() => createRootKey(Buffer.alloc(31))).toThrow(RootKeyError);
  });

  it('stand on an HKDF of Node that agrees with all Wycheproof vectors', () => {
    for (const { ikm, salt, info, size, okm, result, tcId } of hkdfVectors.groups.flatMap(
      (group) => group.tests,
    )) {
      const [key, bytes, label] = [ikm, salt, info].map((text) => Buffer.from(text, 'hex'));
      const derive = () =>
        Buffer.from(hkdfSync('sha512', createSecretKey(key!), bytes!, label!, size)).toString('hex');
      if (result === 'valid') expect(derive(), `tcId ${tcId}`).toBe(okm);
      else expect(derive, `tcId ${tcId}`).toThrow();
    }
  });
});
