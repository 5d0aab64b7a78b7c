import { beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '../e2e/process.ts';
import { becomes, docker, evaluate, inspect, output, start } from './engine.ts';

const { DOCKER_CONFIG } = process.env;

describe('docker run -p 4280:4280 csms-server:dev', () => {
  let id = '';
  beforeAll(async () => {
    id = await start(['--publish=127.0.0.1:4280:4280', 'csms-server:dev']);
    await becomes(id, 'healthy');
  });

  it('does not claim to know where it can be reached', async () => {
    const said = await output(['logs', id]);
    expect(said).toContain(
      'endpoint     where port 4280 of this container is published, which is not known in here;',
    );
    expect(said).toContain('csms-server listening on port 4280 of this container');
    expect(said).not.toContain('npx');
  });

  it('prints lines that work outside, as they are', async () => {
    const said = await output(['logs', id]);
    const lines = said.split('\n').filter((line) => /^(?:CSMS_|TOKEN|SECRETS|curl| {2}-d|docker)/.test(line));
    expect(lines).toHaveLength(8);
    const script = `${lines.join('\n')}\n`;
    const { code, stdout, stderr } = await runProgram(['sh', '-e'], { DOCKER_CONFIG }, script);
    expect(code, stderr).toBe(0);
    const answers = stdout.trim().split('\n');
    const name = /"name":"(demo-\w+)"/.exec(said)?.[1];
    const secret = expect.objectContaining({ name });
    expect(answers.map((line) => JSON.parse(line) as unknown)).toEqual([
      { secret },
      { version: expect.objectContaining({ secret_string: 'correct horse' }) },
      expect.objectContaining({ secrets: [secret] }),
      expect.objectContaining({ secrets: [secret] }),
    ]);
  });

  it('hands out its credentials', async () => {
    const line = /credentials {2}(docker cp .*) \.$/m.exec(await output(['logs', id]))?.[1];
    const { stdout } = await runProgram(['sh', '-c', `${line} - | tar -xO`], { DOCKER_CONFIG });
    expect(stdout).toContain('\nCSMS_ENDPOINT=http://127.0.0.1:4280\n');
  });

  it('is told to be ill once nothing can be read', async () => {
    await evaluate(
      id,
      'for (const f of fs.readdirSync("/data")) if (/^csms\\.db/.test(f)) fs.rmSync("/data/" + f)',
    );
    await becomes(id, 'unhealthy');
    expect(await inspect(id, '.State.Running')).toBe(true);
  });
});

describe('docker stop', () => {
  it('ends it by itself, with 0', async () => {
    const id = await start(['csms-server:dev']);
    await becomes(id, 'healthy');
    // Far beyond its own ten seconds: it would be killed then, with 137.
    await output(['stop', '--time=60', id]);
    expect(await inspect(id, '.State.ExitCode')).toBe(0);
  });

  it('ends a start, too, though the first process of a container gets no signal that it does not wait for', async () => {
    // What is said of the cache is printed while the program is loaded, long before it listens.
    const id = await start(['--env=NODE_DEBUG_NATIVE=COMPILE_CACHE', 'csms-server:dev']);
    await expect
      .poll(async () => (await docker(['logs', id])).stderr, { interval: 5, timeout: 60_000 })
      .toContain('main.cjs');
    await output(['stop', '--time=60', id]);
    // 0 where it has come to listen by then. Killed after the minute, it would be 137.
    expect([0, 143]).toContain(await inspect(id, '.State.ExitCode'));
  });
});

describe('the default of the image', () => {
  it('is serve, which says what is missing', async () => {
    const { code, stderr } = await docker(['run', '--rm', 'csms-server']);
    expect([code, stderr]).toEqual([78, expect.stringMatching(/^csms-server: .*CSMS_ROOT_KEY.*\n$/)]);
  });
});
