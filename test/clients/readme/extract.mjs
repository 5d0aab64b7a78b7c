import { appendFileSync, readFileSync } from 'node:fs';

// Writes the fenced blocks of a Markdown file that stand below `<!-- test: NAME -->` to files of that name; blocks of one
// name are one program.
const [file, directory] = process.argv.slice(2);
const blocks = readFileSync(file, 'utf8').matchAll(/<!-- test: ([\w.]+) -->\n```\w+\n(.*?)\n```/gs);
const names = new Set();
for (const [, name, code] of blocks) {
  names.add(name);
  appendFileSync(`${directory}/${name}`, `${code}\n`);
}
const wanted = ['curl.sh', 'node.cjs', 'python.python', 'region.python', 'signed.sh', 'tour.sh'];
if ([...names].sort().join() !== wanted.join()) {
  throw new Error(`README.md has ${[...names].sort()} marked; the script beside this one runs ${wanted}`);
}
