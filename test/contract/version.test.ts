import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { PAGES, readPage } from '../docs/pages.ts';
import { ROOT } from '../e2e/process.ts';

const { version } = JSON.parse(readText('package.json'));

it('the version of the package is that of its lock file, OpenAPI document, changelog, image and chart', () => {
  const lock = JSON.parse(readText('package-lock.json'));
  const [, newest] = /^## (\S+)/m.exec(readText('CHANGELOG.md')) ?? [];
  expect([lock.version, lock.packages[''].version]).toEqual([version, version]);
  expect(parse(readText('openapi.yaml')).info.version).toBe(version);
  expect(newest).toBe(version);
  expect(/^ARG VERSION=(.*)$/m.exec(readText('Dockerfile'))?.[1]).toBe(version);
  expect(parse(readText('charts/csms-server/Chart.yaml')).appVersion).toBe(version);
});

it('the version of the package is the one that pages name', () => {
  const named = PAGES.flatMap((page) => [...readPage(page).matchAll(/csms-server[:@-](\d+\.\d+\.\d+)/g)]);
  expect(named.map(([, found]) => found).filter((found) => found !== version)).toEqual([]);
});

function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}
