import { describe, expect, it } from 'vitest';
import { hasProgram, runProgram, shareDev } from './process.ts';

const CAN_PASTE = hasProgram('curl') && hasProgram('npx');

describe('what dev prints to be pasted', () => {
  const dev = shareDev();
  const commands = () =>
    dev.server
      .stdout()
      .split('\n')
      .filter((line) => line.startsWith('curl ') || line.startsWith('npx csms-server '));

  it('is three curl lines and one call', () => {
    expect(commands().map((line) => line.split(' ')[0])).toEqual(['curl', 'curl', 'curl', 'npx']);
  });

  it.runIf(CAN_PASTE)('works line by line, as printed', async () => {
    const answers: unknown[] = [];
    for (const line of commands()) {
      const { code, stdout, stderr } = await runProgram(['sh', '-c', line], { CSMS_DATA: dev.directory });
      expect(code, `${line}\n${stderr}`).toBe(0);
      answers.push(JSON.parse(stdout));
    }
    const name = /"name":"(demo-\w+)"/.exec(dev.server.stdout())?.[1];
    const secret = expect.objectContaining({ name });
    expect(answers).toEqual([
      { secret },
      { version: expect.objectContaining({ secret_string: 'correct horse' }) },
      expect.objectContaining({ secrets: [secret] }),
      expect.objectContaining({ secrets: [secret] }),
    ]);
  });
});

describe('the same, pasted into one shell', () => {
  const dev = shareDev();

  it.runIf(CAN_PASTE)('works in order', async () => {
    const lines = dev.server.stdout().split('\n');
    const pasted = lines.filter((line) => line.startsWith('curl ') || line.startsWith('npx ')).join('\n');
    const { code, stdout } = await runProgram(['sh', '-e'], { CSMS_DATA: dev.directory }, `${pasted}\n`);
    expect(code).toBe(0);
    expect(stdout).not.toContain('error_code');
    expect(stdout.match(/"name":"demo-/g)).toHaveLength(3);
  });
});
