import { describe, expect, it } from 'vitest';
import { createScratch, hasProgram, LAUNCHER, runProgram, shareDev, startDev } from './process.ts';

const CAN_PASTE = hasProgram('curl');
const COLUMNS = 100;

/** The lines that are there to be pasted. */
function pastedLines(stdout: string): string[] {
  return stdout.split('\n').filter((line) => /^(?:set|TOKEN|SECRETS|curl| {2}-d|node)\b/.test(line));
}

describe('what dev prints to be pasted', () => {
  const dev = shareDev();

  it('fits a terminal', () => {
    const long = dev.server
      .stdout()
      .replaceAll(LAUNCHER, 'src/launch.js')
      .split('\n')
      .filter((line) => line.length > COLUMNS);
    expect(long).toEqual([]);
  });

  it('starts no program that could come from elsewhere', () => {
    expect(dev.server.stdout()).not.toContain('npx');
  });

  it.runIf(CAN_PASTE)('works in one shell, as printed', async () => {
    const lines = pastedLines(dev.server.stdout());
    expect(lines.map((line) => line.split(/[ =]/)[0])).toEqual([
      'set',
      'TOKEN',
      'SECRETS',
      'curl',
      '',
      'curl',
      'curl',
      'node',
    ]);
    // Through a pipe: a shell that is pasted into reads one line after the other.
    const { code, stdout, stderr } = await runProgram(['sh', '-e'], {}, `${lines.join('\n')}\n`);
    expect(code, stderr).toBe(0);
    const answers = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
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

describe('what dev prints in a container', () => {
  const PUBLIC = 'https://secrets.example';

  it('is for outside, where its port may be published anywhere', async () => {
    const server = await startDev(createScratch(), { container: 'oci' });
    const said = server.stdout();
    expect(said).toMatch(
      /^ {2}endpoint {5}where port \d+ of this container is published, which is not known in here;$/m,
    );
    expect(said).toMatch(/^csms-server listening on port \d+ of this container$/m);
    expect(said).toMatch(/^TOKEN=\$\(docker exec \S+ csms-server token\)$/m);
    expect(said.split('\n').filter((line) => line.length > COLUMNS)).toEqual([]);
  });

  it('names the address that it is told', async () => {
    const server = await startDev(createScratch(), { container: 'oci', CSMS_PUBLIC_URL: PUBLIC });
    expect(server.stdout()).toContain(`  endpoint     ${PUBLIC}\n`);
    expect(server.stdout()).toContain(`\nCSMS_ENDPOINT=${PUBLIC}\n`);
  });
});
