import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Operation, openapiDocument, type Schema } from '../support/answers.ts';
import type { Answer } from '../support/exchange.ts';
import { ADMIN, ALPHA, shareServer } from '../support/server.ts';
import { BAD_BODY, callsOf, ok, problem } from './calls.ts';

const TOPIC = { target_type: 'SMN', target_id: 'urn:smn:r:p:t', target_name: 't' };
/** Stands for the id of the secret `db` until that is known. */
const SECRET = 'id-of-the-secret-called-db-36-letters';
/** A body that each operation accepts. */
const VALID: Record<string, Readonly<Record<string, unknown>>> = {
  CreateSecret: { name: 'new', secret_string: 'x' },
  UpdateSecret: { description: 'new' },
  DeleteSecretForSchedule: { recovery_window_in_days: 7 },
  CreateSecretVersion: { secret_string: 'x' },
  UpdateVersion: { expire_time: 1 },
  CreateSecretStage: { name: 'new', version_id: 'v1' },
  UpdateSecretStage: { version_id: 'v1' },
  CreateSecretEvent: {
    name: 'new',
    event_types: ['SECRET_DELETED'],
    state: 'ENABLED',
    notification: TOPIC,
  },
  UpdateSecretEvent: { state: 'ENABLED' },
  CreateSecretTag: { tag: { key: 'team', value: 'a' } },
  BatchCreateOrDeleteTags: { action: 'delete', tags: [{ key: 'absent' }], sequence: 's' },
  ListResourceInstances: { action: 'filter', limit: '10', offset: 0 },
  CreateGrants: { resource_id: SECRET, type: 'SECRET', grantee_type: '2', grantee_target_id: 'ops' },
  UpdateGrant: { resource_id: SECRET, type: 'SECRET', grantee_type: '2', grantee_target_id: 'ops' },
  BatchImportSecrets: { secrets: [] },
  BatchDeleteSecrets: { instance_id: 'no-such-instance' },
  BatchShowSecretVersion: { secret_name_list: ['db'] },
  UploadSecretBlob: { secret_blob: 'made before the tests run' },
  CheckSecrets: { type: '1', data: { a: 'x' } },
  UpdateSecretsConfig: { checking_secret_strength: false },
  GenerateRandomPassword: { length: 8 },
  CreateAgency: { secret_type: 'RDS-FG' },
  // The right old password would change it, once; its own test does that.
  UpdateUserPassword: { old_password: 'not the old one', password: 'Another-passphrase-5d21' },
};
const PARAMETERS: Readonly<Record<string, string>> = {
  project_id: ALPHA,
  secret_name: 'db',
  version_id: 'v1',
  stage_name: 'blue',
  event_name: 'alarm',
  secret_id: SECRET,
  key: 'team',
  resource_id: SECRET,
  secret_type: 'RDS-FG',
  secret_sub_type: 'SingleUser',
  engine: 'mysql',
  limit: '10',
  offset: '0',
};
/** Rules that are stricter than the schema: text that has its shape and is refused all the same. */
const REFUSED_BY_RULE: Readonly<Record<string, readonly unknown[]>> = {
  secret_string: ['', 'a\ud800', 'x'.repeat(65_537)],
  secret_binary: ['*', 'AAE', 'AAAA'.repeat(21_846)],
  description: ['a\0b', 'a\ud800', 'x'.repeat(2_049)],
  rotation_period: ['', '1', 'd', '-1d', '5h', '8761h', '1e3d', '366d', '99999999999d'],
  rotation_config: ['\0', '\udfff'],
  rotation_func_urn: ['\0', '\ud800'],
  enterprise_project_id: ['\0', '\ud800'],
  event_types: [[], ['SECRET_DELETED', 'SECRET_DELETED'], ['SECRET_VERSION_NEAR_EXPIRY']],
  limit: ['0', '1001', 0, 1_001, '-1', '1.5', 'x', ' 1', '99999999999'],
  offset: ['-1', '1.5', 'x', '2147483648', 2_147_483_648],
  tag: [
    { key: 'a/b' },
    { key: 'a', value: '*' },
    { key: '_sys_a' },
    { key: 'k'.repeat(129) },
    { value: 'a' },
  ],
  'BatchCreateOrDeleteTags.tags': [
    [],
    [{ key: '' }],
    [{ key: 7 }],
    [{ key: 'a', value: 7 }],
    [{ key: 'a', value: 'v'.repeat(256) }],
    [{ key: 'a' }, { key: '_sys_b' }],
    [{ key: 'a' }, { key: 'a', value: 'b' }],
  ],
  'ListResourceInstances.tags': [
    [{ key: '' }],
    [{ key: 7 }],
    [{ key: 'k'.repeat(129) }],
    [{ key: 'a\0' }],
    [{ key: 'a', values: 'x' }],
    [{ key: 'a', values: [7] }],
    [{ key: 'a', values: ['\ud800'] }],
    [{ key: 'a', values: ['v'.repeat(256)] }],
    [{ key: 'a', values: ['x', 'y', 'x'] }],
    [{ key: 'a', values: Array.from({ length: 11 }, (_, index) => `v${index}`) }],
  ],
  matches: [[{ key: 'name', value: 'x' }], [{ value: 'x' }], [{ key: 'resource_name', value: 'a\0' }]],
  validity_time: ['', '2030', '2030-02-30', '2000-01-01', '2030-01-01 25:00:00', '1893456000000'],
  grantee_target_id: ['\0', '\ud800'],
  instance_id: ['\0', '\ud800'],
  secret_name_list: [['..'], ['db', '.']],
  secrets: [['x'], [null], [{}, 7]],
  secret_blob: ['', 'x', ')CsmsServerSecretBackupV1.QQ.QQ.QQ', ')CloudSecretManagementBackupV1.come.a.b.c.d'],
  data: [{}, { a: 1 }, { a: null }, { a: 'x', b: ['x'] }],
  password_policy_name: ['x'],
  password: ['short', 'aaaaaaaaaaaaaaaaaaaaaaa', 'gX4kW9bZ2f\ud800', 'not the old one'.padEnd(1_025, 'x')],
};
/** Lists that are good all the same: an import says of each secret what is wrong with it. */
const GOOD_LISTS: Readonly<Record<string, readonly string[]>> = { secrets: ['[{}]'] };
/** Lists and objects of as many levels as a body may hold values. */
const DEEP = ['['.repeat(49_000) + ']'.repeat(49_000), `${'{"a":'.repeat(49_000)}1${'}'.repeat(49_000)}`];

