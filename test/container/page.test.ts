import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ROOT, runProgram, shareScratch } from '../e2e/process.ts';
import { becomes, docker, output } from './engine.ts';

/** The blocks of the page that are marked as tests, by name, and what they print. */
const blocks = new Map(
  [
    ...readFileSync(join(ROOT, 'docs/container.md'), 'utf8').matchAll(
      /<!-- test: ([\w.-]+)(?:, prints (.*?))? -->\n```sh\n(.*?)\n```/gs,
    ),
  ].map(([, name = '', printed = '', code = '']) => [name, { code, printed }]),
);

describe('docs/container.md', () => {
  const directory = shareScratch();
  cpSync(join(ROOT, 'compose.yaml'), join(directory, 'compose.yaml'));
  const { DOCKER_CONFIG } = process.env;
  const shell = (code: string) =>
    runProgram(['sh', '-eu', '-c', `cd ${directory}\n${code}`], { DOCKER_CONFIG });
  const remaining = new Set(blocks.keys());
  /** Runs the block as it stands. */
  const block = async (name: string) => {
    remaining.delete(name);
    const { code = 'false', printed = '' } = blocks.get(name) ?? {};
    const ended = await shell(code);
    expect(ended.code, `${name}: ${ended.stderr}`).toBe(0);
    expect(ended.stdout).toContain(printed);
    return ended;
  };
  afterAll(async () => {
    await docker(['rm', '--force', '--volumes', 'csms']);
    await shell('docker compose down --volumes');
  });

  it('runs dev', async () => {
    await block('dev.sh');
    await becomes('csms', 'healthy');
    await block('dev-use.sh');
    await output(['rm', '--force', '--volumes', 'csms']);
  });

  it('brings up dev with credentials for CI', async () => {
    await block('compose-dev.sh');
    expect((await shell('docker compose logs dev')).stdout).toContain('CIACCESSKEY');
  });

  it('brings up serve, and gives it another certificate', async () => {
    await block('compose-serve.sh');
    await block('serve-use.sh');
    const made = await shell(
      `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 -subj /CN=mine \\
        -addext subjectAltName=DNS:localhost -keyout my.key -out my.crt`,
    );
    expect(made.code, made.stderr).toBe(0);
    await block('certificate.sh');
    await expect
      .poll(async () => (await shell('curl -fsS --cacert my.crt https://localhost:4281/readyz')).stdout, {
        timeout: 60_000,
      })
      .toContain('"status":"ok"');
  });

  it('lists what the image consists of', async () => {
    const { stdout } = await block('sbom.sh');
    expect(JSON.parse(stdout)).toHaveProperty('components');
  });

  it('has no other block that claims to be tested', () => {
    expect([...remaining]).toEqual([]);
  });
});
