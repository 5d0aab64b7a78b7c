import { describe, expect, it } from 'vitest';
import { readIdentities } from '../../../src/auth/identities/file.ts';
import { identityWarnings } from '../../../src/auth/identities/warnings.ts';
import { DAY_MS } from '../../../src/std/durations.ts';
import { AK, DOMAIN_ID, NOW_MS, PASSWORD_HASH, SK, sources } from '../fixtures.ts';

const FULL = '[CSMS FullAccess, KMS Administrator]';

/** What is said about these users, the policy `mine` with these actions, and secrets of that age. */
function warnings(users: readonly string[], { actions = 'csms:*:*', days = 0 } = {}) {
  const entries = users.map((user, index) => `      - { id: u${index}, name: n${index}, ${user} }`);
  const document = `{ Version: "5.0", Statement: [ { Effect: Allow, Action: [${actions}] } ] }`;
  const text = [
    `domains:\n  - id: ${DOMAIN_ID}\n    name: acme\n    projects: [{ id: ${'1'.repeat(32)}, name: p }]`,
    '    groups: [{ id: g, name: g, policies: [mine] }, { id: h, name: h }]',
    `    users:\n${entries.join('\n')}`,
    `policies: [{ name: mine, document: ${document} }]`,
  ].join('\n');
  const contents = readIdentities({ file: 'f', text, sources: sources({ readFile: () => SK }) });
  return identityWarnings(contents, { nowMs: NOW_MS, writtenAtMs: () => NOW_MS - days * DAY_MS });
}

const fields = (...given: Parameters<typeof warnings>) => warnings(...given).map((warning) => warning.fields);

describe('identities are warned of', () => {
  it('for users without any policy, their groups’ included, and not for disabled ones', () => {
    const users = ['groups: [h]', 'groups: [h, g]', 'disabled: true', 'policies: [mine]'];
    expect(warnings(users)).toEqual([
      { message: 'this user has no policy and can do nothing', fields: { user: 'n0', domain: 'acme' } },
    ]);
  });

  it.each([
    ['csms:secret:git', 'csms:secret:get'],
    ['csms:SECRET:getVersions', 'csms:secret:getVersion'],
    ['csms:secrets:*', 'csms:secret:*'],
    ['cmss:secret:get', 'csms:secret:get'],
    ['kms:cmk:createKey', 'kms:cmk:create'],
    ['kms:dek:cripto', 'kms:dek:crypto'],
    ['csms:event:x*', 'csms:event:*'],
  ])('for the action %s, with the nearest', (action, nearest) => {
    expect(fields(['policies: [mine]'], { actions: `csms:*:*, "${action}"` })).toEqual([
      { policy: 'mine', statement: 0, action, nearest },
    ]);
  });

  it.each([
    'obs:bucket:list',
    'rms:a:b',
    'iam::*',
    '*',
    '*:*:get*',
    'csms:secretVersion:get',
    'CTS:trace:LIST',
    '*:*:*',
  ])('not for the action %s', (action) => {
    expect(fields(['policies: [mine]'], { actions: `"${action}"` })).toEqual([]);
  });

  it('for administrators with a password and no key in use', () => {
    const user = (policies: string, keys: string) =>
      `password: "${PASSWORD_HASH}", policies: ${policies}, access_keys: [${keys}]`;
    expect(
      fields([
        user(FULL, ''),
        user(FULL, '{ ak: A, sk: a, disabled: true }'),
        user(FULL, '{ ak: B, sk: b }'),
        user('[CSMS FullAccess]', ''),
        user('[Tenant Administrator]', ''),
        user('[{ policy: Tenant Administrator, projects: [p] }]', ''),
        `policies: ${FULL}`,
        `disabled: true, ${user(FULL, '')}`,
      ]).map(({ user: name }) => name),
    ).toEqual(['n0', 'n1', 'n4']);
  });

  it('for keys older than a year, by the file of the secret', () => {
    const users = [`policies: [mine], access_keys: [{ ak: ${AK}, sk_file: a.sk }, { ak: B, sk: b }]`];
    expect(fields(users, { days: 365 })).toEqual([]);
    expect(fields(users, { days: 366 })).toEqual([{ accessKey: AK, days: 366, user: 'n0', domain: 'acme' }]);
  });

  it('ten times of each kind, then with the number of the others', () => {
    const many = warnings(Array.from({ length: 25 }, () => 'groups: []'));
    expect(many).toHaveLength(11);
    expect(many.at(-1)).toEqual({
      message: 'this user has no policy and can do nothing: and more of them',
      fields: { more: 15 },
    });
  });

  it('once where no list of policies stands in them', () => {
    const text = `domains: [{ id: d, name: d, users: [{ id: u, name: u, password: "${PASSWORD_HASH}" }] }]`;
    const contents = readIdentities({ file: 'f', text, sources: sources() });
    expect(identityWarnings(contents, { nowMs: 0, writtenAtMs: () => 0 })).toEqual([
      {
        message: 'the identities name no policies: every user may do everything in the own projects',
        fields: {},
      },
    ]);
  });
});
