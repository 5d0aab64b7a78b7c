import { describe, expect, it } from 'vitest';
import { ADMIN_ID, AK, DOMAIN_ID, PASSWORD_HASH, PROJECT_ID } from './fixtures.ts';
import { complaint, GOOD, line } from './identities-text.ts';

const USER = 'domains[0].users[0]';
const KEY = `${USER}.access_keys[0]`;

/** What is wrong, the text, the complaint. */
const FAULTS: readonly (readonly [string, string, string])[] = [
  ['an empty file', '', '1: (file): must be a mapping'],
  ['a list', '- a', '1: (file): must be a mapping'],
  ['no domains', 'policies: []', '1: (file): domains is missing'],
  ['an empty list of domains', 'domains: []', '1: domains: must hold a domain'],
  ['domains of another type', 'domains: { a: b }', '1: domains: must be a list'],
  ['domains without a value', 'domains:', '1: domains: must be a list'],
  ['an unknown key of the file', [...GOOD, 'roles: []'].join('\n'), '17: roles: is not known here'],
  [
    'an unknown key of a domain',
    line(3, '    name: acme', '    nick: a'),
    '4: domains[0].nick: is not known here',
  ],
  [
    'an unknown key of a project',
    line(5, `      - { id: ${PROJECT_ID}, name: a, region: r }`),
    '5: domains[0].projects[0].region: is not known here',
  ],
  [
    'an unknown key of a user',
    line(8, '        name: admin', '        email: a'),
    `9: ${USER}.email: is not known here`,
  ],
  [
    'an unknown key of an access key',
    line(11, '          - { ak: a, sk: b, status: x }'),
    `11: ${KEY}.status: is not known here`,
  ],
  [
    'an unknown key of a policy',
    line(15, '  - name: mine', '    type: x'),
    '16: policies[0].type: is not known here',
  ],
  [
    'a key that is a list',
    line(3, '    name: acme', '    ? [a]', '    : b'),
    '4: domains[0]: has a key that is no text',
  ],
  [
    'a user that is text',
    'domains:\n  - id: a\n    name: b\n    users:\n      - admin',
    `5: ${USER}: must be a mapping`,
  ],
  ['a domain without id', 'domains:\n  - name: b', '2: domains[0]: id is missing'],
  ['no name of a user', line(8), `7: ${USER}: name is missing`],
  ['a name that is a list', line(8, '        name: [a]'), `8: ${USER}.name: must be text`],
  ['a name that is empty', line(8, '        name: ""'), `8: ${USER}.name: must be 1 to 128 characters`],
  [
    'a name with a blank at its end',
    line(8, '        name: "a "'),
    `8: ${USER}.name: must be 1 to 128 characters`,
  ],
  [
    'a name with a control character',
    line(8, '        name: "a\\u0007"'),
    `8: ${USER}.name: must be 1 to 128`,
  ],
  [
    'a name of 129 characters',
    line(8, `        name: ${'a'.repeat(129)}`),
    `8: ${USER}.name: must be 1 to 128`,
  ],
  ['a domain id with a slash', line(2, '  - id: a/b'), '2: domains[0].id: must be 1 to 64 letters'],
  [
    'a user id of 65 characters',
    line(7, `      - id: ${'a'.repeat(65)}`),
    `7: ${USER}.id: must be 1 to 64 letters`,
  ],
  [
    'a project id of 31 characters',
    line(5, `      - { id: ${'a'.repeat(31)}, name: a }`),
    '5: domains[0].projects[0].id: must be 32 to 64',
  ],
  [
    'a project id with a dash',
    line(5, `      - { id: ${'a-'.repeat(16)}, name: a }`),
    '5: domains[0].projects[0].id: must be 32 to 64',
  ],
  [
    'an access key with a comma',
    line(11, '          - { ak: "a,b", sk: c }'),
    `11: ${KEY}.ak: must be 1 to 128 printable`,
  ],
  [
    'an access key with a slash',
    line(11, '          - { ak: a/b, sk: c }'),
    `11: ${KEY}.ak: must be 1 to 128 printable`,
  ],
  [
    'an access key of 129 characters',
    line(11, `          - { ak: ${'a'.repeat(129)}, sk: c }`),
    `11: ${KEY}.ak: must be 1 to 128`,
  ],
  ['an access key without ak', line(11, '          - { sk: c }'), `11: ${KEY}: ak is missing`],
  [
    'an access key without a secret',
    line(11, '          - { ak: a }'),
    `11: ${KEY}: one of sk, sk_file, sk_env is missing`,
  ],
  [
    'two sources of a secret key',
    line(11, '          - { ak: a, sk: b, sk_env: C }'),
    `11: ${KEY}: only one of sk, sk_file, sk_env may be given`,
  ],
  [
    'an empty secret key',
    line(11, '          - { ak: a, sk: "" }'),
    `11: ${KEY}.sk: must be 1 to 256 printable`,
  ],
  [
    'a secret key with a blank',
    line(11, '          - { ak: a, sk: hush hush }'),
    `11: ${KEY}.sk: must be 1 to 256 printable`,
  ],
  [
    'a variable that is not set',
    line(11, '          - { ak: a, sk_env: NOT_SET }'),
    `11: ${KEY}.sk_env: variable NOT_SET is not set`,
  ],
  [
    'a variable name with a blank',
    line(11, '          - { ak: a, sk_env: A B }'),
    `11: ${KEY}.sk_env: must be the name of a variable`,
  ],
  [
    'a secret file that is absent',
    line(11, '          - { ak: a, sk_file: x.sk }'),
    `11: ${KEY}.sk_file: the file cannot be read`,
  ],
  ['a plain password', line(9, '        password: Passw0rd!'), `9: ${USER}.password: must be a scrypt hash`],
  [
    'both kinds of passwords',
    line(9, `        password: ${PASSWORD_HASH}`, '        password_file: x'),
    `7: ${USER}: only one of password, password_file may be given`,
  ],
  [
    'a password file that is absent',
    line(9, '        password_file: x'),
    `9: ${USER}.password_file: the file cannot be read`,
  ],
  [
    'a policy that does not exist',
    line(12, '        policies: [mine, CSMS Everything]'),
    `12: ${USER}.policies[1]: policy CSMS Everything does not exist`,
  ],
  [
    'a policy named twice',
    line(12, '        policies: [mine, mine]'),
    `12: ${USER}.policies[1]: mine is already in line 12`,
  ],
  [
    'a project that does not exist',
    line(13, '        projects: [local-2]'),
    `13: ${USER}.projects[0]: project local-2 is not in this domain`,
  ],
  ['projects of another type', line(13, '        projects: local-1'), `13: ${USER}.projects: must be a list`],
  [
    'a policy with a built-in name',
    line(15, '  - name: CSMS FullAccess'),
    '15: policies[0]: CSMS FullAccess is a built-in policy',
  ],
  ['a policy without a document', line(16), '15: policies[0]: document is missing'],
  [
    'an alias',
    [...GOOD.slice(0, 14), '  - &p { name: mine, document: {} }', '  - *p'].join('\n'),
    '16: (file): aliases are not accepted',
  ],
  ['an alias as a bomb', 'a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]', '2: (file): aliases are not accepted'],
  [
    'a doubled key',
    line(8, '        name: admin', '        name: root'),
    '9: (file): YAML error: duplicate key',
  ],
  [
    'a doubled key in braces',
    line(11, '          - { ak: a, sk: b, sk: c }'),
    '11: (file): YAML error: duplicate key',
  ],
  ['a tag', line(8, '        name: !!js/function x'), '8: (file): YAML error: tag resolve failed'],
  ['binary data', line(8, '        name: !!binary aGk='), `8: ${USER}.name: must be text`],
  ['a missing quote', line(8, '        name: "admin'), '8: (file): YAML error: missing char'],
  ['bad indentation', line(3, '   name: acme'), '3: (file): YAML error:'],
  ['two documents', `${GOOD.join('\n')}\n---\na: b`, '17: (file): YAML error: multiple docs'],
  ['nesting without end', `domains: ${'['.repeat(20_000)}`, '1: (file): YAML error: '],
  ['a text that is too large', ' '.repeat(16_777_217), '1: (file): is too large'],
];

