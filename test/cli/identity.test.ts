import {
  chmodSync,
  chownSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { runCommandLine } from '../../src/cli/command-line.ts';
import { exitCodeOf } from '../../src/cli/exit-codes.ts';
import { changeIdentities } from '../../src/cli/identities-change.ts';
import { SK } from '../auth/fixtures.ts';
import { GOOD } from '../auth/identities-text.ts';
import { createScratch } from '../e2e/process.ts';

afterEach(() => vi.restoreAllMocks());

/** GOOD with comments, in a directory of its own. */
function place(text = `# ours\n${GOOD.join('\n')} # the end\n`) {
  const directory = createScratch();
  const file = join(directory, 'identities.yaml');
  writeFileSync(file, text, { mode: 0o600 });
  return { directory, file };
}

async function identity(file: string, ...args: readonly string[]) {
  let stdout = '';
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += text;
    return true;
  });
  try {
    const code = await runCommandLine(['identity', ...args, '--identities', file], {});
    return { code, stdout };
  } catch (error) {
    return { code: exitCodeOf(error), stdout, message: String(error) };
  } finally {
    vi.restoreAllMocks();
  }
}

const added = async (file: string, ...args: readonly string[]) =>
  JSON.parse((await identity(file, ...args, '--json')).stdout);

