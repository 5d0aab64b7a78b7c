import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Ended,
  ROOT,
  type RunningServer,
  readCredentials,
  runProgram,
  shareScratch,
  startServer,
} from '../e2e/process.ts';
import { STARTING_EXAMPLE, TYPED_EXAMPLE } from './example.ts';
import { PLANTED_TEXT } from './planted.ts';

const { E2E_TARBALL: tarball = '', E2E_PACKAGE: installed = '' } = process.env;
const OLDEST = '22.18.0';
const TOO_OLD = '20.20.2';

/** npm's settings for this machine, which it looks for beside the Node that runs it; not those of the npm that runs the tests. */
const NPM_CONFIG_GLOBALCONFIG = execFileSync('npm', ['config', 'get', 'globalconfig'], {
  encoding: 'utf8',
}).trim();
const INHERITED = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(?:npm_|NODE_|CSMS_)/.test(name)),
);

/** The folder of a Node of this version, from the package that has it for this platform. */
function nodeFolder(version: string, folder: string): string {
  mkdirSync(folder);
  const name = `node-${process.platform}-${process.arch}`;
  execFileSync('npm', ['install', '--silent', '--ignore-scripts', `${name}@${version}`], { cwd: folder });
  return join(folder, 'node_modules', name, 'bin');
}

/** An empty folder of a person who has this Node. */
function createFolder(scratch: string, node: string) {
  const folder = join(scratch, 'folder');
  mkdirSync(folder);
  const env = { ...INHERITED, NPM_CONFIG_GLOBALCONFIG, PATH: [node, process.env.PATH].join(delimiter) };
  const within = (command: string) => ['sh', '-c', `cd '${folder}' && ${command}`];
  return {
    folder,
    run: (command: string): Promise<Ended> => runProgram(within(command), env),
    start: (command: string) => startServer([], env, within(command)),
  };
}

/** npx ends at once when it gets a signal; the server notices, and ends too. */
async function endNpx(server: RunningServer): Promise<void> {
  await server.stop();
  const isUp = () =>
    fetch(`${server.baseUrl}/healthz`).then(
      () => true,
      () => false,
    );
  await expect.poll(isUp, { timeout: 60_000 }).toBe(false);
}

