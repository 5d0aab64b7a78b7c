import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const PAGES = join(ROOT, 'docs/clients');
const SUITES = join(ROOT, 'test/clients');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const pages = readdirSync(PAGES).filter((name) => name !== 'README.md');
const index = read('docs/clients/README.md');
/** The scripts that run something, by folder. */
const scripts = new Map(
  readdirSync(SUITES, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('/run.sh'))
    .map((file) => [file.replace('/run.sh', ''), read(`test/clients/${file}`)]),
);
const gate = read('.ci/run');

describe.each(pages)('docs/clients/%s', (page) => {
  // Lines may break anywhere.
  const text = read(`docs/clients/${page}`).replaceAll(/\s+/g, ' ');
  const row = index.split('\n').find((line) => line.startsWith('|') && line.includes(`](${page})`)) ?? '';

  it('stands in the table', () => {
    expect(row).not.toBe('');
  });

  it('says of each block which script runs it, or why none does', () => {
    const lines = read(`docs/clients/${page}`).split('\n');
    const unmarked = lines.filter(
      (line, index) =>
        /^```\w+$/.test(line) && !/^<!-- (?:test: [\w.-]+|not run: .+) -->$/.test(lines[index - 1] ?? ''),
    );
    expect(unmarked).toEqual([]);
  });

  it('has blocks that a script runs, which names the page and each of them', () => {
    const marked = [...text.matchAll(/<!-- test: ([\w.-]+) -->/g)].map(([, name]) => name);
    const runners = [...scripts.values()].filter((script) => script.includes(page.replace('.md', '')));
    for (const name of marked) expect(runners.some((script) => script.includes(name ?? ''))).toBe(true);
    if (marked.length === 0) expect(row.split('|')[7]?.trim()).toBe('not run');
  });

  it('names scripts that are there, and the gate runs those of which it says so', () => {
    for (const [, suite] of text.matchAll(/`test\/clients\/([\w-]+)\/run\.sh`/g))
      expect([...scripts.keys()]).toContain(suite);
    const first = /\*\*Run by the gate\*\*: `test\/clients\/([\w-]+)\/run\.sh`/.exec(text)?.[1];
    if (first !== undefined) expect(gate).toContain(`test/clients/${first}/run.sh`);
    expect(row.includes('by the gate')).toBe(first !== undefined);
  });

  it('says the same versions as the table and as what the script installs', () => {
    const tried = row.split('|')[2]?.match(/\d+\.\d+\.\d+/g) ?? [];
    for (const version of tried) {
      expect(text).toContain(version);
      expect(pins(row)).toContain(version);
    }
  });
});

/** Everything that pins versions in the suites that a row of the table names in its last column. */
function pins(row: string): string {
  const suites = [...(row.split('|')[7] ?? '').matchAll(/`(?:test\/clients\/)?([\w-]+)`/g)];
  return suites
    .flatMap(([, suite = '']) =>
      readdirSync(join(SUITES, suite)).map((file) => `test/clients/${suite}/${file}`),
    )
    .filter((file) => /(?:requirements\.txt|package\.json|pom\.xml|go\.mod)$/.test(file))
    .map(read)
    .join('\n');
}
