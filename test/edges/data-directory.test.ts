import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createClient, createSecret, devAccount, readValue } from '../e2e/client.ts';
import { createScratch, MAIN, readCredentials, runProgram, startServer, until } from '../e2e/process.ts';

/** How a command runs as someone else; our own user when the tests may not choose. */
function as(uid: number, gid: number): readonly string[] {
  const program = [process.execPath, MAIN];
  return [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${uid === 1_000 ? 1_000 : gid}`,
    `--groups=${gid}`,
    ...program,
  ];
}

const isRoot = process.getuid?.() === 0;

/** A directory of root's, as a volume is mounted. */
function createVolume(gid: number, mode: number): string {
  const volume = join(createScratch(), 'volume');
  chmodSync(join(volume, '..'), 0o755);
  mkdirSync(volume);
  chownSync(volume, 0, gid);
  chmodSync(volume, mode);
  mkdirSync(join(volume, 'lost+found'), { mode: 0o700 });
  return volume;
}

/** What kubelet does at every mount: everything gets the group, which may read and write it. */
function mountAgain(path: string, gid: number): void {
  const { uid, mode } = lstatSync(path);
  chownSync(path, uid, gid);
  const isDirectory = lstatSync(path).isDirectory();
  chmodSync(path, mode | (isDirectory ? 0o2770 : 0o660));
  if (isDirectory) for (const name of readdirSync(path)) mountAgain(join(path, name), gid);
}

const modeOf = (path: string) => statSync(path).mode & 0o777;

describe.runIf(isRoot)('a volume of root that is open to our group', () => {
  it.each([
    ['with fsGroup', { uid: 1_000, gid: 2_000, mode: 0o2775 }],
    ['in OpenShift', { uid: 1_000_650_000, gid: 0, mode: 0o770 }],
  ])(
    'is used through a private folder, %s, also after it was mounted again',
    async (_, { uid, gid, mode }) => {
      const volume = createVolume(gid, mode);
      const folder = join(volume, 'csms');
      const start = () => startServer(['dev'], { CSMS_DATA: volume }, as(uid, gid));
      const first = await start();
      await createSecret(createClient(devAccount(folder, first.baseUrl)), 'kept');
      await first.stop();
      mountAgain(volume, gid);
      const second = await start();
      expect(await readValue(createClient(devAccount(folder, second.baseUrl)), 'kept')).toBe('value of kept');
      expect(modeOf(folder)).toBe(0o700);
      for (const name of readdirSync(folder)) expect(modeOf(join(folder, name)), name).toBe(0o600);
      expect(await second.stop()).toBe(0);
      const check = await runProgram([...as(uid, gid), 'verify'], { CSMS_DATA: volume });
      expect(check).toMatchObject({ code: 0, stderr: '' });
    },
  );

  it('is refused when what is called like the folder is a link', async () => {
    const volume = createVolume(2_000, 0o2770);
    const elsewhere = join(volume, '..', 'elsewhere');
    mkdirSync(elsewhere);
    chownSync(elsewhere, 1_000, 1_000);
    symlinkSync(elsewhere, join(volume, 'csms'));
    const { code } = await runProgram([...as(1_000, 2_000), 'dev'], { CSMS_DATA: volume });
    expect(code).toBe(78);
    expect(readdirSync(elsewhere)).toEqual([]);
  });
});

describe.runIf(isRoot)('a data directory is refused with 78, and nothing is written into it,', () => {
  it.each([
    ['when root’s group cannot write it', { owner: 0, gid: 2_000, mode: 0o2750 }, /belongs to root/],
    ['when it is another group’s', { owner: 0, gid: 2_001, mode: 0o2770 }, /belongs to root|EACCES/],
    ['when anybody can write it', { owner: 0, gid: 2_000, mode: 0o2777 }, /anybody can write/],
    ['when it is ours and anybody can write it', { owner: 1_000, gid: 1_000, mode: 0o777 }, /anybody can/],
    ['when it is another user’s', { owner: 1_234, gid: 1_234, mode: 0o755 }, /belongs to another user/],
  ])('%s', async (_, { owner, gid, mode }, message) => {
    const volume = createVolume(gid, mode);
    chownSync(volume, owner, gid);
    chmodSync(volume, mode);
    const { code, stderr } = await runProgram([...as(1_000, 2_000), 'dev'], { CSMS_DATA: volume });
    expect([code, stderr]).toEqual([78, expect.stringMatching(message)]);
    expect(readdirSync(volume)).toEqual(['lost+found']);
  });
});

describe('the first start follows no link that lies in its directory:', () => {
  it('what it makes is put in the place of one', async () => {
    const directory = join(createScratch(), 'data');
    const victim = join(directory, '..', 'victim');
    writeFileSync(victim, 'precious\n');
    mkdirSync(directory, { mode: 0o700 });
    for (const name of ['ballast', 'credentials.env.new', 'identities.yaml.new']) {
      symlinkSync(victim, join(directory, name));
    }
    await (await startServer(['dev'], { CSMS_DATA: directory })).stop();
    expect(readFileSync(victim, 'utf8')).toBe('precious\n');
  });

  it.each(['csms.db', 'instance.lock'])('%s', async (name) => {
    const directory = join(createScratch(), 'data');
    const victim = join(directory, '..', 'victim');
    mkdirSync(directory, { mode: 0o700 });
    symlinkSync(victim, join(directory, name));
    const program = [process.execPath, MAIN, 'dev'];
    const { code, stderr } = await runProgram(program, { CSMS_DATA: directory, CSMS_PORT: '0' });
    expect([code, stderr]).toEqual([78, expect.stringContaining(join(directory, name))]);
    expect(statSync(victim, { throwIfNoEntry: false })).toBeUndefined();
  });
});

describe('two first starts at once', () => {
  it('end with one server, whose credentials work, and one refusal', async () => {
    for (let round = 0; round < 2; round += 1) {
      const directory = join(createScratch(), 'new', 'data');
      const starts = await Promise.allSettled(
        [1, 2].map(() => startServer(['dev'], { CSMS_DATA: directory })),
      );
      const up = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
      const refused = starts.flatMap((start) => (start.status === 'rejected' ? [String(start.reason)] : []));
      expect(refused).toEqual([expect.stringMatching(/ended with 69: .*in use by another process/)]);
      const [server] = up;
      await createSecret(createClient(devAccount(directory, server!.baseUrl)), 'first');
      const identities = readFileSync(join(directory, 'identities.yaml'), 'utf8');
      expect(identities).toContain(readCredentials(directory).HUAWEICLOUD_SDK_SK);
      server!.process.kill('SIGKILL');
      await until(() => server!.process.signalCode !== null);
    }
  });
});