describe('the package', () => {
  const files = readdirSync(installed, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

  it('holds what was built, the launcher and what npm always adds, and nothing that is lying about', () => {
    const names = files.map((file) => file.slice(installed.length + 1));
    const migrations = readdirSync(join(ROOT, 'migrations/sqlite')).map((name) => `dist/migrations/${name}`);
    const parts = readdirSync(join(ROOT, 'src/function-templates')).filter((name) => name.endsWith('.js'));
    expect(names.toSorted()).toEqual(
      [
        ...['LICENSE', 'README.md', 'package.json', 'src/launch.js'],
        ...['main.cjs', 'writer.cjs', 'loader.cjs', 'openapi.yaml', 'THIRD-PARTY-LICENSES'].map(
          (name) => `dist/${name}`,
        ),
        ...['testing.cjs', 'temporary-server.cjs'].map((name) => `dist/${name}`),
        ...['testing', 'types', 'csms-error'].map((name) => `dist/testing/${name}.d.cts`),
        ...migrations,
        ...parts.map((name) => `dist/function-templates/${name}`),
      ].toSorted(),
    );
  });

  it('has no private text in any file', () => {
    expect(files.filter((file) => readFileSync(file).includes(PLANTED_TEXT))).toEqual([]);
  });

  it('names every package that is in the bundles, with its licence', () => {
    const licences = readFileSync(join(installed, 'dist/THIRD-PARTY-LICENSES'), 'utf8');
    const names = [...licences.matchAll(/^(\S+) [\d.]+, [\w-]+\n\n/gm)].map(([, name]) => name);
    expect(names).toEqual(expect.arrayContaining(['@sinclair/typebox', 'ajv', 'fastify', 'pino', 'yaml']));
  });

  it('lets nobody import what is no promise', () => {
    const load = (name: string) =>
      execFileSync(process.execPath, ['-p', `require.resolve('csms-server${name}')`], {
        cwd: join(installed, '../..'),
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    expect(String(load('/openapi.yaml'))).toContain('openapi.yaml');
    for (const name of ['', '/dist/main.cjs', '/src/launch.js']) expect(() => load(name)).toThrow();
  });
});

describe.each([
  { name: `Node ${OLDEST}, without install scripts`, version: OLDEST, flags: '--ignore-scripts' },
  { name: `Node ${process.versions.node}`, version: undefined, flags: '' },
])('installed with $name', ({ version, flags }) => {
  const scratch = shareScratch();
  let person: ReturnType<typeof createFolder>;
  beforeAll(() => {
    const node =
      version === undefined ? dirname(process.execPath) : nodeFolder(version, join(scratch, 'node'));
    person = createFolder(scratch, node);
  });

  it('is silent, and starts', async () => {
    const { code, stdout, stderr } = await person.run(
      `npm install --no-audit --no-fund ${flags} '${tarball}'`,
    );
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/added 3 packages/);
    expect(await person.run('npx csms-server --version')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^csms-server \d/),
      stderr: '',
    });
  });

  it('dev, with a call', async () => {
    const server = await person.start('exec npx csms-server dev');
    const { code, stdout } = await person.run("npx csms-server call GET '/v1/{project_id}/secrets'");
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { secrets: [] }]);
    expect(readCredentials(join(person.folder, '.csms')).CSMS_ENDPOINT).toBe(server.baseUrl);
    await endNpx(server);
  });

  it.each([
    [
      'imported',
      'mjs',
      "import * as testing from 'csms-server/testing';\nimport { startCsms } from 'csms-server/testing';",
    ],
    ['required', 'cjs', "const testing = require('csms-server/testing');\nconst { startCsms } = testing;"],
  ])('csms-server/testing, %s', async (_, ending, load) => {
    const program = `${load}\n${STARTING_EXAMPLE}\nexample({ ...testing, startCsms });\n`;
    writeFileSync(join(person.folder, `example.${ending}`), program);
    const { code, stdout, stderr } = await person.run(`node example.${ending}`);
    expect([code, stdout, stderr]).toEqual([0, 'string true not-found\n', '']);
  });

  it('serve', async () => {
    expect(await person.run('npx csms-server init')).toMatchObject({ code: 0 });
    const server = await person.start(
      'set -a; . csms-config/csms.env; CSMS_PORT=0 exec npx csms-server serve',
    );
    expect((await fetch(`${server.baseUrl}/readyz`)).status).toBe(200);
    await endNpx(server);
  });
});

describe('the types of csms-server/testing', () => {
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const strict = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2022'];

  it.each([
    ['an ES module', 'mts', ['--module', 'nodenext']],
    ['a CommonJS module', 'cts', ['--module', 'nodenext']],
    ['a bundler', 'ts', ['--module', 'esnext', '--moduleResolution', 'bundler']],
  ])('fit the example in %s, without those of Node, and find its mistakes', async (_, ending, options) => {
    const folder = dirname(dirname(installed));
    const name = `typed.${ending}`;
    writeFileSync(join(folder, name), TYPED_EXAMPLE);
    const libraries = ['--lib', 'es2022', '--types', ''];
    const args = [compiler, '--ignoreConfig', ...strict, ...options, ...libraries, name];
    const { code, stdout } = await runProgram([
      'sh',
      '-c',
      `cd '${folder}' && exec "$@"`,
      'sh',
      process.execPath,
      ...args,
    ]);
    expect([code, stdout]).toEqual([0, '']);
  });
});

it(`says in one line that Node ${TOO_OLD} is too old`, async () => {
  const scratch = shareScratch();
  const person = createFolder(scratch, nodeFolder(TOO_OLD, join(scratch, 'node')));
  const { code, stderr } = await person.run(`'${dirname(installed)}/.bin/csms-server' dev`);
  expect(code).toBe(69);
  expect(stderr).toBe(
    'csms-server cannot run: it needs Node 22.18 or newer, and this is 20.20.2. Install one.\n',
  );
});
