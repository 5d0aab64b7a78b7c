import { describe, expect, it } from 'vitest';
import { ADMIN_ID, AK, DOMAIN_ID, PASSWORD_HASH, PROJECT_ID } from '../fixtures.ts';
import { complaint, GOOD, line } from '../identities-text.ts';

const USER = 'domains[0].users[0]';
const KEY = `${USER}.access_keys[0]`;

/** A text, and the line, the key and the words that refuse it. */
const FAULTS: readonly (readonly [text: string, complaint: string])[] = [
  ['', '1: (file): must be a mapping'],
  ['- a', '1: (file): must be a mapping'],
  ['policies: []', '1: (file): domains is missing'],
  ['domains: []', '1: domains: must hold a domain'],
  ['domains: { a: b }', '1: domains: must be a list'],
  ['domains:', '1: domains: must be a list'],
  [[...GOOD, 'roles: []'].join('\n'), '17: roles: is not known here'],
  [line(3, '    name: acme', '    nick: a'), '4: domains[0].nick: is not known here'],
  [
    line(5, `      - { id: ${PROJECT_ID}, name: a, region: r }`),
    '5: domains[0].projects[0].region: is not known here',
  ],
  [line(8, '        name: admin', '        email: a'), `9: ${USER}.email: is not known here`],
  [line(11, '          - { ak: a, sk: b, status: x }'), `11: ${KEY}.status: is not known here`],
  [line(15, '  - name: mine', '    type: x'), '16: policies[0].type: is not known here'],
  [line(3, '    name: acme', '    ? [a]', '    : b'), '4: domains[0]: has a key that is no text'],
  ['domains:\n  - id: a\n    name: b\n    users:\n      - admin', `5: ${USER}: must be a mapping`],
  ['domains:\n  - name: b', '2: domains[0]: id is missing'],
  [line(8), `7: ${USER}: name is missing`],
  [line(8, '        name: [a]'), `8: ${USER}.name: must be text`],
  [line(8, '        name: ""'), `8: ${USER}.name: must be 1 to 128 characters`],
  [line(8, '        name: "a "'), `8: ${USER}.name: must be 1 to 128 characters`],
  [line(8, '        name: "a\\u0007"'), `8: ${USER}.name: must be 1 to 128`],
  [line(8, `        name: ${'a'.repeat(129)}`), `8: ${USER}.name: must be 1 to 128`],
  [line(2, '  - id: a/b'), '2: domains[0].id: must be 1 to 64 letters'],
  [line(7, `      - id: ${'a'.repeat(65)}`), `7: ${USER}.id: must be 1 to 64 letters`],
  [line(5, `      - { id: ${'a'.repeat(31)}, name: a }`), '5: domains[0].projects[0].id: must be 32 to 64'],
  [line(5, `      - { id: ${'a-'.repeat(16)}, name: a }`), '5: domains[0].projects[0].id: must be 32 to 64'],
  [line(11, '          - { ak: "a,b", sk: c }'), `11: ${KEY}.ak: must be 1 to 128 printable`],
  [line(11, '          - { ak: a/b, sk: c }'), `11: ${KEY}.ak: must be 1 to 128 printable`],
  [line(11, `          - { ak: ${'a'.repeat(129)}, sk: c }`), `11: ${KEY}.ak: must be 1 to 128`],
  [line(11, '          - { sk: c }'), `11: ${KEY}: ak is missing`],
  [line(11, '          - { ak: a }'), `11: ${KEY}: one of sk, sk_file, sk_env is missing`],
  [
    line(11, '          - { ak: a, sk: b, sk_env: C }'),
    `11: ${KEY}: only one of sk, sk_file, sk_env may be given`,
  ],
  [line(11, '          - { ak: a, sk: "" }'), `11: ${KEY}.sk: must be 1 to 256 printable`],
  [line(11, '          - { ak: a, sk: hush hush }'), `11: ${KEY}.sk: must be 1 to 256 printable`],
  [line(11, '          - { ak: a, sk_env: NOT_SET }'), `11: ${KEY}.sk_env: variable NOT_SET is not set`],
  [line(11, '          - { ak: a, sk_env: A B }'), `11: ${KEY}.sk_env: must be the name of a variable`],
  [line(11, '          - { ak: a, sk_file: x.sk }'), `11: ${KEY}.sk_file: the file cannot be read`],
  [line(9, '        password: Passw0rd!'), `9: ${USER}.password: must be a scrypt hash`],
  [
    line(9, `        password: ${PASSWORD_HASH}`, '        password_file: x'),
    `7: ${USER}: only one of password, password_file may be given`,
  ],
  [line(9, '        password_file: x'), `9: ${USER}.password_file: the file cannot be read`],
  [
    line(12, '        policies: [mine, CSMS Everything]'),
    `12: ${USER}.policies[1]: policy CSMS Everything does not exist`,
  ],
  [line(12, '        policies: [mine, mine]'), `12: ${USER}.policies[1]: mine is already in line 12`],
  [line(13, '        projects: [local-2]'), `13: ${USER}.projects[0]: project local-2 is not in this domain`],
  [line(13, '        projects: local-1'), `13: ${USER}.projects: must be a list`],
  [line(15, '  - name: CSMS FullAccess'), '15: policies[0].name: CSMS FullAccess is a built-in policy'],
  [line(16), '15: policies[0]: one of document, document_file is missing'],
  [
    [...GOOD.slice(0, 14), '  - &p { name: mine, document: {} }', '  - *p'].join('\n'),
    '16: (file): aliases are not accepted',
  ],
  ['a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]', '2: (file): aliases are not accepted'],
  [line(8, '        name: admin', '        name: root'), `9: ${USER}.name: YAML error: duplicate key`],
  [
    line(11, '          - { ak: a, sk: b, sk: c }'),
    `11: ${USER}.access_keys[0].sk: YAML error: duplicate key`,
  ],
  // What may be the rest of a secret with a comma and no quotes is not repeated.
  [line(11, '          - { ak: a, sk: hush,hush2,hush2 }'), `11: ${KEY}.?: YAML error: duplicate key`],
  [line(11, '          - { ak: a, sk: hush,hush2 }'), `11: ${KEY}.?: is not known here`],
  [line(8, '        name: !!js/function x'), '8: (file): YAML error: tag resolve failed'],
  [line(8, '        name: !!binary aGk='), `8: ${USER}.name: must be text`],
  [line(8, '        name: "admin'), '8: (file): YAML error: missing char'],
  [line(3, '   name: acme'), '3: (file): YAML error:'],
  [`${GOOD.join('\n')}\n---\na: b`, '17: (file): YAML error: multiple docs'],
  [`domains: ${'['.repeat(20_000)}`, '1: (file): YAML error: '],
  [`domains: ${'['.repeat(16_000_000)}`, '1: (file): is nested too deeply'],
  [`domains: [${'{},'.repeat(1_000_000)}]`, '1: (file): has too many entries and lines'],
  [`domains:${'\r\n'.repeat(2_000_001)}`, '1: (file): has too many entries and lines'],
  [' '.repeat(16_777_217), '1: (file): is too large'],
];

