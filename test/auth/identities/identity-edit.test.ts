import { describe, expect, it } from 'vitest';
import { withDisabledKey, withKey, withUser } from '../../../src/auth/identities/identity-edit.ts';
import { ADMIN_ID, AK, DOMAIN_ID, SK } from '../fixtures.ts';
import { GOOD, parse } from '../identities-text.ts';

const KEY = { accessKeyId: 'AKNEW', secretFile: 'AKNEW.sk' };
const ANN = {
  id: '0a'.repeat(16),
  name: 'ann',
  passwordHash: undefined,
  groups: [],
  policies: ['mine', 'CSMS ReadOnlyAccess'],
  projects: undefined,
  key: KEY,
};
const HEAD = `domains:\n- id: ${DOMAIN_ID}\n  name: acme`;
const USER = `{ id: ${ADMIN_ID}, name: a }`;
const keyed = (keys: string) => `${HEAD}\n  users:\n    - id: ${ADMIN_ID}\n      name: a\n${keys}`;

/** The lines that the new text has more, once its other lines are found to be those of the old one. */
function added(before: string, after: string): string {
  const [old, next] = [before.split('\n'), after.split('\n')];
  let at = 0;
  const more = next.filter((text) => {
    if (text !== old[at]) return true;
    at += 1;
    return false;
  });
  expect(at).toBe(old.length);
  return more.join('\n');
}

const withSecrets = (text: string) => parse(text, { readFile: () => SK });

describe('a key', () => {
  it.each<[string, string, string]>([
    [
      'in lines',
      keyed(
        '      access_keys: # two\n        - { ak: A, sk: b } # first\n\n        # last\n        - ak: B\n          sk: c # d\n  # tail\n',
      ),
      '        - { ak: AKNEW, sk_file: AKNEW.sk }',
    ],
    [
      'without a newline at the end',
      keyed('      access_keys:\n      - ak: A\n        sk: b'),
      '      - { ak: AKNEW, sk_file: AKNEW.sk }',
    ],
    [
      'as the first',
      keyed('      disabled: false # for now'),
      '      access_keys:\n        - { ak: AKNEW, sk_file: AKNEW.sk }',
    ],
  ])('is added %s, and nothing else changes', (_, before, wanted) => {
    const after = withKey({ file: 'f', text: before }, ADMIN_ID, KEY);
    expect(added(before, after)).toBe(wanted);
    expect(withSecrets(after).findAccessKey('AKNEW')?.user.id).toBe(ADMIN_ID);
  });

  it.each([
    ['[{ ak: A, sk: b }]', '[{ ak: A, sk: b }, { ak: AKNEW, sk_file: AKNEW.sk }]'],
    ['[ { ak: A, sk: "b" } , ] # c', '[ { ak: A, sk: "b" }, { ak: AKNEW, sk_file: AKNEW.sk } , ] # c'],
    ['[] # none', '[{ ak: AKNEW, sk_file: AKNEW.sk }] # none'],
    [
      '[\n       { ak: A, sk: b } # one\n      ]',
      '[\n       { ak: A, sk: b }, { ak: AKNEW, sk_file: AKNEW.sk } # one\n      ]',
    ],
  ])('is added between brackets: %s', (keys, wanted) => {
    const after = withKey({ file: 'f', text: keyed(`      access_keys: ${keys}\n`) }, ADMIN_ID, KEY);
    expect(after).toBe(keyed(`      access_keys: ${wanted}\n`));
    expect(withSecrets(after).findAccessKey('AKNEW')?.user.id).toBe(ADMIN_ID);
  });

  it('is added where all is on one line, and where lines end as on Windows', () => {
    const text = `domains: [{ id: d, name: n, users: [${USER}] }]`;
    expect(withKey({ file: 'f', text }, ADMIN_ID, KEY)).toBe(
      `domains: [{ id: d, name: n, users: [{ id: ${ADMIN_ID}, name: a, access_keys: [{ ak: AKNEW, sk_file: AKNEW.sk }] }] }]`,
    );
    const windows = keyed('      access_keys:\n        - { ak: A, sk: b }\n').replaceAll('\n', '\r\n');
    const after = withKey({ file: 'f', text: windows }, ADMIN_ID, KEY);
    expect(after).toBe(`${windows}        - { ak: AKNEW, sk_file: AKNEW.sk }\r\n`);
  });

  it('is disabled where it stands', () => {
    const disabled = (text: string) => withDisabledKey({ file: 'f', text: keyed(text) }, 'A');
    expect(disabled('      access_keys: [{ ak: A, sk: b }]')).toBe(
      keyed('      access_keys: [{ ak: A, sk: b, disabled: true }]'),
    );
    expect(
      disabled('      access_keys:\n        - ak: A\n          sk: b # c\n        - { ak: B, sk: c }\n'),
    ).toBe(
      keyed(
        '      access_keys:\n        - ak: A\n          sk: b # c\n          disabled: true\n        - { ak: B, sk: c }\n',
      ),
    );
    expect(disabled('      access_keys: [{ disabled: false, ak: A, sk: b }]')).toBe(
      keyed('      access_keys: [{ disabled: true, ak: A, sk: b }]'),
    );
  });

  it('has no place where its list is written in a way that is not known', () => {
    const text = keyed('      access_keys:\n        -\n          ak: A\n          sk: b\n');
    expect(() => withKey({ file: 'f', text }, ADMIN_ID, KEY)).toThrow(
      'f:8: (file): has a form in which nothing can be added',
    );
  });
});

describe('a user', () => {
  it('is added at the end of a domain, in lines', () => {
    const before = GOOD.join('\n');
    const after = withUser({ file: 'f', text: before }, DOMAIN_ID, {
      ...ANN,
      groups: ['g'],
      projects: ['local-1'],
    });
    expect(added(before, after)).toBe(
      [
        `      - id: "${ANN.id}"`,
        '        name: ann',
        '        access_keys:',
        '          - { ak: AKNEW, sk_file: AKNEW.sk }',
        '        groups: [g]',
        '        policies: [mine, CSMS ReadOnlyAccess]',
        '        projects: [local-1]',
      ].join('\n'),
    );
    const plain = withSecrets(withUser({ file: 'f', text: before }, DOMAIN_ID, ANN));
    expect(plain.findUser({ userName: 'ann', domainName: 'acme' })?.policies.map(({ name }) => name)).toEqual(
      ANN.policies,
    );
    expect(plain.findAccessKey(AK)?.user.id).toBe(ADMIN_ID);
  });

  it.each([
    ['{ id: d, name: n }', ''],
    ['{ id: d, name: n, users: [] }', ''],
    [`{ id: d, name: n, users: [${USER}] }`, ''],
    ['\n- id: d # one\n  name: n', 'of the first'],
    ['\n    - name: n\n      id: d\n      users:\n      - id: x\n        name: y\n', ''],
  ])('is added to a domain in any form: %s', (domain) => {
    const text = domain.startsWith('\n') ? `domains:${domain}` : `domains: [${domain}]`;
    const odd = { ...ANN, name: "o'ne, #two: {3}", policies: [], passwordHash: undefined };
    const found = withSecrets(withUser({ file: 'f', text }, 'd', odd)).findUser({
      userName: odd.name,
      domainName: 'n',
    });
    expect(found?.id).toBe(ANN.id);
  });
});
