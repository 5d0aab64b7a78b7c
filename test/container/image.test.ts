import { createReadStream, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createGzip } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { createScratch, runProgram, shareScratch } from '../e2e/process.ts';
import { docker, evaluate, inspect, MANIFEST, output, start } from './engine.ts';

const IMAGES = ['csms-server:latest', 'csms-server:dev'];
const BASE = 'base.test/nodejs24:nonroot';
const MB = 1_000_000;

/** Puts every file of every layer of an image, and its configuration, into a directory. */
async function unpack(image: string, directory: string): Promise<void> {
  await output(['save', '--output', join(directory, 'image.tar'), image]);
  const script = `tar -xf image.tar && rm image.tar
    for layer in */layer.tar; do mkdir "$layer.d" && tar -xf "$layer" -C "$layer.d" --no-same-owner && rm "$layer"; done`;
  const { code, stderr } = await runProgram(['sh', '-ec', `cd ${directory}; ${script}`]);
  if (code !== 0) throw new Error(stderr);
}

describe.each(IMAGES)('the image %s', (image) => {
  const unpacked = shareScratch();
  beforeAll(() => unpack(image, unpacked));

  it('holds nothing that lay about in the checkout, in any layer', async () => {
    const found = await runProgram(['grep', '-rlI', 'PLANTED', unpacked]);
    expect(found.stdout).toBe('');
    // The search would find it.
    expect((await runProgram(['grep', '-rlI', 'THE SOFTWARE IS PROVIDED', unpacked])).stdout).not.toBe('');
    const names = readdirSync(unpacked, { recursive: true, encoding: 'utf8' });
    expect(names.filter((name) => /(?:^|\/)(?:\.env|root\.key|.*\.sk|.*\.map|.*\.ts)$/.test(name))).toEqual(
      [],
    );
  });

  it('does not tell what it was built with', async () => {
    const history = await output(['history', '--no-trunc', '--format', '{{.CreatedBy}}', image]);
    expect(history).not.toMatch(/BEGIN CERTIFICATE|127\.0\.0\.1:4873|PLANTED/);
  });

  it('has no shell and no package manager', async () => {
    const names = readdirSync(unpacked, { recursive: true, encoding: 'utf8' });
    expect(
      names.filter((name) => /bin\/(?:sh|bash|dash|busybox|apt|apt-get|dpkg|npm|npx|yarn)$/.test(name)),
    ).toEqual([]);
    expect((await docker(['run', '--rm', '--entrypoint', '/bin/sh', image, '-c', 'true'])).code).toBe(127);
  });

  it('adds less than 60 MB to its base', async () => {
    const [whole, base] = await Promise.all([
      inspect<number>(image, '.Size'),
      inspect<number>(BASE, '.Size'),
    ]);
    process.stdout.write(
      `${image}: ${(whole / MB).toFixed(1)} MB, ${((whole - base) / MB).toFixed(1)} of it ours\n`,
    );
    expect(whole - base).toBeLessThan(60 * MB);
  });

  it('is run by a number, which Kubernetes can tell from root', async () => {
    expect(await inspect(image, '.Config.User')).toBe('1000:1000');
  });

  it('says what it is', async () => {
    expect(await inspect(image, '.Config.Labels')).toMatchObject({
      'org.opencontainers.image.title': 'csms-server',
      'org.opencontainers.image.version': MANIFEST.version,
      'org.opencontainers.image.licenses': MANIFEST.license,
      'org.opencontainers.image.base.name': BASE,
    });
    expect(await output(['run', '--rm', image, '--version'])).toBe(`csms-server ${MANIFEST.version}`);
  });
});

it('is built from nothing that lay about in the checkout', async () => {
  const search = (words: string) =>
    docker([
      'run',
      '--rm',
      '--network=none',
      '--entrypoint=grep',
      'csms-server:build',
      '-rlI',
      words,
      '/app',
    ]);
  expect((await search('PLANTED')).stdout).toBe('');
  expect((await search('csms-server listening on')).stdout).toContain('/app/src/cli/run-server.ts\n');
});