interface Target {
  readonly operationId: string;
  readonly method: string;
  readonly path: string;
  /** The parameters that the query must have. */
  readonly query: readonly string[];
  readonly operation: Operation;
  readonly body: Schema | undefined;
}

const targets: Target[] = Object.entries((await openapiDocument()).paths).flatMap(([template, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    operationId: operation.operationId,
    method: method.toUpperCase(),
    path: template.replaceAll(/\{(\w+)\}/g, (_, name: string) => PARAMETERS[name] ?? name),
    query: (operation.parameters ?? [])
      .filter((parameter) => parameter.in === 'query' && parameter.required)
      .map(({ name }) => `${name}=${PARAMETERS[name]}`),
    operation,
    body: operation.requestBody?.content['application/json'].schema,
  })),
);
const withBody = targets.filter(({ body, path }) => body !== undefined && path.startsWith('/v1/'));

const server = shareServer();
beforeAll(async () => {
  secretId = (await acme.create('db')).id;
  await acme.addVersion('db');
  const base = { resource_id: secretId, type: 'SECRET', grantee_type: '2' };
  ok(await acme.csms('POST', '/grants', { ...base, grantee_target_id: 'ops' }));
  ok(await acme.csms('POST', `/${secretId}/tags`, { tag: { key: 'team', value: 'a' } }));
  ok(await acme.put('/db/stages/blue', { version_id: 'v1' }));
  ok(await event('POST', '', { ...VALID.CreateSecretEvent, name: 'alarm' }));
  await acme.create('new');
  VALID.UploadSecretBlob = ok(await acme.post('/new/backup'));
  await acme.remove('/new');
  before = await state();
});
const acme = callsOf(server);
let before: unknown;
let secretId = '';
const state = async () => [
  await acme.snapshot('db'),
  ok(await acme.get('')),
  ok(await event('GET', '')),
  ok(await acme.csms('GET', `/${secretId}/tags`)),
  ok(await acme.csms('GET', `/grants?resource_id=${secretId}`)),
];
/** A call about an event; the path starts behind `/events`. */
const event = (method: string, path: string, body?: unknown) =>
  server.send({ method, path: `/v1/${ALPHA}/csms/events${path}`, body });

