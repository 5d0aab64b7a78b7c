import { readdirSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { createScratch, ROOT, runProgram, startServer } from './process.ts';

const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
const [, firstStart = ''] = /^RUN (set -eu; (?:.*\\\n)*.*)/m.exec(dockerfile) ?? [];
const [, entry = ''] = /^ENTRYPOINT \["node", (.*)\]$/m.exec(dockerfile) ?? [];

/** Everything that is kept, of both threads. */
const compiledIn = (directory: string) => readdirSync(directory, { recursive: true }).toSorted();

it('the image holds all that a start compiles: its containers can keep nothing', async () => {
  const NODE_COMPILE_CACHE = createScratch();
  const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);
  const made = await runProgram(['sh', '-c', firstStart], {
    NODE_COMPILE_CACHE,
    PATH,
    TMPDIR: createScratch(),
  });
  expect(made).toMatchObject({ code: 0 });
  const compiled = compiledIn(NODE_COMPILE_CACHE);
  expect(compiled.length).toBeGreaterThan(300);
  const program = [process.execPath, ...JSON.parse(`[${entry}]`)];
  const server = await startServer(['dev'], { NODE_COMPILE_CACHE, CSMS_DATA: createScratch() }, program);
  expect(await server.stop()).toBe(0);
  expect(compiledIn(NODE_COMPILE_CACHE)).toEqual(compiled);
});
