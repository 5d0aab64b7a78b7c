import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Operation, openapiDocument, type Schema } from '../support/answers.ts';
import { ADMIN, ALPHA, type Answer, startTestServer, type TestServer } from '../support/server.ts';
import { BAD_BODY, callsOf, ok, problem } from './calls.ts';

/** A body that each operation accepts. */
const VALID: Record<string, Readonly<Record<string, unknown>>> = {
  CreateSecret: { name: 'new', secret_string: 'x' },
  UpdateSecret: { description: 'new' },
  DeleteSecretForSchedule: { recovery_window_in_days: 7 },
  CreateSecretVersion: { secret_string: 'x' },
  UpdateVersion: { expire_time: 1 },
  CreateSecretStage: { name: 'new', version_id: 'v1' },
  UpdateSecretStage: { version_id: 'v1' },
  UploadSecretBlob: { secret_blob: 'made before the tests run' },
  CheckSecrets: { type: '1', data: { a: 'x' } },
  UpdateSecretsConfig: { checking_secret_strength: false },
  GenerateRandomPassword: { length: 8 },
  CreateAgency: { secret_type: 'RDS-FG' },
  // The right old password would change it, once; its own test does that.
  UpdateUserPassword: { old_password: 'not the old one', password: 'Another-passphrase-5d21' },
};
/** Bodies that may be left out, or null, altogether. */
const MAY_BE_NULL = ['DeleteSecretForSchedule', 'GenerateRandomPassword'];
/** Parameters that an operation cannot do without. */
const QUERIES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ListUsers: { offset: '0', limit: '10' },
  ShowAgency: { secret_type: 'RDS-FG' },
  ShowSecretFunctionTemplates: { secret_type: 'RDS-FG', secret_sub_type: 'SingleUser', engine: 'mysql' },
};
const PARAMETERS: Readonly<Record<string, string>> = {
  project_id: ALPHA,
  secret_name: 'db',
  version_id: 'v1',
  stage_name: 'blue',
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
  secret_blob: ['', 'x', ')CsmsServerSecretBackupV1.QQ.QQ.QQ', ')CloudSecretManagementBackupV1.come.a.b.c.d'],
  data: [{}, { a: 1 }, { a: null }, { a: 'x', b: ['x'] }],
  password_policy_name: ['x'],
  password: ['short', 'aaaaaaaaaaaaaaaaaaaaaaa', 'gX4kW9bZ2f\ud800', 'not the old one'.padEnd(1_025, 'x')],
};
/** 100,000 levels of lists, and as many of objects as a body can hold. */
const DEEP = ['['.repeat(100_000) + ']'.repeat(100_000), `${'{"a":'.repeat(80_000)}1${'}'.repeat(80_000)}`];

interface Target {
  readonly operationId: string;
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
  readonly body: Schema | undefined;
}

const targets: Target[] = Object.entries((await openapiDocument()).paths).flatMap(([template, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    operationId: operation.operationId,
    method: method.toUpperCase(),
    path: template.replaceAll(/\{(\w+)\}/g, (_, name: string) => PARAMETERS[name] ?? name),
    operation,
    body: operation.requestBody?.content['application/json'].schema,
  })),
);
const withBody = targets.filter(({ body, path }) => body !== undefined && path.startsWith('/v1/'));

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await acme.create('db');
  await acme.addVersion('db');
  ok(await acme.put('/db/stages/blue', { version_id: 'v1' }));
  await acme.create('new');
  VALID.UploadSecretBlob = ok(await acme.post('/new/backup'));
  await acme.remove('/new');
  before = await state();
});
afterAll(() => server.close());
const acme = callsOf(() => server);
let before: unknown;
const state = async () => [await acme.snapshot('db'), ok(await acme.get(''))];

/** Values, as JSON text, that break the schema of a field or a rule behind it. */
function badValues(name: string, schema: Schema): string[] {
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
  const wrongType = samples.filter(([type]) => !types.includes(type) && !(type === 'number' && isNumber));
  const numbers = isNumber
    ? ['1e400', '-1e400', '1e308', '-1', '1.5', '9007199254740993', '"1"', '"NaN"']
    : [];
  const texts = types.includes('string') ? badTexts(schema) : [];
  const lists = types.includes('array') ? badLists(schema) : [];
  const byRule = REFUSED_BY_RULE[name] ?? [];
  const values = [...wrongType.map(([, value]) => value), ...texts, ...lists, ...byRule];
  return [...values.map((value) => JSON.stringify(value)), ...numbers, ...DEEP];
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
    for (const value of badValues(name, schema)) {
      const answer = await server.send({ ...target, body: valid.replace(/"@"/, () => value) });
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
        const answer = await server.send({
          ...target,
          body: { ...VALID[target.operationId], [name]: undefined },
        });
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
      const other = await startIfNeeded(target);
      const answer = await server.send({ ...other, body: valid.replace(/"@"/, () => value) });
      expect(answer.status, answer.text).toBe(target.operationId === 'UpdateUserPassword' ? 400 : 200);
      if (answer.status === 400)
        expect(answer.json.error_msg).toContain('old_password is not the present password');
    }
  });

  /** The target on a secret of its own, so that the common one stays as it is. */
  async function startIfNeeded(target: Target): Promise<Target> {
    for (const name of ['new', 'other']) await acme.remove(`/${name}`).catch(() => undefined);
    if (['CreateSecret', 'UploadSecretBlob'].includes(target.operationId)) return target;
    await acme.create('other');
    return { ...target, path: target.path.replace('/db', '/other') };
  }

  afterAll(async () => {
    for (const name of ['new', 'other']) await acme.remove(`/${name}`).catch(() => undefined);
  });
});

describe('a body', () => {
  const NO_OBJECT = ['[]', '[{}]', '"text"', '7', 'true', 'null', '1e400', ...DEEP.slice(0, 1)];
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
    const mayBeNull = MAY_BE_NULL.includes(target.operationId);
    for (const body of NO_OBJECT.filter((text) => !(mayBeNull && text === 'null'))) {
      const answer = await server.send({ ...target, body });
      expect(problem(answer), String(body).slice(0, 80)).toEqual(BAD_BODY);
    }
    expect(await state()).toEqual(before);
  });

  it.each(targets.filter(({ path, method }) => path.startsWith('/v1/') && method !== 'GET'))(
    '$operationId: refuses what is no JSON in UTF-8, with one text',
    async (target) => {
      for (const body of NO_JSON) {
        const answer = await server.send({ ...target, body });
        expect(answer.status, String(body).slice(0, 80)).toBe(400);
        expect(answer.json).toEqual({
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
    'x'.repeat(5_000),
    '%F0%9F%94%91',
  ];

  it.each(cases)('$target.operationId: $name never makes the server fail', async ({ target, name }) => {
    // Not every query here could be signed.
    const headers = { 'x-auth-token': server.composed.issueToken(ADMIN.id, ALPHA) ?? '' };
    const others = Object.entries(QUERIES[target.operationId] ?? {}).filter(([other]) => other !== name);
    const rest = others.map(([other, value]) => `&${other}=${value}`).join('');
    for (const value of VALUES) {
      for (const query of [
        `${name}=${value}`,
        `${name}[]=${value}`,
        `${name}[a]=${value}`,
        `${name}=1&${name}=${value}`,
      ]) {
        const answer = await server.sendUnsigned({
          ...target,
          path: `${target.path}?${query}${rest}`,
          headers,
        });
        expect(answer.status, query).toBeLessThan(500);
        if (answer.status !== 200) expect(answer.json.error_msg, query).toContain(name);
      }
    }
  });
});
