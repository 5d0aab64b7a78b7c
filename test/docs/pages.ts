import { globSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

const ROOT = dirname(dirname(import.meta.dirname));

/** The pages for people: those at the top, all below docs, and those of charts, from the top of the repository. */
export const PAGES: readonly string[] = globSync(['*.md', 'docs/**/*.md', 'charts/*/*.md'], { cwd: ROOT })
  .map((path) => path.replaceAll('\\', '/'))
  .sort();

/** One link of a page, as written, and where it leads from the top of the repository. */
export interface Link {
  readonly text: string;
  readonly path: string;
  /** Without `#`; empty where there is none. */
  readonly anchor: string;
}

/** The text of a page. */
export function readPage(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

/** The fenced blocks of a page below `<!-- checked: NAME -->`. */
export function blockOf(page: string, name: string): string {
  const [, block] =
    new RegExp(`<!-- checked: ${name} -->\\n\`\`\`\\w+\\n([\\s\\S]*?)\\n\`\`\``).exec(readPage(page)) ?? [];
  if (block === undefined) throw new Error(`${page} has no block ${name}`);
  return block;
}

/** Links to files of the repository, and to headings of the page itself; code is left out. */
export function linksOf(page: string): Link[] {
  const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  return links
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((text) => {
      const [file = '', anchor = ''] = text.split('#');
      const path = file === '' ? page : posix.normalize(posix.join(posix.dirname(page), file));
      return { text, path: path.replace(/\/$/, ''), anchor };
    });
}

/** The anchors of a page's headings, made as the sites that show Markdown make them. */
export function anchorsOf(page: string): string[] {
  const headings = [...proseOf(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) => heading!);
  const seen = new Map<string, number>();
  return headings.map((heading) => {
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = words.replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-');
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
}

function proseOf(page: string): string {
  const withoutBlocks = readPage(page).replace(/^[ \t]*```[\s\S]*?^[ \t]*```$/gm, '');
  return withoutBlocks.replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, ' '));
}
