import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { verifyPassword } from '../../src/auth/logins/password.ts';
import { SETTINGS } from '../../src/config/settings.ts';
import { hasProgram, ROOT, run, runProgram, until } from './process.ts';

describe('a command line that cannot be understood ends with 64 and says why:', () => {
  it.each<[string, string[], string]>([
    ['no command', [], 'COMMAND'],
    ['an unknown command', ['frobnicate'], 'frobnicate'],
    ['an unknown flag', ['dev', '--colour', 'red'], '--colour'],
    ['a flag without its value', ['dev', '--port'], '--port'],
    ['a flag given twice', ['dev', '--port', '1', '--port', '2'], '--port'],
    ['a call without a path', ['call', 'GET'], 'PATH'],
    ['a call with too much', ['call', 'GET', '/a', '/b'], '/b'],
    ['a method that is none', ['call', 'G E T', '/a'], 'METHOD'],
    ['two directories for init', ['init', 'a', 'b'], 'init'],
    ['a command after dev', ['dev', 'serve'], 'serve'],
    ['a file for serve', ['serve', 'csms.env'], 'csms.env'],
    ['a directory for verify', ['verify', '.csms'], '.csms'],
    ['too much for token', ['token', 'admin'], 'admin'],
    ['too much for openapi', ['openapi', 'openapi.yaml'], 'openapi.yaml'],
    ['a call without anything', ['call'], "call GET '/v1/{project_id}/secrets'"],
    ['a secret key as a flag', ['dev', '--dev-sk', 'hush'], 'CSMS_DEV_SK'],
    ['a password as a flag', ['dev', '--dev-password=hush'], 'CSMS_DEV_PASSWORD'],
    ['a body in a file that is not there', ['call', 'POST', '/a', '-d', '@/none'], '/none'],
  ])('%s', async (_, args, named) => {
    const { code, stdout, stderr } = await run(args, { HUAWEICLOUD_SDK_AK: 'a', HUAWEICLOUD_SDK_SK: 'b' });
    expect(code).toBe(64);
    expect(stdout + stderr).toContain(named);
    expect(stdout + stderr).not.toContain('hush');
  });
});

describe('what is asked for ends with 0:', () => {
  const COMMANDS = [
    'dev',
    'serve',
    'init',
    'call',
    'sign',
    'token',
    'hash-password',
    'verify',
    'clock',
    'openapi',
  ];

  it('--help names every command', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(stdout).toContain(`\n  ${command}`);
  });

  it.each(COMMANDS)('%s --help', async (command) => {
    const { code, stdout } = await run([command, '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Usage: csms-server ${command}`));
  });

  it('dev --help and serve --help name every variable that is theirs, a line each', async () => {
    for (const [command, own] of [
      ['dev', () => true],
      ['serve', (name: string) => !name.startsWith('CSMS_DEV_')],
    ] as const) {
      const { stdout } = await run([command, '--help']);
      const named = stdout.split('\n').flatMap((line) => /^ {2}(CSMS_\w+) +\S.*\)$/.exec(line)?.[1] ?? []);
      expect(named).toEqual(SETTINGS.map(({ name }) => name).filter(own));
    }
  });

  it('hash-password, for a password on stdin', async () => {
    const { code, stdout } = await run(['hash-password'], {}, 'correct horse\n');
    expect(code).toBe(0);
    expect(await verifyPassword(stdout.trim(), 'correct horse')).toBe(true);
  });

  it.runIf(hasProgram('script'))(
    'hash-password, on a terminal, which does not show what is typed',
    async () => {
      const command = `"${process.execPath}" src/main.ts hash-password`;
      const child = spawn('script', ['-qec', command, '/dev/null'], {
        cwd: ROOT,
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      let shown = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        shown += text;
      });
      for (const question of ['Password', 'again']) {
        await until(
          () => shown.includes(question),
          () => shown,
        );
        child.stdin.write('correct horse\r');
      }
      expect(await once(child, 'exit')).toEqual([0, null]);
      expect(shown).not.toContain('correct horse');
      const hash = /\$scrypt\$\S+/.exec(shown)?.[0] ?? '';
      expect(await verifyPassword(hash, 'correct horse')).toBe(true);
    },
  );

  it.each([['openapi'], ['--help']])('%s ends well when nobody reads what it prints', async (command) => {
    const script = `{ sleep 0.2; "${process.execPath}" src/main.ts ${command}; echo "code $?" >&2; } | true`;
    const { stderr } = await runProgram(['sh', '-c', script]);
    expect(stderr).toBe('code 0\n');
  });

  it.runIf(existsSync('/dev/full'))('openapi ends with 74 when what it prints is lost', async () => {
    const script = `"${process.execPath}" src/main.ts openapi >/dev/full`;
    const { code, stderr } = await runProgram(['sh', '-c', script]);
    expect([code, stderr]).toEqual([74, 'csms-server: ENOSPC: no space left on device, write\n']);
  });

  it('--version', async () => {
    const { code, stdout } = await run(['--version']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^csms-server \d+\.\d+\.\d+\n$/);
  });

  it('openapi prints a document of every operation', async () => {
    const { code, stdout } = await run(['openapi']);
    expect(code).toBe(0);
    for (const operation of ['CreateSecret', 'UpdateSecretStage', 'RestoreSecret'])
      expect(stdout).toContain(operation);
  });

  it('npx csms-server', async () => {
    const { code, stdout } = await runProgram(['npx', 'csms-server', '--version']);
    expect([code, stdout.slice(0, 12)]).toEqual([0, 'csms-server ']);
  });
});
