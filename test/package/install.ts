import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { PLANTED, PLANTED_TEXT } from './planted.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** What a copy of the repository does without. */
const LEFT = new Set(['node_modules', '.git', '.cache', 'coverage']);

/**
 * Before all tests: makes the package in a copy of the repository in which private files are lying about, and installs it
 * into an empty folder. E2E_TARBALL and E2E_PACKAGE name the two.
 */
export function setup(): () => void {
  const scratch = mkdtempSync(join(tmpdir(), 'csms-package-'));
  const [tree, installation] = [join(scratch, 'tree'), join(scratch, 'installation')];
  cpSync(ROOT, tree, { recursive: true, filter: (path) => !LEFT.has(basename(path)) });
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
  for (const name of PLANTED) {
    mkdirSync(join(tree, name, '..'), { recursive: true });
    writeFileSync(join(tree, name), PLANTED_TEXT);
  }
  const npm = (folder: string, ...args: string[]) =>
    execFileSync('npm', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  const name = npm(tree, 'pack', '--silent', `--pack-destination=${scratch}`).trim().split('\n').at(-1) ?? '';
  process.env.E2E_TARBALL = join(scratch, name);
  // Some tests start it as another user.
  chmodSync(scratch, 0o755);
  mkdirSync(installation);
  npm(installation, 'install', '--silent', '--ignore-scripts', process.env.E2E_TARBALL);
  process.env.E2E_PACKAGE = join(installation, 'node_modules', 'csms-server');
  return () => rmSync(scratch, { recursive: true, force: true });
}