it('is below 80 MB when it is compressed, as registries keep it', async () => {
  const directory = createScratch();
  const compressed = async (image: string) => {
    const file = join(directory, 'image.tar');
    await output(['save', '--output', file, image]);
    expect(statSync(file).size).toBeGreaterThan(MB);
    let bytes = 0;
    for await (const part of createReadStream(file).pipe(createGzip())) bytes += (part as Buffer).length;
    return bytes;
  };
  const [whole, base] = [await compressed('csms-server:latest'), await compressed(BASE)];
  process.stdout.write(
    `compressed: ${(whole / MB).toFixed(1)} MB, of which the base has ${(base / MB).toFixed(1)}\n`,
  );
  expect(whole).toBeLessThan(80 * MB);
});

describe('a container', () => {
  const HARD = ['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges:true', '--network=none'];
  let id = '';
  beforeAll(async () => {
    id = await start([...HARD, 'csms-server:dev']);
  });

  it('has a user without any privilege', async () => {
    const status = await evaluate(id, 'process.stdout.write(fs.readFileSync("/proc/1/status"))');
    expect(status).toMatch(/^Uid:(?:\t1000){4}$/m);
    expect(status).toMatch(/^Gid:(?:\t1000){4}$/m);
    expect(status).toMatch(/^CapEff:\t0{16}$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
  });

  it('writes into its volume alone', async () => {
    const attempt = (path: string) =>
      evaluate(
        id,
        `try { fs.writeFileSync("${path}", "x"); console.log("written") } catch (e) { console.log(e.code) }`,
      );
    expect(await attempt('/app/x')).toBe('EROFS');
    expect(await attempt('/tmp/x')).toBe('EROFS');
    expect(await attempt('/data/x')).toBe('written');
    expect(await evaluate(id, 'console.log((fs.statSync("/data").mode & 0o777).toString(8))')).toBe('700');
  });

  it('cannot change the program where the root can be written to', async () => {
    const { stdout } = await docker([
      'run',
      '--rm',
      '--entrypoint=/nodejs/bin/node',
      'csms-server',
      '-e',
      `for (const path of fs.readdirSync("/app", { recursive: true }))
        try { fs.accessSync("/app/" + path, fs.constants.W_OK); console.log(path) } catch {}`,
    ]);
    expect(stdout).toBe('');
  });

  it('brings the program to whoever looks into it', async () => {
    expect(await output(['exec', id, 'csms-server', '--version'])).toBe(`csms-server ${MANIFEST.version}`);
  });

  it('compiles nothing that the image could hold', async () => {
    const { stdout, stderr } = await docker([
      'run',
      '--rm',
      '--detach=false',
      '--env=NODE_DEBUG_NATIVE=COMPILE_CACHE',
      '--entrypoint=/nodejs/bin/node',
      'csms-server',
      '--max-semi-space-size=16',
      '/app/src/launch.js',
      'verify',
    ]);
    const said = `${stdout}${stderr}`;
    expect(said).toMatch(/reading cache from .*main\.cjs.*success/);
    expect(said).toContain('main.cjs was accepted');
  });

  it('tells what the program consists of', async () => {
    const sbom = JSON.parse(
      await evaluate(id, 'process.stdout.write(fs.readFileSync("/app/sbom.cdx.json"))'),
    );
    expect(sbom).toMatchObject({ bomFormat: 'CycloneDX', metadata: { component: { name: 'csms-server' } } });
    const names = (sbom.components as { readonly name: string }[]).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['better-sqlite3', 'fastify', 'pino', 'node']));
    expect(names).not.toContain('vitest');
    const licences = await evaluate(
      id,
      'process.stdout.write(fs.readFileSync("/app/dist/THIRD-PARTY-LICENSES"))',
    );
    for (const [, name] of licences.matchAll(/^(\S+) \d\S*, /gm)) expect(names).toContain(name);
  });
});
