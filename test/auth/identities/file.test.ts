import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createDirectory } from '../../../src/auth/identities/directory.ts';
import { loadIdentities, parseIdentities } from '../../../src/auth/identities/file.ts';
import { ANY_FILE } from '../../support/files.ts';
import { ADMIN_ID, AK, PASSWORD_HASH, SK, sources } from '../fixtures.ts';
import { complaint, GOOD, line, parse } from '../identities-text.ts';

const USER = 'domains[0].users[0]';
const KEY = `${USER}.access_keys[0]`;

describe('a good identities file', () => {
  it('may name the same user and project in two domains', () => {
    const other = `  - { id: b, name: b, projects: [{ id: ${'f'.repeat(32)}, name: local-1 }], users: [{ id: b, name: admin }] }`;
    expect(complaint(line(13, '        projects: [local-1]', other))).toBe('accepted');
  });

  it.each(['a-b', `${'1'.repeat(32)}`, '12345e67890123456789012345678901', '0x10', 'true', 'null', '00'])(
    'keeps an id as it is written: %s',
    (id) => {
      expect(parse(line(7, `      - id: ${id}`)).findUserById(id)?.name).toBe('admin');
    },
  );

  it('takes a secret key from a file beside it or from a variable, without the newline', () => {
    const paths: string[] = [];
    const readFile = (path: string): string => {
      paths.push(path);
      return `${SK}\r\n`;
    };
    const fromFile = parseIdentities({
      file: '/etc/csms/identities.yaml',
      text: line(11, `          - { ak: ${AK}, sk_file: admin.sk }`),
      sources: sources({ readFile }),
    });
    const fromVariable = parse(line(11, `          - { ak: ${AK}, sk_env: ADMIN_SK }`), {
      env: { ADMIN_SK: SK },
    });
    const plain = parse(GOOD.join('\n')).findAccessKey(AK)?.key.secret;
    if (plain === undefined) throw new Error('no key');
    expect(fromFile.findAccessKey(AK)?.key.secret.equals(plain)).toBe(true);
    expect(fromVariable.findAccessKey(AK)?.key.secret.equals(plain)).toBe(true);
    expect(paths).toEqual(['/etc/csms/admin.sk']);
  });

  it('takes a password hash from a file, and refuses a plain password there', () => {
    const text = line(9, '        password_file: /run/secrets/admin');
    expect(parse(text, { readFile: () => `${PASSWORD_HASH}\n` }).findUserById(ADMIN_ID)?.passwordHash).toBe(
      PASSWORD_HASH,
    );
    expect(complaint(text, { readFile: () => 'Passw0rd!' })).toMatch(
      /^identities\.yaml:9: .*must be a scrypt hash/,
    );
    const empty = line(11, '          - { ak: a, sk_file: x }');
    expect(complaint(empty, { readFile: () => '\n' })).toContain(
      'must lead to 1 to 256 printable characters',
    );
  });
});

describe('loadIdentities', () => {
  const directory = mkdtempSync(join(tmpdir(), 'csms-identities-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  it('reads the file and what it points to', () => {
    writeFileSync(join(directory, 'admin.sk'), `${SK}\n`);
    const file = join(directory, 'identities.yaml');
    writeFileSync(file, line(11, `          - { ak: ${AK}, sk_file: admin.sk }`));
    const identities = createDirectory(loadIdentities({ file, env: {}, reader: ANY_FILE }));
    expect(identities.findAccessKey(AK)?.user.name).toBe('admin');
  });

  it('names a file that cannot be read, and one that is too large', () => {
    const absent = join(directory, 'absent.yaml');
    expect(() => loadIdentities({ file: absent, env: {}, reader: ANY_FILE })).toThrow(
      `${absent}:1: (file): cannot be read (ENOENT)`,
    );
    expect(() => loadIdentities({ file: directory, env: {}, reader: ANY_FILE })).toThrow('is not a file');
    writeFileSync(join(directory, 'big.sk'), 'a'.repeat(4_097));
    const file = join(directory, 'big.yaml');
    writeFileSync(file, line(11, '          - { ak: a, sk_file: big.sk }'));
    expect(() => loadIdentities({ file, env: {}, reader: ANY_FILE })).toThrow(
      `${file}:11: ${KEY}.sk_file: ${join(directory, 'big.sk')} is too large: at most 4096 bytes`,
    );
  });
});
