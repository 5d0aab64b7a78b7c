import { execFileSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createScratch, ROOT } from '../e2e/process.ts';
import { anchorsOf, linksOf, PAGES, readPage } from './pages.ts';

const README_LINES_MAX = 200;

describe('the pages', () => {
  it('link to files that are here, and to headings that they have', () => {
    const broken = PAGES.flatMap((page) =>
      linksOf(page)
        .filter(({ path, anchor }) => {
          if (!existsSync(join(ROOT, path))) return true;
          return anchor !== '' && !(path.endsWith('.md') && anchorsOf(path).includes(anchor));
        })
        .map(({ text }) => `${page}: ${text}`),
    );
    expect(broken).toEqual([]);
  });

  it('name files and folders of tests that are here', () => {
    const absent = PAGES.flatMap((page) =>
      [...readPage(page).matchAll(/(?<=`)test\/[\w./{},*-]+(?=`)/g)]
        .flatMap(([path]) => alternativesOf(path))
        .filter((path) => globSync(path, { cwd: ROOT }).length === 0)
        .map((path) => `${page}: ${path}`),
    );
    expect(absent).toEqual([]);
  });

  it('name tests that are in the files that they name', () => {
    const absent = [...readPage('docs/security.md').matchAll(/`(test\/[\w./-]+)`: ((?:\*[^*]+\*(?:, )?)+)/g)]
      .flatMap(([, file = '', titles = '']) =>
        [...titles.matchAll(/\*([^*]+)\*/g)].map(([, title = '']) => ({ file, title })),
      )
      .filter(({ file, title }) => !readPage(file).includes(title));
    expect(absent).toEqual([]);
  });

  it('are reached from the README by links', () => {
    const reached = new Set(['README.md']);
    for (const page of reached) {
      if (!page.endsWith('.md')) continue;
      for (const { path } of linksOf(page)) reached.add(path);
    }
    const isReached = (page: string) => reached.has(page) || reached.has(dirname(page));
    expect(PAGES.filter((page) => !isReached(page))).toEqual([]);
  });

  it('give each record of a decision the number of its file', () => {
    const records = PAGES.filter((page) => /^docs\/adr\/\d/.test(page));
    const wrong = records.filter((page) => {
      const [, digits] = /(\d+)-/.exec(page) ?? [];
      return !readPage(page).startsWith(`# ${Number(digits)}. `);
    });
    expect(wrong).toEqual([]);
  });

  it('name for each program the test that runs it, or why none does', () => {
    const program = join(ROOT, 'test/clients/readme/blocks.mjs');
    const args = [program, 'write', createScratch()];
    const reasons = execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
    expect(reasons).toMatch(/^(?:not run: \S+:\d+: .+\n)+$/);
  });

  it('leave no guide to chance: all of it is run', () => {
    expect(readPage('docs/guide.md')).not.toContain('<!-- not run');
  });

  it(`begin with a README of at most ${README_LINES_MAX} lines`, () => {
    expect(readPage('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(README_LINES_MAX);
  });
});

/** `a/{b,c}.ts` as two paths. */
function alternativesOf(path: string): string[] {
  const [, before = '', list, after = ''] = /^([^{]*)\{([^}]*)\}(.*)$/.exec(path) ?? [];
  return list === undefined
    ? [path]
    : list.split(',').flatMap((word) => alternativesOf(before + word + after));
}
