#!/usr/bin/env node
// Plain JavaScript that any Node can read: it finds one that is new enough for the program itself.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { constants } from 'node:os';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import v8 from 'node:v8';

const NEEDED = [22, 18];
/** A checkout has the sources, a package and an image what was built from them. */
const isCheckout = existsSync(new URL('main.ts', import.meta.url));
const PROGRAM = isCheckout ? './main.ts' : '../dist/main.cjs';
/** A package that is there when all that the program needs are: the first, or the only one. */
const PACKAGE = isCheckout ? 'fastify' : 'better-sqlite3';
const INSTALL = isCheckout ? 'Run "npm ci" in the checkout' : 'Run "npm install" again';
/** Room for new objects, in MiB of one half. See docs/adr/0045-new-objects.md. */
const MEMORY = '--max-semi-space-size=16';
/**
 * Has the C library take memory of so many bytes and more from the system by the piece, and return it at once: worlds that
 * end leave much. For `dev`, where there are such. See docs/adr/0066-worlds.md.
 */
const GIVING_BACK = { MALLOC_MMAP_THRESHOLD_: '32768' };
/** The format of a module, by the ending of its file. */
const FORMATS = { '.ts': 'module-typescript', '.mjs': 'module' };
const PARENT_CHECK_MS = 1_000;
const self = fileURLToPath(import.meta.url);
const bundled = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));

const [major, minor] = process.versions.node.split('.').map(Number);
const isNewEnough = major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);

if (isNewEnough && hasPackages()) {
  startGivingBack();
  if (process.pid === 1) endEarly();
  endWithParent();
  // The middle compiler takes memory that the last one takes again; a busy server is hardly slower without it.
  v8.setFlagsFromString('--no-maglev');
  // V8 would put what a burst's requests are made of among the old objects from the start, and keep with each whatever it
  // points to until the next full collection: reads then took up to twice the processor time.
  // See docs/adr/0045-new-objects.md.
  v8.setFlagsFromString('--no-allocation-site-pretenuring');
  // Keeps the stripped and compiled sources: a later start is faster and needs no TypeScript reader in memory. Where the
  // directory cannot be written, it starts without. The variable is for the writer thread.
  const cache = fileURLToPath(new URL('../node_modules/.cache/csms-server', import.meta.url));
  process.env.NODE_COMPILE_CACHE ??= cache;
  module.enableCompileCache?.(cache);
  if (isCheckout) module.registerHooks?.({ resolve: resolveByName });
  await import(PROGRAM);
} else if (isNewEnough) {
  refuse(`its packages are not installed. ${INSTALL}.`);
} else if (existsSync(bundled)) {
  runBundled();
} else {
  const needed = `it needs Node ${NEEDED.join('.')} or newer, and this is ${process.versions.node}.`;
  const isIncomplete = existsSync(new URL('../node_modules/node', import.meta.url));
  if (!isCheckout) refuse(`${needed} Install one.`);
  else if (!isIncomplete) refuse(`${needed} ${INSTALL} to get one, or install it.`);
  else {
    refuse(
      `${needed} The one that "npm ci" brings is not complete, since install scripts are off here: run ` +
        '"npm rebuild node --ignore-scripts=false", or install one.',
    );
  }
}

/**
 * Finds the file of an import that names it in full, next to the importer. Node would ask the file system several times
 * for each of the 2,600 imports of a start, most of them of this kind: a tenth of its processor time.
 */
function resolveByName(specifier, context, resolveByNode) {
  const format = specifier.startsWith('.') ? FORMATS[extname(specifier)] : undefined;
  if (format === undefined) return resolveByNode(specifier, context);
  return { url: new URL(specifier, context.parentURL).href, format, shortCircuit: true };
}

/**
 * Starts `dev` again as the same process, unless its environment has the variable: the C library reads it at the start. It
 * costs some 30 ms. Not where Node cannot do that, nor where the parent has a channel to this process, which would close.
 */
function startGivingBack() {
  const { argv, channel, env, execArgv, execPath, platform } = process;
  const hasVariable = Object.keys(GIVING_BACK).every((name) => name in env);
  if (argv[2] !== 'dev' || hasVariable || platform !== 'linux' || channel !== undefined) return;
  process.execve?.(execPath, [execPath, ...execArgv, ...argv.slice(1)], { ...GIVING_BACK, ...env });
}

/** Runs this file with the bundled Node. What ends one of the two ends the other. */
function runBundled() {
  const args = process.argv.slice(2);
  const child = spawn(bundled, [MEMORY, self, ...args], {
    env: args[0] === 'dev' ? { ...GIVING_BACK, ...process.env } : process.env,
    // The channel says nothing; it closes when this process ends, however it ends.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

/**
 * Ends the first process of a container on a signal, until the program has listeners of its own: such a process gets no
 * signal without one, so that a stop during the start would wait for its whole time, and kill.
 */
function endEarly() {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(128 + constants.signals[signal]);
    });
  }
}

/**
 * Ends this process, as SIGTERM does, when the one that started it is gone: an orphaned server would keep its port
 * and data. That is the launcher above, npm when it runs the script "start" of this package, which no other process
 * lies between, or the shell of `npx csms-server`. A server started in any other way may outlive its parent.
 */
function endWithParent() {
  const end = () => process.kill(process.pid, 'SIGTERM');
  if (process.channel !== undefined) {
    process.once('disconnect', end);
    process.channel.unref();
  }
  const { npm_lifecycle_event: event, npm_lifecycle_script: script, npm_package_name: name } = process.env;
  const isOwnStart = event === 'start' && name === 'csms-server';
  if (!isOwnStart && !(event === 'npx' && /^'?csms-server\b/.test(script))) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    end();
  }, PARENT_CHECK_MS);
  timer.unref();
}

function hasPackages() {
  try {
    module.createRequire(import.meta.url).resolve(PACKAGE);
    return true;
  } catch {
    return false;
  }
}

function refuse(reason) {
  process.stderr.write(`csms-server cannot run: ${reason}\n`);
  process.exitCode = 69;
}
