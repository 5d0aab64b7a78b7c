import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { verifyPassword } from '../../src/auth/logins/password.ts';
import { runCommandLine } from '../../src/cli/command-line.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { exitCodeOf } from '../../src/cli/exit-codes.ts';
import { SETTINGS } from '../../src/config/settings.ts';
import { OPERATIONS } from '../../src/core/operations.ts';
import { hasProgram, MAIN, ROOT, run, runProgram, until } from './process.ts';

const VARIABLES = { HUAWEICLOUD_SDK_AK: 'a', HUAWEICLOUD_SDK_SK: 'b' };

describe('a command line that cannot be understood ends with 64 and says why:', () => {
  it.each<[string, string[], string]>([
    ['an unknown command', ['frobnicate'], 'frobnicate'],
    ['an unknown flag', ['dev', '--colour', 'red'], '--colour'],
    ['a flag without its value', ['dev', '--port'], '--port'],
    ['a flag given twice', ['dev', '--port', '1', '--port', '2'], '--port'],
    ['a call without a path', ['call', 'GET'], 'PATH'],
    ['a call with too much', ['call', 'GET', '/a', '/b'], '/b'],
    ['a method that is none', ['call', 'G E T', '/a'], 'METHOD'],
    ['an unknown word for identity', ['identity', 'list'], 'add-user'],
    ['an identity command without a name', ['identity', 'add-key'], 'add-key USER'],
    ['an unknown word for policy', ['policy', 'list'], 'explain'],
    ['an explanation for nobody', ['policy', 'explain', '--action', 'csms::listTasks'], '--user'],
    ['a suggestion of another version', ['policy', 'suggest', '-', '--version', '2'], '5.0 or 1.1'],
    ['two directories for init', ['init', 'a', 'b'], 'init'],
    ['a command after dev', ['dev', 'serve'], 'serve'],
    ['a file for serve', ['serve', 'csms.env'], 'csms.env'],
    ['a directory for verify', ['verify', '.csms'], '.csms'],
    ['an unknown word for world', ['world', 'clone'], 'fork'],
    ['a world without its name', ['world', 'delete'], 'name'],
    ['a world for list', ['world', 'list', 'w1'], 'w1'],
    ['a ttl for a world that is there', ['world', 'show', 'w1', '--ttl', '1h'], '--ttl'],
    ['an unknown word for clock', ['clock', 'stop'], 'freeze'],
    ['too much for clock', ['clock', 'show', '30d'], 'show'],
    ['too much for the clock of the machine', ['clock', 'accept', 'now'], 'accept'],
    ['a clock without a time', ['clock', 'advance'], 'time'],
    ['an unknown word for seed', ['seed', 'plant'], 'apply'],
    ['a seed without a file', ['seed', 'apply'], 'FILE'],
    ['too much for seed', ['seed', 'export', 'seed.yaml'], 'FILE'],
    ['a diff with one server', ['diff', 'calls.yaml', 'http://127.0.0.1:4280'], 'two addresses'],
    ['a control token as a flag', ['world', 'list', '--control-token', 'hush'], 'CSMS_CONTROL_TOKEN'],
    ['too much for token', ['token', 'admin'], 'admin'],
    ['too much for openapi', ['openapi', 'openapi.yaml'], 'openapi.yaml'],
    ['a call without anything', ['call'], "call GET '/v1/{project_id}/secrets'"],
    ['a secret key as a flag', ['dev', '--dev-sk', 'hush'], 'CSMS_DEV_SK'],
    ['a password as a flag', ['dev', '--dev-password=hush'], 'CSMS_DEV_PASSWORD'],
    ['a body in a file that is not there', ['call', 'POST', '/a', '-d', '@/none'], '/none'],
  ])('%s', async (_, args, named) => {
    const failure = await runCommandLine(args, VARIABLES).then(
      () => expect.unreachable(),
      (error: Error) => error,
    );
    expect(failure.message).toContain(named);
    expect(failure.message).not.toContain('hush');
    expect(exitCodeOf(failure)).toBe(64);
  });

  it('a process, with one line', async () => {
    const { code, stdout, stderr } = await run(['frobnicate']);
    expect([code, stdout]).toEqual([64, '']);
    expect(stderr).toMatch(/^csms-server: [^\n]*frobnicate[^\n]*\n$/);
  });

  it('no command, with the help', async () => {
    const { code, stdout } = await run([]);
    expect(code).toBe(64);
    for (const command of COMMANDS.keys()) expect(stdout).toContain(`\n  ${command}`);
  });
});

describe('what is asked for ends with 0:', () => {
  /** What a command prints, in this process; it must end with 0. */
  async function printed(...args: string[]): Promise<string> {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      expect(await runCommandLine(args, {})).toBe(0);
      return write.mock.calls.join('');
    } finally {
      write.mockRestore();
    }
  }

  it('--help, of the program and of every command', async () => {
    const names =
      'dev serve init call sign token hash-password identity policy verify clock world seed diff openapi'.split(
        ' ',
      );
    expect([...COMMANDS.keys()].sort()).toEqual(names.sort());
    const help = await printed('--help');
    for (const name of names) {
      expect(help).toContain(`\n  ${name}`);
      expect(await printed(name, '--help')).toMatch(new RegExp(`^Usage: csms-server ${name}`));
    }
  });

  it.each([
    ['dev', () => true],
    ['serve', (name: string) => !/^CSMS_(?:DEV_|SEED|CONTROL_|POLICY_LEARN|WORLDS)/.test(name)],
  ])('%s --help names every variable that is its own, a line each', async (command, own) => {
    const lines = (await printed(command, '--help')).split('\n');
    const named = lines.flatMap((line) => /^ {2}(CSMS_\w+) +\S.*\)$/.exec(line)?.[1] ?? []);
    expect(named).toEqual(SETTINGS.map(({ name }) => name).filter(own));
  });

  it('hash-password, for a password on stdin', async () => {
    const { code, stdout } = await run(['hash-password'], {}, 'correct horse\n');
    expect(code).toBe(0);
    expect(await verifyPassword(stdout.trim(), 'correct horse')).toBe(true);
  });

  it.runIf(hasProgram('script'))(
    'hash-password, on a terminal, which does not show what is typed',
    async () => {
      const command = `"${process.execPath}" ${MAIN} hash-password`;
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
    const script = `{ sleep 0.2; "${process.execPath}" ${MAIN} ${command}; echo "code $?" >&2; } | true`;
    const { stderr } = await runProgram(['sh', '-c', script]);
    expect(stderr).toBe('code 0\n');
  });

  it.runIf(existsSync('/dev/full'))('openapi ends with 74 when what it prints is lost', async () => {
    const script = `"${process.execPath}" ${MAIN} openapi >/dev/full`;
    const { code, stderr } = await runProgram(['sh', '-c', script]);
    expect([code, stderr]).toEqual([74, 'csms-server: ENOSPC: no space left on device, write\n']);
  });

  it('--version, and openapi with every operation', async () => {
    expect(await printed('--version')).toMatch(/^csms-server \d+\.\d+\.\d+\n$/);
    const document = await printed('openapi');
    for (const operation of Object.keys(OPERATIONS)) expect(document).toContain(operation);
  });

  it('npx csms-server', async () => {
    const { code, stdout } = await runProgram(['npx', 'csms-server', '--version']);
    expect([code, stdout.slice(0, 12)]).toEqual([0, 'csms-server ']);
  });
});
