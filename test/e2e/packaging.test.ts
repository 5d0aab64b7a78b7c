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

  it('stay out of the context of an image', () => {
    const rules = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n');
    for (const name of [
      'config',
      'csms-config',
      '*-data',
      '.csms*',
      '.env',
      '*.blob',
      '**/root.key',
      '**/*.sk',
    ]) {
      expect(rules).toContain(name);
    }
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
      expect(service.healthcheck).toMatchObject({ start_interval: '1s' });
      expect(service.stop_grace_period).toBe('15s');
    }
  });
});