/** Sends a body to a target, about the secret `db` unless another one is meant. */
function send(target: Target, body: unknown, id = secretId): Promise<Answer> {
  const path = `${target.path}?${target.query.join('&')}`.replace(SECRET, id);
  if (Buffer.isBuffer(body)) return server.send({ ...target, path, body });
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return server.send({ ...target, path, body: text.replaceAll(SECRET, id) });
}

/** Values, as JSON text, that break the schema of a field or a rule behind it. */
function badValues({ operationId }: Target, name: string, schema: Schema): string[] {
  const types = [schema.type ?? []].flat();
  const samples: readonly (readonly [string, unknown])[] = [
    ['string', 'text'],
    ['number', 7],
    ['number', -1.5],
    ['boolean', true],
    ['object', {}],
    ['object', { toString: 'x', length: 1 }],
    ['array', []],
    ['array', ['x']],
    ['null', null],
  ];
  const isNumber = types.includes('integer');
  const isText = types.includes('string');
  const wrongType = samples.filter(
    ([type, value]) => !types.includes(type) && !(isNumber && type === 'number' && value === 7),
  );
  const numbers = isNumber ? ['1e400', '-1e400', '1e308', '-1', '1.5', '9007199254740993', '"NaN"'] : [];
  if (isNumber && !isText) numbers.push('"1"');
  const texts = isText ? badTexts(schema) : [];
  const lists = types.includes('array') ? badLists(schema) : [];
  const byRule = REFUSED_BY_RULE[`${operationId}.${name}`] ?? REFUSED_BY_RULE[name] ?? [];
  const values = [...wrongType.map(([, value]) => value), ...texts, ...lists, ...byRule];
  const good = GOOD_LISTS[name] ?? [];
  const given = values.map((value) => JSON.stringify(value)).filter((text) => !good.includes(text));
  return [...given, ...numbers, ...DEEP];
}

function badTexts({ pattern, minLength = 0, maxLength, enum: choices }: Schema): string[] {
  const pool = [
    '',
    'x'.repeat(100_000),
    'x'.repeat(65),
    '\0',
    'NaN',
    'common',
    ' ',
    'é',
    'a\n',
    '__proto__',
    '../x',
  ];
  return pool.filter((text) => {
    const isLong = maxLength !== undefined && text.length > maxLength;
    const isOff = pattern !== undefined && !new RegExp(pattern).test(text);
    const isStrange = choices !== undefined && !choices.includes(text);
    return isLong || isOff || isStrange || text.length < minLength || text.length === 100_000;
  });
}

function badLists({ items = {}, maxItems = 0 }: Schema): unknown[] {
  const items_ = badTexts(items).map((text) => [text]);
  return [
    Array.from({ length: maxItems + 1 }, (_, index) => `s${index}`),
    [1],
    [null],
    [['x']],
    [{}],
    ...items_,
  ];
}

async function expectHarmless(answer: Answer): Promise<void> {
  expect(answer.status, answer.text).toBeGreaterThanOrEqual(400);
  expect(answer.status, answer.text).toBeLessThan(500);
  expect(typeof answer.json.error_code).toBe('string');
  expect(answer.json.error_msg.length).toBeLessThanOrEqual(512);
  expect(await state()).toEqual(before);
}

