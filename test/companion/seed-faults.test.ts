import { describe, expect, it } from 'vitest';
import { checkSeed } from '../../src/companion/seed/check.ts';
import { derivedId } from '../../src/companion/seed/ids.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/core/limits.ts';
import { EXAMPLE, seedOf } from './seed-text.ts';

const NOW_MS = Date.UTC(2030, 0, 1);
const check = (text: string, limits: Limits = DEFAULT_LIMITS) =>
  checkSeed({ file: 'seed.yaml', text, region: 'local-1', nowMs: NOW_MS, limits, webhookHosts: 'loopback' });

function complaint(text: string, limits?: Limits): string {
  try {
    check(text, limits);
    return 'none';
  } catch (error) {
    return (error as Error).message;
  }
}

/** The only secret, event, key or user of a seed, with these members. */
const secret = (members: string) => seedOf('secrets:', `  - { ${members} }`);
const event = (members: string) => seedOf('events:', `  - { ${members} }`);
const key = (members: string) => seedOf('keys:', `  - { ${members} }`);
const user = (members: string) => seedOf('users:', `  - { ${members} }`);
const many = (noun: string, count: number, member: (index: number) => string) =>
  seedOf(`${noun}:`, ...Array.from({ length: count }, (_, index) => `  - { ${member(index)} }`));
const versions = (...entries: string[]) =>
  seedOf('secrets:', '  - name: a', '    versions:', ...entries.map((entry) => `      - { ${entry} }`));

