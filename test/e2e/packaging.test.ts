import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { SETTINGS } from '../../src/config/settings.ts';
import { ROOT } from './process.ts';

/** What people have in a checkout that must never leave it. */
const PRIVATE = [
  'config/root.key',
  'config/admin.sk',
  'config/tls.key',
  'csms-config/root.key',
  'csms-config/identities.yaml',
  'csms-data/csms.db',
  'config-data/csms.db',
  '.csms/credentials.env',
  '.csms-two/root.key',
  '.env',
  'one.blob',
];

describe('keys, secrets and data in a checkout', () => {
  it.each(PRIVATE)('are ignored by git: %s', (path) => {
    expect(execFileSync('git', ['check-ignore', '--no-index', path], { cwd: ROOT, encoding: 'utf8' })).toBe(
      `${path}\n`,
    );
  });

  it('stay out of the context of an image, which names what it takes', () => {
    const rules = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n');
    expect(rules.filter((rule) => !/^(?:#|!|$)/.test(rule))[0]).toBe('*');
    const taken = rules.filter((rule) => rule.startsWith('!')).map((rule) => rule.slice(1));
    expect(
      taken.filter((name) => /[*?]/.test(name) || PRIVATE.some((path) => path.startsWith(name))),
    ).toEqual([]);
  });
});

describe('compose.yaml', () => {
  const { services } = parse(readFileSync(join(ROOT, 'compose.yaml'), 'utf8'), { merge: true });

  it('lets CI fix every credential of dev, and the region', () => {
    const wanted = SETTINGS.map(({ name }) => name).filter((name) => name.startsWith('CSMS_DEV_'));
    for (const name of [...wanted, 'CSMS_REGION'])
      expect(services.dev.environment[name]).toBe(`\${${name}:-}`);
  });

  it('is soon told that a server is up, and lets it end by itself', () => {
    for (const service of [services.dev, services.serve]) {
      expect(service.healthcheck).toMatchObject({ interval: '1s' });
      expect(service.stop_grace_period).toBe('15s');
    }
  });
});

describe('the Dockerfile', () => {
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');

  it('labels images with the version of the program', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(/^ARG VERSION=(.*)$/m.exec(dockerfile)?.[1]).toBe(version);
  });

  it('has bases that nobody can change under their names', () => {
    const bases = [...dockerfile.matchAll(/^ARG \w+_BASE=(.*)$/gm)].map(([, name]) => name);
    expect(bases).toHaveLength(2);
    for (const base of bases) expect(base).toMatch(/^[a-z.]+\/[a-z0-9/-]+:[a-z0-9-]+@sha256:[0-9a-f]{64}$/);
  });
});