describe('a body field', () => {
  const cases = withBody.flatMap((target) =>
    Object.entries(target.body?.properties ?? {}).map(([name, schema]) => ({ target, name, schema })),
  );

  it('is declared by every operation that has a body', () => {
    expect([...new Set(withBody.map(({ operationId }) => operationId))].sort()).toEqual(
      Object.keys(VALID).sort(),
    );
    expect(cases.length).toBeGreaterThan(25);
  });

  it.each(cases)('$target.operationId: $name is refused by its name', async ({ target, name, schema }) => {
    const valid = JSON.stringify({ ...VALID[target.operationId], [name]: '@' });
    for (const value of badValues(target, name, schema)) {
      const answer = await send(
        target,
        valid.replace(/"@"/, () => value),
      );
      const what = `${value.slice(0, 80)} -> ${answer.text}`;
      expect(answer.status, what).toBe(400);
      expect(answer.json.error_code, what).toBe('CSMS.0002');
      expect(answer.json.error_msg, what).toContain(name);
      expect(answer.text.length, what).toBeLessThan(600);
    }
    expect(await state()).toEqual(before);
  });

  it.each(withBody.filter(({ body }) => body?.required))(
    '$operationId: $body.required cannot be left out, and is named',
    async (target) => {
      for (const name of target.body?.required ?? []) {
        const answer = await send(target, { ...VALID[target.operationId], [name]: undefined });
        expect(answer.json).toMatchObject({
          error_code: 'CSMS.0002',
          error_msg: expect.stringContaining(name),
        });
        await expectHarmless(answer);
      }
    },
  );

  it.each(withBody)('$operationId: a member that is unknown may be anything', async (target) => {
    const valid = JSON.stringify({ ...VALID[target.operationId], unknown: '@' });
    for (const value of ['null', '1e400', '"\\ud800"', ...DEEP]) {
      const [other, id] = await startIfNeeded(target);
      const answer = await send(
        other,
        valid.replace(/"@"/, () => value),
        id,
      );
      const isPassword = target.operationId === 'UpdateUserPassword';
      expect(isPassword ? [400] : [200, 204], answer.text).toContain(answer.status);
      if (isPassword) expect(answer.json.error_msg).toContain('old_password is not the present password');
    }
  });

  /** The target on a secret of its own, so that the common one stays as it is. */
  async function startIfNeeded(target: Target): Promise<[Target, string?]> {
    await removeSpares();
    if (['CreateSecret', 'CreateSecretEvent', 'UploadSecretBlob'].includes(target.operationId)) {
      return [target];
    }
    const { id } = await acme.create('other');
    ok(await event('POST', '', { ...VALID.CreateSecretEvent, name: 'other' }));
    if (target.operationId === 'UpdateGrant') {
      ok(await acme.csms('POST', '/grants', { ...VALID.CreateGrants, resource_id: id }));
    }
    return [{ ...target, path: target.path.replace('/db', '/other').replace('/alarm', '/other') }, id];
  }

  async function removeSpares(): Promise<void> {
    for (const name of ['new', 'other']) {
      await acme.remove(`/${name}`).catch(() => undefined);
      await event('DELETE', `/${name}`);
    }
  }
  afterAll(removeSpares);
});

