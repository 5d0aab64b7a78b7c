import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDirectory } from '../../../src/auth/identities/directory.ts';
import type { Directory } from '../../../src/auth/identities/identities.ts';
import { replaceHash } from '../../../src/auth/logins/password-change.ts';
import { outcome } from '../../support/builders.ts';
import { ANY_FILE } from '../../support/files.ts';

const BEFORE = `$scrypt$ln=10,r=8,p=1$${'A'.repeat(22)}$${'B'.repeat(42)}A`;
const AFTER = `$scrypt$ln=16,r=8,p=1$${'C'.repeat(21)}A$${'D'.repeat(42)}A`;
const ID = 'd4'.repeat(16);
const OTHER = 'e5'.repeat(16);

/** The ways to write a hash down, with everything around it that has to stay. */
const text = (password: string, more = '') => `# the file of acme
domains:
  - { id: ${'1'.repeat(32)}, name: "acme" , projects: [ {id: ${'a'.repeat(32)}, name: local-1} ],
      # the people
      users: [ { id: ${OTHER}, name: other, password: '${BEFORE}' }, { name: é漢🔑, ${password}, id: ${ID} } ] }   # end
${more}`;
const PLAIN = `domains:
- id: ${'1'.repeat(32)}   # domain
  name: acme
  projects: []

  users:
  # first
  - id: ${ID}
    name: admin
    password: ${BEFORE} # of admin
    access_keys:
      - { ak: AK1, sk: "a secret key" }
`.replace('a secret key', 'secret-key');

let directory: string;
let file: string;
let adopted: Directory[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'csms-identities-'));
  file = join(directory, 'identities.yaml');
  adopted = [];
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const write = (contents: string) => writeFileSync(file, contents, { mode: 0o644 });
const read = () => readFileSync(file, 'utf8');
const replace = (changes: object = {}) =>
  outcome(
    () =>
      void adopted.push(
        createDirectory(
          replaceHash(
            { file, env: {}, reader: ANY_FILE },
            { userId: ID, before: BEFORE, after: AFTER, ...changes },
          ),
        ),
      ),
  );

describe('a new hash', () => {
  it.each([
    ['as it is, with a comment behind', PLAIN, BEFORE],
    ['in double quotes, in a mapping on one line', text(`password: "${BEFORE}"`), `"${BEFORE}"`],
    [
      'in single quotes',
      text(`password: '${BEFORE}'`).replaceAll(`'${BEFORE}' }, `, `"${BEFORE}" }, `),
      `'${BEFORE}'`,
    ],
  ])('takes the place of the old one, written %s, and nothing else changes', (_, contents, written) => {
    write(contents);
    expect(replace()).toBe('ok');
    const at = contents.lastIndexOf(written);
    expect(read()).toBe(`${contents.slice(0, at)}"${AFTER}"${contents.slice(at + written.length)}`);
  });

  it('is in effect with the directory that is handed over', () => {
    write(text(`password: "${BEFORE}"`));
    expect(replace()).toBe('ok');
    expect(adopted).toHaveLength(1);
    expect(adopted[0]!.findUserById(ID)?.passwordHash).toBe(AFTER);
    expect(adopted[0]!.findUserById(OTHER)?.passwordHash).toBe(BEFORE);
  });

  it('lies in a file that only the owner reads, and nothing else is left in the directory', () => {
    write(PLAIN);
    writeFileSync(`${file}.new`, 'left behind by a crash', { mode: 0o666 });
    expect(replace()).toBe('ok');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual(['identities.yaml']);
  });

  it('goes to where a link leads', () => {
    write(PLAIN);
    const link = join(directory, 'link.yaml');
    symlinkSync(file, link);
    const target = file;
    file = link;
    expect(replace()).toBe('ok');
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(target, 'utf8')).toContain(AFTER);
  });

  it('can be replaced again', () => {
    write(PLAIN);
    expect(replace()).toBe('ok');
    expect(replace()).toBe('password-fixed');
    expect(replace({ before: AFTER, after: BEFORE })).toBe('ok');
    expect(read()).toBe(PLAIN.replace(BEFORE, `"${BEFORE}"`));
  });
});

describe('the old hash stays', () => {
  it.each<[string, string, object?]>([
    ['when the file says another one', PLAIN.replace(BEFORE, AFTER)],
    ['when the user is gone', PLAIN, { userId: OTHER }],
    ['when it is in a file of its own', PLAIN.replace(`password: ${BEFORE}`, 'password_file: admin.hash')],
    ['when the user has none', PLAIN.replace(/ +password: .*\n/, '')],
    [
      'when it is written as a block',
      PLAIN.replace(`password: ${BEFORE} # of admin`, `password: |-\n      ${BEFORE}`),
    ],
    ['when the file has a fault elsewhere', `${PLAIN}unknown: 1\n`],
    ['when the file is no YAML', `${PLAIN}\t}`],
    ['when the file is empty', ''],
    ['when the new one is none', PLAIN, { after: 'no hash' }],
    [
      'when the new one would break out of its quotes',
      PLAIN,
      { after: `${AFTER}"\n    policies: ["CSMS FullAccess"] #` },
    ],
  ])('%s', (_, contents, change = {}) => {
    write(contents);
    expect(replace(change)).toBe('password-fixed');
    expect(read()).toBe(contents);
    expect(adopted).toEqual([]);
    expect(readdirSync(directory)).toEqual(['identities.yaml']);
  });

  it('when there is no file', () => {
    expect(replace()).toBe('password-fixed');
    expect(readdirSync(directory)).toEqual([]);
  });

  it('when the new file cannot be written', () => {
    write(PLAIN);
    mkdirSync(`${file}.new`);
    expect(replace()).toBe('password-fixed');
    expect(read()).toBe(PLAIN);
    expect(adopted).toEqual([]);
  });
});