/** A seed, and how the complaint about it begins. */
const FAULTS: readonly (readonly [text: string, complaint: string])[] = [
  ['', '1: (file): must be a mapping'],
  ['keys: []', '1: csms: is missing'],
  ['csms: 2', '1: csms: must be 1'],
  ['csms: [', '1: (file): YAML error'],
  [seedOf('servers: []'), '2: servers: is not known here'],
  [seedOf('secrets: {}'), '2: secrets: must be a list'],
  [seedOf('secrets: [a]'), '2: secrets[0]: must be a mapping'],
  [seedOf('clock: now'), '2: clock: must be a time such as 2030-01-31T00:00:00Z'],
  [seedOf('clock: 2030-02-30T00:00:00Z'), '2: clock: must be a time'],
  [seedOf('keys: []', 'keys: []'), '3: keys: YAML error: duplicate key'],
  [
    EXAMPLE.replace('now+30d', 'in a month'),
    '16: secrets[1].versions[0].expire_time: must be a time such as',
  ],
  // Members
  [secret('name: a, secret_string: b, colour: red'), '3: secrets[0].colour: is not known here'],
  [secret('name: a, secret_string: b, secret_string: c'), '3: secrets[0].secret_string: YAML error'],
  [secret('secret_string: b'), '3: secrets[0].name: is missing'],
  [secret('name: a/b, secret_string: c'), '3: secrets[0].name: must be 1 to 64 letters'],
  [secret('name: .., secret_string: c'), '3: secrets[0].name: must be 1 to 64 letters'],
  [secret('name: a'), '3: secrets[0]: secret_string, secret_binary or versions is missing'],
  [secret('name: a, secret_string: ""'), '3: secrets[0].secret_string: must not be empty'],
  [
    secret('name: a, secret_string: b, secret_binary: AAEC'),
    '3: secrets[0].secret_binary: must not be given',
  ],
  [secret('name: a, secret_binary: "%%"'), '3: secrets[0].secret_binary: must be Base64 with padding'],
  [
    secret(`name: a, secret_string: ${'x'.repeat(65_537)}`),
    '3: secrets[0].secret_string: must be at most 65536',
  ],
  [secret('name: a, secret_string: { b: c }'), '3: secrets[0].secret_string: must be text'],
  [secret('name: a, secret_string: b, id: 1'), '3: secrets[0].id: must be a UUID in lower case'],
  [
    secret('name: a, secret_string: b, state: OPEN'),
    '3: secrets[0].state: must be ENABLED, DISABLED, FROZEN or',
  ],
  [
    secret('name: a, secret_string: b, state: PENDING_DELETE'),
    '3: secrets[0].state: needs scheduled_delete_time',
  ],
  [
    secret('name: a, secret_string: b, scheduled_delete_time: now+31d'),
    '3: secrets[0].scheduled_delete_time: must be at most 30 days',
  ],
  [
    secret('name: a, secret_string: b, create_time: now-99999d'),
    '3: secrets[0].create_time: must be a time from',
  ],
  [
    secret('name: a, secret_string: b, create_time: now+'),
    '3: secrets[0].create_time: must be a time such as',
  ],
  [
    secret('name: a, secret_string: b, create_time: now+3w'),
    '3: secrets[0].create_time: must be a time such as',
  ],
  [secret('name: a, secret_string: b, secret_type: MAGIC'), '3: secrets[0].secret_type: must be COMMON,'],
  [
    secret('name: a, secret_string: b, auto_rotation: yes'),
    '3: secrets[0].auto_rotation: must be true or false',
  ],
  [secret('name: a, secret_string: b, auto_rotation: true'), '3: secrets[0].auto_rotation: is not possible'],
  [
    secret('name: a, secret_string: b, secret_type: RDS-FG'),
    '3: secrets[0]: rotation_config is required for a secret of type RDS-FG',
  ],
  [
    secret('name: a, secret_string: b, rotation_period: 1h'),
    '3: secrets[0].rotation_period: must be a whole',
  ],
  [
    secret(`name: a, secret_string: b, description: ${'x'.repeat(2_049)}`),
    '3: secrets[0].description: must be at',
  ],
  [
    secret(`name: a, secret_string: b, rotation_config: ${'x'.repeat(1_025)}`),
    '3: secrets[0].rotation_config: must',
  ],
  [
    secret('name: a, secret_string: b, enterprise_project_id: ""'),
    '3: secrets[0].enterprise_project_id: must be 1',
  ],
  [
    secret('name: a, secret_string: b, tags: { _sys_a: b }'),
    '3: secrets[0].tags._sys_a: key must be 1 to 128',
  ],
  [secret('name: a, secret_string: b, tags: { a: "<" }'), '3: secrets[0].tags.a: must be at most 255'],
  [
    secret('name: a, secret_string: b, tags: [{ key: c, value: d }, { key: c }]'),
    '3: secrets[0].tags[1]: must not be repeated',
  ],
  [
    secret(
      `name: a, secret_string: b, tags: { ${Array.from({ length: 21 }, (_, at) => `k${at}: v`).join(', ')} }`,
    ),
    '3: secrets[0].tags.k20: is one too many: at most 20 tags',
  ],
  [
    secret('name: a, secret_string: b, event_subscriptions: alarm'),
    '3: secrets[0].event_subscriptions: must be a list',
  ],
  [
    secret('name: a, secret_string: b, event_subscriptions: [a, b]'),
    '3: secrets[0].event_subscriptions[1]: is one',
  ],
  [many('secrets', 2, () => 'name: a, secret_string: b'), '4: secrets[1].name: a is already in line 3'],
  [
    many('secrets', 2, (at) => `name: a${at}, secret_string: b, id: 11111111-1111-4111-8111-111111111111`),
    '4: secrets[1].id: 11111111-1111-4111-8111-111111111111 is already in line 3',
  ],
  // Versions
  [versions('secret_string: b, name: c'), '5: secrets[0].versions[0].name: is not known here'],
  [versions('expire_time: now'), '5: secrets[0].versions[0]: secret_string or secret_binary is missing'],
  [seedOf('secrets:', '  - { name: a, versions: [] }'), '3: secrets[0].versions: must hold a version'],
  [
    seedOf('secrets:', '  - { name: a, secret_string: b, versions: [{ secret_string: c }] }'),
    '3: secrets[0].secret_string: must not be given beside versions',
  ],
  [versions('secret_string: b, id: v0'), '5: secrets[0].versions[0].id: must be "v" and a number'],
  [
    versions('secret_string: b, id: v7', 'secret_string: c, id: v7'),
    '6: secrets[0].versions[1].id: must be greater',
  ],
  [
    versions('secret_string: b, version_stages: [a b]'),
    '5: secrets[0].versions[0].version_stages[0]: must be 1 to',
  ],
  [
    versions('secret_string: b, version_stages: [blue]', 'secret_string: c, version_stages: [blue]'),
    '6: secrets[0].versions[1].version_stages[0]: blue is already in line 5',
  ],
  [
    versions(
      `secret_string: b, version_stages: [${Array.from({ length: 11 }, (_, at) => `s${at}`).join(', ')}]`,
    ),
    '5: secrets[0].versions[0].version_stages[10]: is one too many: a secret has at most 12 stages',
  ],
  [
    versions(...Array.from({ length: 21 }, () => 'secret_string: b')),
    '25: secrets[0].versions[20]: is one too many: a secret has at most 20 versions',
  ],
  // Keys
  [key('key_id: ab'), '3: keys[0].key_alias: is missing'],
  [key('key_alias: "a b"'), '3: keys[0].key_alias: must be 1 to 255'],
  [key('key_alias: x/default'), '3: keys[0].key_alias: must not end in "/default"'],
  [key('key_alias: csms/default, tags: { a: b }'), '3: keys[0].tags: is not possible for the default key'],
  [key('key_alias: a, key_id: "a b"'), '3: keys[0].key_id: must be 2 to 64'],
  [key('key_alias: a, key_spec: SM4'), '3: keys[0].key_spec: must be AES_256'],
  [
    key('key_alias: a, rotation_interval: 29'),
    '3: keys[0].rotation_interval: must be a whole number from 30 to 365',
  ],
  [key('key_alias: a, tags: { b: "\\ud800" }'), '3: keys[0].tags.b: must be well-formed text'],
  [key('key_alias: a, tags: { "\\ud800": b }'), '3: keys[0].tags: has a key that is no text'],
  [user('name: "\\ud800"'), '3: users[0].name: must be well-formed text'],
  [key('key_alias: a, rotation_interval: often'), '3: keys[0].rotation_interval: must be a whole number'],
  [key('key_alias: a, enabled: no'), '3: keys[0].enabled: must be true or false'],
  [
    key('key_alias: a, scheduled_delete_time: now+1097d'),
    '3: keys[0].scheduled_delete_time: must be at most 1096',
  ],
  [
    key(`key_alias: a, key_description: ${'x'.repeat(256)}`),
    '3: keys[0].key_description: must be at most 255',
  ],
  [key(`key_alias: a, tags: { ${'k'.repeat(37)}: b }`), '3: keys[0].tags.kkk'],
  [key(`key_alias: a, tags: { k: ${'v'.repeat(44)} }`), '3: keys[0].tags.k: must be at most 43'],
  [
    many('keys', 2, (at) => `key_alias: ${at === 0 ? '' : 'alias/'}a`),
    '4: keys[1].key_alias: a is already in line 3',
  ],
  [
    many('keys', 101, (at) => `key_alias: a${at}`),
    '103: keys[100]: is one too many: a project has at most 100',
  ],
  // Events
  [event('name: a, topic: b'), '3: events[0].event_types: is missing'],
  [event('name: a, topic: b, event_types: []'), '3: events[0].event_types: must name at least one'],
  [
    event('name: a, topic: b, event_types: [SECRET_LOST]'),
    '3: events[0].event_types[0]: must be SECRET_VERSION_CREATED,',
  ],
  [
    event('name: a, topic: b, event_types: [SECRET_ROTATED, SECRET_ROTATED]'),
    '3: events[0].event_types: must not name a type twice',
  ],
  [event('name: a b, topic: b, event_types: [SECRET_ROTATED]'), '3: events[0].name: must be 1 to 64'],
  [event('name: a, event_types: [SECRET_ROTATED]'), '3: events[0]: topic or notification is missing'],
  [event('name: a, topic: "a b", event_types: [SECRET_ROTATED]'), '3: events[0].topic: must be the URN'],
  [
    event('name: a, topic: b, event_types: [SECRET_ROTATED], state: ON'),
    '3: events[0].state: must be ENABLED or',
  ],
  [
    event(
      'name: a, event_types: [SECRET_ROTATED], notification: { target_type: SMS, target_id: a, target_name: b }',
    ),
    '3: events[0].notification.target_type: must be SMN',
  ],
  [
    many('events', 31, (at) => `name: a${at}, topic: b, event_types: [SECRET_ROTATED]`),
    '33: events[30]: is one too many: a project has at most 30 events',
  ],
  // Users
  [user('ak: a, sk: b'), '3: users[0].name: is missing'],
  [user('name: a, ak: "a b", sk: b'), '3: users[0].ak: must be 1 to 128 printable'],
  [user('name: a, ak: b'), '3: users[0].ak: needs ak and sk'],
  [user('name: a, policies: [Nobody]'), '3: users[0].policies[0]: policy Nobody does not exist'],
  [many('users', 2, (at) => `name: a${at}, ak: b, sk: c`), '4: users[1].ak: b is already in line 3'],
  // Hooks
  [seedOf('hooks: { queues: [] }'), '2: hooks.queues: is not known here'],
  [
    seedOf('hooks:', '  topics:', '    - { urn: "*", endpoints: [nowhere] }'),
    '4: hooks.topics[0].endpoints[0]: must be',
  ],
  [
    seedOf('hooks:', '  functions:', '    - { urn: x, url: builtin }'),
    '4: hooks.functions[0].urn: must be a function',
  ],
  // Names that lead nowhere
  [
    secret('name: a, secret_string: b, kms_key_id: nowhere'),
    '3: secrets[0].kms_key_id: names a key that does not exist',
  ],
  [versions('secret_string: b, kms_key_id: nowhere'), '5: secrets[0].versions[0].kms_key_id: names a key'],
  [
    secret('name: a, secret_string: b, event_subscriptions: [x]'),
    '3: secrets[0].event_subscriptions: names an event',
  ],
];

