import { appendFileSync, globSync, readFileSync } from 'node:fs';

// The programs in README.md and the documents. Each stands below one of these lines:
//   <!-- test: NAME -->               part of the program NAME, which the script beside this one runs
//   <!-- test: NAME, prints TEXT -->  the same; its output must contain the text
//   <!-- not run: REASON -->          not run, for that reason, which is printed
//
// blocks.mjs write DIRECTORY     writes each program to a file of its name, in which shell blocks announce themselves
// blocks.mjs check PROGRAM TEXT  checks what a shell program has printed, block by block

const LANGUAGES = /^(?:sh|bash|python|js|java|go|hcl|nginx|sql)$/;
/** These have suites of their own, which run their blocks. */
const ELSEWHERE = /^docs\/(?:clients\/.*|container\.md|kubernetes\.md|testing\.md|permissions\.md)$/;
const ANNOUNCEMENT = '=== ';

const [action, ...rest] = process.argv.slice(2);
const blocks = globSync(['*.md', 'docs/**/*.md']).sort().flatMap(blocksOf);
if (action === 'write') write(...rest);
else check(...rest);

function blocksOf(page) {
  if (ELSEWHERE.test(page)) return [];
  const lines = readFileSync(page, 'utf8').split('\n');
  return lines.flatMap((line, index) => {
    const [, language] = /^\s*```(\w+)$/.exec(line) ?? [];
    if (!LANGUAGES.test(language ?? '')) return [];
    const place = `${page}:${index + 1}`;
    const end = lines.findIndex((later, at) => at > index && later.trim() === '```');
    const code = lines.slice(index + 1, end).join('\n');
    const mark = /^\s*<!-- (?:test: ([\w.-]+)(?:, prints (.+))?|not run: (.+)) -->$/.exec(
      lines[index - 1] ?? '',
    );
    if (mark === null) throw new Error(`${place} says neither which test runs it nor why none does`);
    const [, program, prints, reason] = mark;
    return [{ place, language, code, program, prints, reason }];
  });
}

function write(directory) {
  for (const { place, language, code, program, reason } of blocks) {
    if (program === undefined) console.log(`not run: ${place}: ${reason}`);
    else {
      const head = language === 'sh' ? `printf '\\n%s\\n' '${ANNOUNCEMENT}${place}'\n` : '';
      appendFileSync(`${directory}/${program}`, `${head}${code}\n`);
    }
  }
}

function check(wanted, file) {
  const printed = new Map(
    `\n${readFileSync(file, 'utf8')}`
      .split(`\n${ANNOUNCEMENT}`)
      .map((part) => [part.split('\n', 1)[0], part]),
  );
  const mine = blocks.filter(({ program }) => program === wanted);
  if (mine.length === 0) throw new Error(`no block belongs to ${wanted}`);
  for (const { place, prints = '' } of mine) {
    const text = printed.get(place);
    if (text === undefined) throw new Error(`${place} was not reached`);
    if (text.includes('"error_code"')) throw new Error(`${place} was refused: ${text}`);
    if (!text.includes(prints)) throw new Error(`${place} did not print ${prints}: ${text}`);
    console.log(`${place}: ok`);
  }
}
