import { cpSync, globSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';

/**
 * Makes `dist/`, which packages and images hold in place of the sources: the program and each further thread as one minified
 * CommonJS file, and what they read while they run. better-sqlite3 stays outside: its binary is one platform's.
 * @see docs/adr/0050-built-program.md
 */
const ROOT = dirname(import.meta.dirname);
const DIST = join(ROOT, 'dist');

rmSync(DIST, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: ROOT,
  entryPoints: { main: 'src/main.ts', writer: 'src/compose/writer.ts', loader: 'src/compose/loader.ts' },
  outdir: DIST,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node22.18',
  minify: true,
  // The log tells errors by the names of their classes.
  keepNames: true,
  // For whoever reads a stack trace; the program does not look for it, and packages do not hold it.
  sourcemap: 'external',
  // What asks for its own place finds another one here: see built-resources.ts.
  logOverride: { 'empty-import-meta': 'error' },
  legalComments: 'none',
  metafile: true,
  external: ['better-sqlite3'],
  plugins: [
    {
      name: 'built resources',
      setup: ({ onResolve }) =>
        onResolve({ filter: /\/std\/resources\.ts$/ }, () => ({
          path: join(import.meta.dirname, 'built-resources.ts'),
        })),
    },
  ],
});
copy('migrations/sqlite/*.sql', 'migrations');
copy('src/function-templates/*.js', 'function-templates');
copy('openapi.yaml', '.');
writeFileSync(join(DIST, 'THIRD-PARTY-LICENSES'), licences(Object.keys(metafile.inputs)));

function copy(pattern: string, folder: string): void {
  for (const file of globSync(pattern, { cwd: ROOT })) {
    cpSync(join(ROOT, file), join(DIST, folder, basename(file)));
  }
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