describe('a wrong seed', () => {
  it.each(FAULTS)('is refused with line and key: %#', (text, expected) => {
    expect(complaint(text)).toContain(`seed.yaml:${expected}`);
  });

  it('is told without any value, however it is wrong', () => {
    const value = 'Tr0ub4dor';
    const wrong = [
      `name: a, secret_string: b,${value}`,
      `name: a, secret_string: "${value}`,
      `name: a, secret_string: { ${value}: b }`,
      `name: a, secret_string: [${value}]`,
      `name: a, secret_string: b, secret_type: ${value}`,
      `name: a, secret_string: b, state: ${value}`,
      `name: a, secret_binary: ${value}%`,
      `name: a, secret_string: ${value.repeat(8_000)}`,
      `name: a, secret_string: *${value}`,
      `name: a, secret_string: !${value} b`,
      `name: a, secret_string: b, expire_time: ${value}`,
      `name: a, secret_string: b, id: ${value}`,
      `name: a, secret_string: b, auto_rotation: ${value}`,
      `name: a, secret_string: b, scheduled_delete_time: ${value}`,
    ];
    for (const members of wrong) {
      const told = complaint(secret(members));
      expect(told).toMatch(/^seed\.yaml:\d: /);
      expect(told).not.toContain(value);
    }
    for (const members of [`name: a, ak: b, sk: "${value} ${value}"`, `name: a, password: [${value}]`]) {
      expect(complaint(user(members))).not.toContain(value);
    }
  });

  it('may give nobody the id that follows from the name of another', () => {
    const id = derivedId({ projectId: '0'.repeat(32), kind: 'secret', name: 'a1' });
    const text = many('secrets', 2, (at) => `name: a${at}, secret_string: b${at === 0 ? `, id: ${id}` : ''}`);
    expect(complaint(text)).toContain(`4: secrets[1]: ${id} is already in line 3`);
  });

  it('is held to the limits that it is checked with', () => {
    const text = many('secrets', 3, (at) => `name: a${at}, secret_string: bcd`);
    expect(complaint(text, { ...DEFAULT_LIMITS, secrets: 2 })).toContain('5: secrets[2]: is one too many');
    expect(complaint(text, { ...DEFAULT_LIMITS, valueBytes: 2 })).toContain(
      '3: secrets[0].secret_string: must be',
    );
    expect(complaint(text)).toBe('none');
  });
});

describe('a right seed', () => {
  it('says how much it would create on an empty server', () => {
    expect(check(EXAMPLE)).toEqual({ created: 6, replaced: 0, unchanged: 0 });
    expect(check('csms: 1')).toEqual({ created: 0, replaced: 0, unchanged: 0 });
    expect(
      check(JSON.stringify({ csms: 1, secrets: [{ name: 'a', secret_string: '\u{1f511} "b"' }] })),
    ).toEqual({ created: 1, replaced: 0, unchanged: 0 });
  });

  it.each([
    'name: a, secret_string: b, state: FROZEN',
    'name: a, secret_string: b, kms_key_id: csms/default',
    'name: a, secret_string: b, scheduled_delete_time: 2020-01-01T00:00:00Z',
    'name: a, secret_string: b, expire_time: now-1d, version_stages: [SYSCURRENT, blue]',
    'name: a, secret_string: b, tags: [{ key: c, value: d }, { key: e }]',
  ])('may have { %s }', (members) => {
    expect(complaint(secret(members))).toBe('none');
  });
});