describe('a faulty identities file', () => {
  it.each(FAULTS.map(([text, wanted]) => [wanted, text]))(
    'is refused with file, line and key: %s',
    (wanted, text) => {
      expect(complaint(text)).toContain(`identities.yaml:${wanted}`);
    },
  );

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

  it.each([
    ['certificates: []', '.certificates: must hold 1 to 16 certificates'],
    ['certificates: [ { san: "spiffe://a/b" } ]', '.certificates[0].san: must be URI:<uri>, DNS:'],
    ['certificates: [ { san: "DNS:Ops.example" } ]', '.certificates[0].san: must be URI:<uri>, DNS:'],
    ['certificates: [ { san: "IP:10.0.0.1" } ]', '.certificates[0].san: must be URI:<uri>, DNS:'],
    ['certificates: [ { sha256: ab } ]', '.certificates[0].sha256: must be a SHA-256 fingerprint'],
    ['certificates: [ {} ]', '.certificates[0]: takes one of san, sha256'],
    ['certificates: [ { cn: a } ]', '.certificates[0].cn: is not known here'],
    [
      'certificates: [ { san: "DNS:a" }, { san: "DNS:a" } ]',
      '.certificates[1].san: DNS:a is already in line 13',
    ],
    [
      `certificates: [ { sha256: ${'ab'.repeat(32)} }, { sha256: "${Array(32).fill('AB').join(':')}" } ]`,
      '.certificates[1].sha256: sha256:abab',
    ],
    ['require_certificate: true', ': require_certificate goes with certificates'],
    ['require_certificate: maybe', '.require_certificate: must be'],
  ])('is refused with %s', (field, words) => {
    expect(complaint(line(13, `        ${field}`))).toMatch(
      new RegExp(`^identities\\.yaml:\\d+: ${`${USER}${words}`.replaceAll(/[.[\]]/g, '\\$&')}`),
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
    expect(many / few).toBeLessThan(64);
  });

  it('is still searched for doubled ones', () => {
    expect(complaint('a: 1\nb: 2\na: 3\n')).toContain('3: a: YAML error: duplicate key');
  });
});