describe('a faulty identities file', () => {
  it.each(FAULTS)('is refused with file, line and key: %s', (_name, text, wanted) => {
    expect(complaint(text)).toContain(`identities.yaml:${wanted}`);
  });

  it.each([
    ['domain id', `id: ${DOMAIN_ID}, name: b`],
    ['domain name', 'id: b, name: acme'],
    ['project id', `id: b, name: b, projects: [{ id: ${PROJECT_ID}, name: a }]`],
    ['user id', `id: b, name: b, users: [{ id: ${ADMIN_ID}, name: a }]`],
    ['access key', `id: b, name: b, users: [{ id: b, name: a, access_keys: [{ ak: ${AK}, sk: a }] }]`],
  ])('is refused when two domains share a %s', (kind, domain) => {
    const text = line(13, '        projects: [local-1]', `  - { ${domain} }`);
    expect(complaint(text)).toMatch(/^identities\.yaml:14: domains\[1\]/);
    expect(complaint(text)).toContain(kind);
  });

  it.each([
    ['user name', '      - { id: b, name: admin }', 14],
    ['access key', `      - { id: b, name: b, access_keys: [{ ak: ${AK}, sk: a }] }`, 14],
  ])('is refused when one domain has a %s twice', (kind, user, number) => {
    expect(complaint(line(13, '        projects: [local-1]', user))).toMatch(
      `identities.yaml:${number}: domains[0].users[1]`,
    );
    expect(complaint(line(13, '        projects: [local-1]', user))).toContain(kind);
  });

  it('is refused when two projects of a domain share a name, or two policies', () => {
    const twice = line(5, GOOD[4] ?? '', `      - { id: ${'f'.repeat(32)}, name: local-1 }`);
    expect(complaint(twice)).toMatch(
      /^identities\.yaml:6: domains\[0\]\.projects\[1\]\.name: local-1 is already in line 5/,
    );
    const policies = [...GOOD, '  - { name: mine, document: {} }'].join('\n');
    expect(complaint(policies)).toMatch(
      /^identities\.yaml:17: policies\[1\]\.name: mine is already in line 15/,
    );
  });

  it('never has its secrets quoted', () => {
    const texts = [
      line(11, '          - { ak: a, sk: hush hush }'),
      line(11, '          - { ak: a, sk: "hush'),
      line(11, '          - { ak: a, sk: hush, sk: hush }'),
      line(11, '          - { ak: a, sk: hush: hush }'),
      line(9, '        password: hush'),
    ];
    for (const text of texts) {
      expect(complaint(text)).not.toBe('accepted');
      expect(complaint(text)).not.toContain('hush');
    }
  });
});

describe('a mapping with very many keys', () => {
  it('is refused without comparing each with each other', () => {
    const keys = (count: number) => Array.from({ length: count }, (_, index) => `k${index}: 1`).join(', ');
    const time = (count: number) => {
      const before = process.cpuUsage();
      expect(complaint(`domains: {${keys(count)}}`)).toContain('domains: must be a list');
      return process.cpuUsage(before).user;
    };
    time(1_000);
    const [few, many] = [Math.min(time(1_000), time(1_000)), Math.min(time(16_000), time(16_000))];
    // Sixteen times as many: 256 times as long if each were compared with each.
    expect(many / few).toBeLessThan(100);
  });

  it('is still searched for doubled ones', () => {
    expect(complaint('a: 1\nb: 2\na: 3\n')).toContain('3: (file): YAML error: duplicate key');
  });
});
