import { readFileSync, writeFileSync } from 'node:fs';
import { SETTINGS } from '../../src/config/settings.ts';

const PAGE = new URL('../../docs/configuration.md', import.meta.url);
const PLACE = /(?<=<!-- settings -->\n)[\s\S]*(?=<!-- \/settings -->)/;

/** The page with its table of settings brought up to date. Throws Error when the page has no place for it. */
export function withSettings(page: string): string {
  if (!PLACE.test(page)) throw new Error('docs/configuration.md has lost the marks around its table');
  const rows = SETTINGS.map(({ name, default: otherwise, meaning }) => {
    const cells = [`\`${name}\``, otherwise, meaning].map((cell) => cell.replaceAll('|', '\\|'));
    return `| ${cells.join(' | ')} |\n`;
  });
  const table = `| Variable | Default | Meaning |\n|---|---|---|\n${rows.join('')}`;
  return page.replace(PLACE, () => `\n${table}\n`);
}

if (import.meta.main) writeFileSync(PAGE, withSettings(readFileSync(PAGE, 'utf8')));
