import { describe, expect, it } from 'vitest';
import { run, runProgram } from './process.ts';

describe('a command line that cannot be understood ends with 64 and says why:', () => {
  it.each<[string, string[], string]>([
    ['no command', [], 'COMMAND'],
    ['an unknown command', ['frobnicate'], 'frobnicate'],
    ['an unknown flag', ['dev', '--colour', 'red'], '--colour'],
    ['a flag without its value', ['dev', '--port'], '--port'],
    ['a flag given twice', ['dev', '--port', '1', '--port', '2'], '--port'],
    ['a call without a path', ['call', 'GET'], 'path'],
    ['a call with too much', ['call', 'GET', '/a', '/b'], 'path'],
    ['a method that is none', ['call', 'G E T', '/a'], 'method'],
    ['two directories for init', ['init', 'a', 'b'], 'init'],
  ])('%s', async (_, args, named) => {
    const { code, stdout, stderr } = await run(args, { HUAWEICLOUD_SDK_AK: 'a', HUAWEICLOUD_SDK_SK: 'b' });
    expect(code).toBe(64);
    expect(stdout + stderr).toContain(named);
  });
});

describe('what is asked for ends with 0:', () => {
  const COMMANDS = ['dev', 'serve', 'init', 'call', 'sign', 'verify', 'openapi'];

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
