import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readIdentities } from '../../src/auth/identities/file.ts';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { parseAddressRules } from '../../src/webhook/address-rules.ts';
import { parseHooks } from '../../src/webhook/hooks-file.ts';
import { withSettings } from '../docs/generate.ts';
import { blockOf, readPage } from '../docs/pages.ts';

describe('the page of the configuration', () => {
  it('lists every setting of the server, with its default and its meaning', () => {
    const page = readPage('docs/configuration.md');
    expect(page).toBe(withSettings(page));
  });

  it('shows an identities file that the server accepts', () => {
    const text = blockOf('docs/configuration.md', 'identities');
    const sources = {
      env: { REPORTS_SK: 'a secret key'.replaceAll(' ', '') },
      readPublic: () => '',
      readFile: () => 'the-key-of-admin',
    };
    const { users } = readIdentities({ file: 'identities.yaml', text, sources });
    expect(users.map(({ name }) => name)).toEqual(['admin', 'reports', 'ann']);
  });

  it('shows identities of workloads that the server accepts', () => {
    const text = blockOf('docs/configuration.md', 'workloads');
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const readPublic = () => JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] });
    const { refuseUrl } = parseAddressRules('token.actions.githubusercontent.com');
    const sources = { env: {}, readFile: () => '', readPublic, refuseUrl };
    const { providers, users } = readIdentities({ file: 'identities.yaml', text, sources });
    expect(providers.map(({ id }) => id)).toEqual(['cluster', 'actions']);
    expect(users[0]?.certificates?.names).toHaveLength(2);
  });

  it('shows a hooks file that the server accepts', () => {
    const text = blockOf('docs/configuration.md', 'hooks');
    const rules = { refuseUrl: () => undefined, refuseAddress: () => undefined };
    const reader = { read: () => Buffer.alloc(16, 1) };
    const hooks = parseHooks({ file: 'hooks.yaml', text, rules, reader } as never);
    expect(hooks.map(({ kind }) => kind)).toEqual(['topic', 'function']);
  });
});

describe('the page of operations', () => {
  const page = readPage('docs/operations.md');

  it('says what every exit code of the program asks for, and of no other', () => {
    const codes = [...page.matchAll(/^\| (\d+) \| .+ \| .+ \|$/gm)].map(([, code]) => Number(code));
    const launcher = readFileSync(new URL('../../src/launch.js', import.meta.url), 'utf8');
    const own = [...launcher.matchAll(/process\.exitCode = (\d+)/g)].map(([, code]) => Number(code));
    expect(own.length).toBeGreaterThan(0);
    expect(codes).toEqual([...new Set([...Object.values(EXIT), ...own])].sort((a, b) => a - b));
  });

  it('has alerts on metrics that there are', () => {
    const { groups } = parse(blockOf('docs/operations.md', 'alerts'));
    const expressions = groups[0].rules.map(({ expr }: { expr: string }) => expr).join('\n');
    const names = [...expressions.matchAll(/csms_\w+/g)].map(([name]) => name);
    const metrics = readPage('docs/metrics.md');
    expect(names.length).toBeGreaterThan(8);
    expect(names.filter((name) => !metrics.includes(`| \`${name}\` |`))).toEqual([]);
  });
});
