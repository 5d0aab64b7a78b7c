import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';

/**
 * Makes `dist/`, which packages and images hold in place of the sources: the program and each further thread as one minified
 * CommonJS file, and what they read while they run. better-sqlite3 stays outside: its binary is one platform's. Beside
 * them, for packages alone, is `csms-server/testing` with its types.
 * @see docs/adr/0050-built-program.md, docs/adr/0064-csms-server-testing.md
 */
const ROOT = dirname(import.meta.dirname);
const DIST = join(ROOT, 'dist');

const SHARED: BuildOptions = {
  absWorkingDir: ROOT,
  outdir: DIST,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node22.18',
  // What asks for its own place finds another one here: see built-resources.ts.
  logOverride: { 'empty-import-meta': 'error' },
  legalComments: 'none',
  plugins: [
    {
      name: 'built resources',
      setup: ({ onResolve }) =>
        onResolve({ filter: /\/std\/resources\.ts$/ }, () => ({
          path: join(import.meta.dirname, 'built-resources.ts'),
        })),
    },
  ],
};

rmSync(DIST, { recursive: true, force: true });
const { metafile } = await build({
  ...SHARED,
  entryPoints: { main: 'src/main.ts', writer: 'src/compose/writer.ts', loader: 'src/compose/loader.ts' },
  minify: true,
  // The log tells errors by the names of their classes.
  keepNames: true,
  // For whoever reads a stack trace; the program does not look for it, and packages do not hold it.
  sourcemap: 'external',
  metafile: true,
  external: ['better-sqlite3'],
});
// Read by those who debug their tests, and small anyway.
await build({
  ...SHARED,
  entryPoints: { testing: 'src/testing/testing.ts', 'temporary-server': 'src/testing/temporary-server.ts' },
});
declareTypes();
copy('migrations/sqlite/*.sql', 'migrations');
copy('src/function-templates/*.js', 'function-templates');
copy('openapi.yaml', '.');
writeFileSync(join(DIST, 'THIRD-PARTY-LICENSES'), licences(Object.keys(metafile.inputs)));

function copy(pattern: string, folder: string): void {
  for (const file of globSync(pattern, { cwd: ROOT })) {
    cpSync(join(ROOT, file), join(DIST, folder, basename(file)));
  }
}

/** Writes the types of `csms-server/testing` for a CommonJS file, which importers of every kind can have. */
function declareTypes(): void {
  const folder = join(DIST, 'testing');
  const declared = join(DIST, 'declared');
  const options =
    '--ignoreConfig --declaration --emitDeclarationOnly --allowImportingTsExtensions --strict --types node';
  execFileSync(
    process.execPath,
    [
      join(ROOT, 'node_modules/typescript/bin/tsc'),
      ...`${options} --module nodenext --target es2024 --rootDir src`.split(' '),
      ...['--outDir', declared, 'src/testing/testing.ts'],
    ],
    { cwd: ROOT, stdio: ['ignore', 2, 2] },
  );
  mkdirSync(folder);
  for (const name of ['testing', 'types', 'csms-error']) {
    const text = readFileSync(join(declared, 'testing', `${name}.d.ts`), 'utf8');
    writeFileSync(join(folder, `${name}.d.cts`), text.replaceAll(/(from '\.\/[\w-]+)\.ts'/g, "$1.cjs'"));
  }
  rmSync(declared, { recursive: true });
}

/** Names, versions and licences of the packages that these files are from. Throws for a package that has none. */
function licences(files: readonly string[]): string {
  const folders = files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []);
  return [...new Set(folders)]
    .sort()
    .map(licenceOf)
    .join(`\n${'-'.repeat(80)}\n\n`);
}

function licenceOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
  const file = readdirSync(join(ROOT, folder)).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined && license === undefined) throw new Error(`${folder} has no licence`);
  const text = file === undefined ? '' : `\n${readFileSync(join(ROOT, folder, file), 'utf8').trim()}\n`;
  return `${name} ${version}, ${license}\n${text}`;
}
