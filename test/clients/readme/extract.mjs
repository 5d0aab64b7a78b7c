import { readFileSync, writeFileSync } from 'node:fs';

// Writes the fenced blocks of a Markdown file that stand below `<!-- test: KIND -->` to 1.KIND, 2.KIND, …
const [file, directory] = process.argv.slice(2);
const blocks = readFileSync(file, 'utf8').matchAll(/<!-- test: (\w+) -->\n```\w+\n(.*?)\n```/gs);
let number = 0;
for (const [, kind, code] of blocks) {
  number += 1;
  writeFileSync(`${directory}/${number}.${kind}`, `${code}\n`);
}
if (number !== 4)
  throw new Error(`README.md has ${number} marked snippets; the script beside this one runs 4`);
