import { appendFileSync, readFileSync } from 'node:fs';

// Writes the fenced blocks of a page that stand below `<!-- test: NAME -->` to files of that name in a directory; blocks
// of one name are one program. What the page has marked and what the caller runs must be the same names.
const [page, directory, ...wanted] = process.argv.slice(2);
const blocks = readFileSync(page, 'utf8').matchAll(/<!-- test: ([\w.-]+) -->\n```\w+\n(.*?)\n```/gs);
const names = new Set();
for (const [, name, code] of blocks) {
  names.add(name);
  appendFileSync(`${directory}/${name}`, `${code}\n`);
}
if ([...names].sort().join() !== wanted.sort().join()) {
  throw new Error(`${page} has ${[...names].sort()} marked; the script that runs them names ${wanted}`);
}
