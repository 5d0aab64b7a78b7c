// Starts the server of an image once, while it is built, so that Node's compile cache holds all that a start compiles; then
// lets the users of its containers read it. Runs as the user of the containers, whom the cache is for.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LAUNCHER = '/app/src/launch.js';
const CACHE = '/app/node_modules/.cache';
const data = mkdtempSync(join(tmpdir(), 'first-'));

const server = run('dev', '--host=127.0.0.1', '--port=0', `--data=${data}`);
let said = '';
for await (const text of server.stdout.setEncoding('utf8')) {
  said += text;
  if (/^csms-server listening/m.test(said)) break;
}
await ended(run('call', 'GET', '/v1/{project_id}/secrets'));
server.kill('SIGTERM');
await ended(server);
rmSync(data, { recursive: true });

for (const entry of readdirSync(CACHE, { recursive: true, withFileTypes: true })) {
  chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
}

/** The flags of the image's ENTRYPOINT: what is compiled under other ones does not count. */
function run(...args) {
  return spawn(process.execPath, ['--disable-sigusr1', '--max-semi-space-size=16', LAUNCHER, ...args], {
    env: { ...process.env, CSMS_DATA: data, NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function ended(child) {
  const [code] =
    child.exitCode === null ? await once(child.stdout.resume() && child, 'exit') : [child.exitCode];
  if (code !== 0) throw new Error(`it ended with ${code}`);
}
