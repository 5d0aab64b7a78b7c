#!/usr/bin/env node
// Plain JavaScript that any Node can read: it finds one that is new enough for the program itself.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const NEEDED = [22, 18];
/**
 * Node's own room for new objects is four times as large and stands empty in an idle server; its middle compiler takes
 * memory that the last one takes again. A busy server is hardly slower without either.
 */
const MEMORY = ['--max-semi-space-size=4', '--no-maglev'];
const bundled = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));

const [major, minor] = process.versions.node.split('.').map(Number);
const isNewEnough = major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);

if (isNewEnough) {
  // Keeps the stripped and compiled sources: a later start is faster and needs no TypeScript reader in memory. Where the
  // directory cannot be written, it starts without. The variable is for the writer thread.
  const cache = fileURLToPath(new URL('../node_modules/.cache/csms-server', import.meta.url));
  process.env.NODE_COMPILE_CACHE ??= cache;
  module.enableCompileCache?.(cache);
  await import('./main.ts');
} else if (existsSync(bundled)) {
  const child = spawn(bundled, [...MEMORY, fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 1));
} else {
  process.stderr.write(
    `csms-server needs Node ${NEEDED.join('.')} or newer; this is ${process.versions.node}. ` +
      'Run "npm ci" in the checkout to get one, or install it.\n',
  );
  process.exitCode = 69;
}
