import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT, runProgram } from '../e2e/process.ts';
import { becomes, docker, output, start } from './engine.ts';

/** What test/container/run.sh has made: a reader's project with the programs of docs/testing.md, and what they need. */
const {
  SCRATCH,
  TESTING_PAGE = '',
  TESTING_PYTHON = '',
  TESTING_CLASSPATH = '',
  DOCKER_CONFIG,
} = process.env;

const VARIABLES = {
  DOCKER_CONFIG,
  // No registry of images can be reached.
  TESTCONTAINERS_RYUK_DISABLED: 'true',
  // This machine may itself be a container, of another engine.
  TESTCONTAINERS_HOST_OVERRIDE: '127.0.0.1',
  // The SDKs write an application id there.
  HOME: SCRATCH,
  PYTHONDONTWRITEBYTECODE: '1',
};

/** Runs a program in that project. */
const inPage = (program: readonly string[], variables = {}) =>
  runProgram(['sh', '-c', 'cd "$0" && exec "$@"', TESTING_PAGE, ...program], { ...VARIABLES, ...variables });

/** The same for a program that must succeed; returns all that it prints. */
async function within(program: readonly string[], variables = {}): Promise<string> {
  const { code, stdout, stderr } = await inPage(program, variables);
  expect(code, `${stdout}${stderr}`).toBe(0);
  return `${stdout}${stderr}`;
}

const read = (name: string) => readFileSync(join(TESTING_PAGE, name), 'utf8');

describe('Testcontainers reads the seed in the image for tests, from', () => {
  it('Node', async () => {
    expect(await within([process.execPath, '--test', 'containers.test.mjs'])).toContain('pass 1');
  });

  it('Python', async () => {
    const options = ['-q', '-p', 'no:cacheprovider', 'test_containers.py'];
    expect(await within([TESTING_PYTHON, '-m', 'pytest', ...options])).toContain('1 passed');
  });

  it('Java', async () => {
    const path = `classes:${readFileSync(TESTING_CLASSPATH, 'utf8').trim()}`;
    expect(await within(['java', `-Duser.home=${SCRATCH}`, '-cp', path, 'Containers'])).toContain('hunter2');
  });

  it('Go', async () => {
    expect(await within(['./containers.test', '-test.v'])).toContain('--- PASS: TestSeed');
  });

  it('and leaves no container', async () => {
    expect(await output(['ps', '--all', '--quiet', '--filter', 'label=org.testcontainers=true'])).toBe('');
  });
});

describe('compose', () => {
  const own = ['docker', 'compose', '--project-name', 'own', '--file', 'compose.testing.yaml'];
  beforeEach(() => cpSync(join(ROOT, 'compose.yaml'), join(TESTING_PAGE, 'compose.yaml')));
  afterEach(async () => {
    await within(['docker', 'compose', 'down', '--volumes']);
    await within([...own, 'down', '--volumes']);
  });

  it('starts dev of compose.yaml with a seed that the shell names', async () => {
    await within(['sh', '-eu', 'compose-seed.sh']);
    const token = /^CSMS_CONTROL_TOKEN=(.+)$/m.exec(read('credentials.env'))?.[1] ?? '';
    expect(await seedOf(token)).toContain('hunter2');
  });

  it('refuses a seed that is not there, rather than make a folder of its name', async () => {
    const up = ['docker', 'compose', 'up', '--wait', 'dev'];
    const { code, stderr } = await inPage(up, { CSMS_SEED: './absent.yaml' });
    expect([code === 0, stderr]).toEqual([false, expect.stringContaining('absent.yaml')]);
  });

  it('starts the file of the page', async () => {
    await within([...own, 'up', '--wait', 'csms']);
    expect(await seedOf('control-only-for-ci')).toContain('hunter2');
  });

  it('leads the README from a red test to a green one', async () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const blocks = readme.matchAll(/<!-- test: (app\.mjs|busy\.[\w.]+) -->\n```\w+\n(.*?)\n```/gs);
    for (const [, name = '', code = ''] of blocks) writeFileSync(join(TESTING_PAGE, name), `${code}\n`);
    const red = await inPage(['sh', '-eu', 'busy.sh']);
    expect([red.code, red.stdout]).toEqual([1, expect.stringContaining('status 503')]);
    const mended = read('app.mjs').replace('tries = 1', 'tries = 2');
    writeFileSync(join(TESTING_PAGE, 'app.mjs'), mended);
    expect(await within(['sh', '-eu', 'busy.sh'])).toContain('pass 1');
  });
});

/** A service of CI, as the runner starts it, and the step that sends the seed. */
describe.each([
  { runner: 'github', host: '127.0.0.1' },
  { runner: 'gitlab', host: 'csms' },
])('the service of $runner', ({ runner, host }) => {
  let variables: Readonly<Record<string, string>> = {};
  let step = '';
  let container = '';
  beforeAll(async () => {
    const page = parse(read(`${runner}.yaml`));
    const job = runner === 'github' ? page.jobs.test : page.test;
    const service = runner === 'github' ? job.services.csms.env : job.variables;
    variables = { ...service, ...job.env };
    step = runner === 'github' ? job.steps[1].run : job.script[0];
    const environment = Object.entries(service).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
    container = await start([...environment, '--publish=127.0.0.1:4280:4280', 'csms-server:dev']);
    await becomes(container, 'healthy');
  });
  afterAll(() => docker(['rm', '--force', '--volumes', container]));

  it('takes the seed', async () => {
    // The name that the runner gives to the service.
    writeFileSync(join(TESTING_PAGE, '.curlrc'), `resolve = "${host}:4280:127.0.0.1"\nwrite-out = "\\n"\n`);
    const answer = await within(['sh', '-c', step], { ...variables, CURL_HOME: TESTING_PAGE });
    expect(JSON.parse(answer)).toMatchObject({ created: 4, replaced: 0 });
    expect(await seedOf('control-only-for-ci')).toContain('hunter2');
  });
});

/** The main world of the server on port 4280, as a seed. */
async function seedOf(token: string): Promise<string> {
  const response = await fetch('http://127.0.0.1:4280/_csms/worlds/main/seed', {
    headers: { authorization: `Bearer ${token}` },
  });
  return response.text();
}