describe('identity', () => {
  it('adds a user with a key, a key, and another in the place of one, and keeps the rest', async () => {
    const { directory, file } = place();
    const before = readFileSync(file, 'utf8');
    const ann = await added(
      file,
      'add-user',
      'ann',
      '--policies',
      'mine,CSMS ReadOnlyAccess',
      '--projects',
      'local-1',
    );
    expect(ann).toEqual({
      user_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      name: 'ann',
      domain: 'acme',
      access_key: expect.stringMatching(/^AK/),
      secret_key: expect.stringMatching(/^\w{40}$/),
    });
    const second = await added(file, 'add-key', 'ann');
    expect(second).toEqual({
      user_id: ann.user_id,
      access_key: expect.any(String),
      secret_key: expect.any(String),
    });
    const third = await added(file, 'rotate-key', ann.access_key, '--disable');
    expect(third).toMatchObject({ user_id: ann.user_id, replaces: ann.access_key });
    for (const made of [ann, second, third]) {
      const secret = join(directory, `${made.access_key}.sk`);
      expect(readFileSync(secret, 'utf8')).toBe(`${made.secret_key}\n`);
      expect(statSync(secret).mode & 0o777).toBe(0o600);
    }
    const after = readFileSync(file, 'utf8');
    const at = before.indexOf('policies:\n');
    expect([after.slice(0, at), after.slice(at - before.length)]).toEqual([
      before.slice(0, at),
      before.slice(at),
    ]);
    expect(after).toContain(`{ ak: ${ann.access_key}, sk_file: ${ann.access_key}.sk, disabled: true }`);
    expect(after).not.toContain(third.secret_key);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory).filter((name) => name.endsWith('.new'))).toEqual([]);
    expect(await identity(file, 'check')).toEqual({ code: 0, stdout: '' });
  });

  it.each<[number, string, string[]]>([
    [64, 'takes one of', []],
    [64, 'takes one of', ['add-user']],
    [64, 'has a user admin already', ['add-user', 'admin']],
    [64, 'no group g', ['add-user', 'x', '--groups', 'g']],
    [64, 'no policy p', ['add-user', 'x', '--policies', 'mine,p']],
    [64, 'no project q', ['add-user', 'x', '--projects', 'q']],
    [64, 'no domain d', ['add-user', 'x', '--domain', 'd']],
    [64, 'given twice', ['add-user', 'x', '--policies', 'mine,mine']],
    [64, 'the name must be', ['add-user', ' x']],
    [64, 'no user eve', ['add-key', 'eve']],
    [64, 'no access key AKX', ['rotate-key', 'AKX']],
    [64, 'does not take --disable', ['add-key', 'admin', '--disable']],
  ])('ends with %i and changes nothing: %s', async (code, message, args) => {
    const { directory, file } = place();
    const before = readFileSync(file, 'utf8');
    expect(await identity(file, ...args)).toMatchObject({ code, message: expect.stringContaining(message) });
    expect([readFileSync(file, 'utf8'), readdirSync(directory)]).toEqual([before, ['identities.yaml']]);
  });

  it('says what is wrong with a file', async () => {
    const { file } = place(GOOD.join('\n').replace('policies: [mine]', 'policies: [yours]'));
    const [line, key, reason] = [12, 'domains[0].users[0].policies[0]', 'policy yours does not exist'];
    expect(await identity(file, 'check')).toEqual({
      code: 1,
      stdout: `${file}:${line}: ${key}: ${reason}\n`,
    });
    const { code, stdout } = await identity(file, 'check', '--json');
    expect([code, JSON.parse(stdout)]).toEqual([1, { ok: false, findings: [{ file, line, key, reason }] }]);
    expect((await identity(file, 'add-key', 'admin')).code).toBe(78);
    expect((await identity(`${file}.absent`, 'check')).code).toBe(78);
    expect((await identity(`${file}.absent`, 'add-key', 'admin')).code).toBe(78);
  });

  it('follows a link, and gives what root writes to the owner of the file', async () => {
    const { directory, file } = place();
    const link = join(directory, 'link.yaml');
    symlinkSync('identities.yaml', link);
    if (process.getuid?.() === 0) chownSync(file, 1_234, 4_321);
    const { access_key } = await added(link, 'add-key', 'admin');
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    const [one, other] = [statSync(file), statSync(join(directory, `${access_key}.sk`))];
    const own = process.getuid?.() === 0 ? [1_234, 4_321] : [one.uid, one.gid];
    expect([one.uid, one.gid, other.uid, other.gid]).toEqual([...own, ...own]);
  });

  it.runIf(process.getuid?.() === 0)('lets the group keep a file that root has given to it', async () => {
    const { file } = place();
    chownSync(file, 0, 4_321);
    chmodSync(file, 0o640);
    await added(file, 'add-key', 'admin');
    expect(statSync(file).mode & 0o777).toBe(0o640);
  });

  it('loses nothing when several commands run at once, nor after one that was killed', async () => {
    const { directory, file } = place();
    writeFileSync(`${file}.new`, 'half of a te');
    utimesSync(`${file}.new`, 0, 0);
    const keys = ['AK1', 'AK2', 'AK3', 'AK4'];
    await Promise.all(keys.map((accessKeyId) => changeIdentities(file, {}, adding(accessKeyId))));
    const text = readFileSync(file, 'utf8');
    for (const accessKeyId of keys) expect(text).toContain(`ak: ${accessKeyId},`);
    expect(readdirSync(directory).sort()).toEqual([...keys.map((key) => `${key}.sk`), 'identities.yaml']);
  });

  it('begins anew when an editor was faster', async () => {
    const { file } = place();
    let count = 0;
    const change = adding('AK1', () => {
      count += 1;
      if (count === 1) writeFileSync(file, `${readFileSync(file, 'utf8')}# later\n`);
    });
    await changeIdentities(file, {}, change);
    const text = readFileSync(file, 'utf8');
    expect([count, text.endsWith('# later\n'), text.includes('AK1.sk')]).toEqual([2, true, true]);
  });

  it('writes nothing that would not read back, or as something else', async () => {
    const { directory, file } = place();
    const before = readFileSync(file, 'utf8');
    const wrong = { ...adding('AK1'), edit: (text: string) => `${text}more: 1\n` };
    await expect(changeIdentities(file, {}, wrong)).rejects.toThrow('more: is not known here');
    await expect(changeIdentities(file, {}, { ...adding('AK1'), expect: () => false })).rejects.toThrow(
      'read back',
    );
    await expect(changeIdentities(file, {}, { ...adding('AK1'), edit: (text) => text })).rejects.toThrow(
      'read back',
    );
    expect([readFileSync(file, 'utf8'), readdirSync(directory)]).toEqual([before, ['identities.yaml']]);
  });
});

function adding(accessKeyId: string, meanwhile: () => void = () => undefined) {
  return {
    accessKeyId,
    secretKey: SK,
    secretFile: `${accessKeyId}.sk`,
    edit(text: string) {
      meanwhile();
      return text.replace(
        `sk: ${SK} }`,
        `sk: ${SK} }\n          - { ak: ${accessKeyId}, sk_file: ${accessKeyId}.sk }`,
      );
    },
    expect: () => true,
  };
}