describe('a body', () => {
  const NO_OBJECT = [
    '[]',
    '[{}]',
    '"text"',
    '7',
    'true',
    'null',
    `${' '.repeat(100_000)}null`,
    '1e400',
    ...DEEP.slice(0, 1),
  ];
  const NO_JSON = [
    ' ',
    '{',
    '{"name":"new","secret_string":"x"',
    "{'name':'new'}",
    '{"name":"new",}',
    '{"name":NaN}',
    '{"name":Infinity}',
    '{name:"new"}',
    '{"name":"a\nb"}',
    '{"name":"new"}{"name":"new"}',
    '{"name":"new"}\0',
    'name=new&secret_string=x',
    '<name>new</name>',
    '{"a":1 /* comment */}',
    DEEP[0]!.slice(1),
    Buffer.from('{"name":"\xff\xfe"}', 'latin1'),
    Buffer.from('{"name":"\xed\xa0\x80"}', 'latin1'),
    Buffer.from('{"name":"new","secret_string":"x"}', 'utf16le'),
    Buffer.from('{"name":"\xc0\xaf"}', 'latin1'),
    '{"__proto__":{"a":1},"name":"new"}',
    '{"\\u005f_proto__":{"a":1},"name":"new"}',
    '{"unknown":{"__proto__":1}}',
  ];

  it.each(withBody)('$operationId: refuses what is no JSON object', async (target) => {
    for (const body of NO_OBJECT) {
      const answer = await send(target, body);
      expect(problem(answer), String(body).slice(0, 80)).toEqual(BAD_BODY);
    }
    expect(await state()).toEqual(before);
  });

  it.each(targets.filter(({ path, method }) => path.startsWith('/v1/') && method !== 'GET'))(
    '$operationId: refuses what is no JSON in UTF-8, with one text',
    async (target) => {
      for (const body of NO_JSON) {
        const answer = await send(target, body);
        expect(answer.status, String(body).slice(0, 80)).toBe(400);
        const { error, ...flat } = answer.json;
        if (error !== undefined) expect(error).toMatchObject(flat);
        expect(flat).toEqual({
          error_code: 'CSMS.0004',
          error_msg: 'The requested body format is wrong. The body must be JSON in UTF-8.',
        });
      }
      expect(await state()).toEqual(before);
    },
  );

  it('may begin with a byte order mark and blanks', async () => {
    for (const prefix of ['\ufeff', ' \r\n\t']) {
      const body = `${prefix}{"description":"new"}`;
      expect((await acme.put('/spare', body)).status).toBe(404);
    }
  });

  it('counts the last of two members of one name', async () => {
    const answer = await acme.post('', '{"name":"first","name":"..","secret_string":"x"}');
    expect(answer.json.error_msg).toContain('name must be');
    await expectHarmless(answer);
  });

  it('reaches no prototype', async () => {
    const polluted =
      '{"name":"..","constructor":{"prototype":{"polluted":1}},"toString":1,"hasOwnProperty":1}';
    await expectHarmless(await acme.post('', polluted));
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    const inherited = await acme.post('', '{"constructor":{"prototype":{"name":"new"}},"secret_string":"x"}');
    expect(inherited.json.error_msg).toContain("'name'");
  });

  it('has room for 512 KiB and no more', async () => {
    const padded = (bytes: number) => '{"name":"..","pad":"'.padEnd(bytes - 2, 'x').concat('"}');
    expect(problem(await acme.post('', padded(524_288)))[0]).toBe(400);
    expect(problem(await acme.post('', padded(524_289)))).toEqual([413, 'APIGW.0201']);
  });
});

describe('a query parameter', () => {
  const cases = targets.flatMap((target) =>
    (target.operation.parameters ?? [])
      .filter((parameter) => parameter.in === 'query' && target.path.startsWith('/v1/'))
      .map(({ name }) => ({ target, name })),
  );
  const VALUES = [
    '%00',
    '%zz',
    '%',
    '%ff',
    'a%0Ab',
    '[]',
    '{}',
    '"',
    "'--",
    '$ne',
    // As long as a query may be, with room for the others.
    'x'.repeat(3_500),
    '%F0%9F%94%91',
  ];

  it.each(cases)('$target.operationId: $name never makes the server fail', async ({ target, name }) => {
    // Not every query here could be signed.
    const headers = { 'x-auth-token': server.composed.issueToken(ADMIN.id, ALPHA) ?? '' };
    for (const value of VALUES) {
      for (const query of [
        `${name}=${value}`,
        `${name}[]=${value}`,
        `${name}[a]=${value}`,
        `${name}=1&${name}=${value}`,
      ]) {
        const others = target.query.filter((parameter) => !parameter.startsWith(`${name}=`));
        const path = `${target.path}?${[...others, query].join('&')}`.replace(SECRET, secretId);
        const answer = await server.sendUnsigned({ ...target, path, headers });
        expect(answer.status, query).toBeLessThan(500);
        // What nobody has is not there; everything else is refused by its name.
        if (![200, 204, 404].includes(answer.status)) expect(answer.json.error_msg, query).toContain(name);
      }
    }
  });
});
