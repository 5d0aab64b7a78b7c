import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { openapiDocument, type Schema } from '../support/answers.ts';
import {
  accepts,
  acceptsQuery,
  DEEP,
  type Field,
  fieldsOf,
  PAGES,
  parametersOf,
  sampleOf,
  textsFor,
  valuesFor,
  withField,
} from '../support/bad-values.ts';
import type { Answer } from '../support/exchange.ts';
import { familyOf, requestPath, requestQuery, type Target, targetsOf } from '../support/requests.ts';
import { ADMIN, ALPHA, BETA, shareServer } from '../support/server.ts';
import { callsOf, INVALID, NO_SECRET, NOT_THERE, ok, problem } from './calls.ts';
import { ABSENT_KEY, kmsCallsOf, refusal } from './kms-calls.ts';

// Everything here is made from the server's own document, so a new route is tested without a line for it.

const targets = targetsOf(await openapiDocument());
const withBody = targets.filter(({ body }) => body !== undefined);

/** Values of names that many operations share, so that what is asked for exists. */
const known: Record<string, unknown> = {
  project_id: ALPHA,
  name: 'generated',
  secret_name: 'db',
  version_id: 'v1',
  stage_name: 'blue',
  event_name: 'alarm',
  user_id: ADMIN.id,
  grantee_target_id: 'ops',
  secret_string: 'x',
  type: 'SECRET',
  grantee_type: '2',
  rotation_interval: 30,
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
    ...['a/b', ' a', 'a ', 'a*', '_sys_a', 'k'.repeat(129)].map((key) => ({ key })),
    { key: 'a', value: '*' },
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
  validity_time: [
    ...['', '2030', '2030-02-30', '31.12.2099', '2000-01-01', '2020-01-01 00:00:00', '2030-01-01 25:00:00'],
    ...['2999-12-31', '2099-12-31T12:00:00+02:00', '1893456000000'],
  ],
  'CreateGrants.resource_id': ['a\0'],
  grantee_target_id: ['\0', '\ud800'],
  instance_id: ['\0', '\ud800'],
  secret_name_list: [['..'], ['db', '.']],
  secrets: [['x'], [null], [{}, 7]],
  secret_blob: ['', 'x', ')CsmsServerSecretBackupV1.QQ.QQ.QQ', ')CloudSecretManagementBackupV1.come.a.b.c.d'],
  data: [{}, { a: 1 }, { a: null }, { a: 'x', b: ['x'] }, { a: { b: 'x' } }, { ...Array(101).fill('x') }],
  password_policy_name: ['x'],
  password: ['short', 'aaaaaaaaaaaaaaaaaaaaaaa', 'gX4kW9bZ2f\ud800', 'not the old one'.padEnd(1_025, 'x')],
};

/** What the key service answers for a field or a parameter, by its place: KMS.0308 unless it is named here. */
const KMS_CODES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    '0205': 'key_id',
    '0206': 'sequence',
    '0402': 'matches.0.value',
    '0403': 'matches.0.key',
    '0404': 'action',
    '0405': 'tag.value tags.0.value tags.0.values tags.0.values.0',
    '0406': 'tag.key tags.0.key',
    '0412': 'tag tags tags.0',
    '0415': 'matches matches.0',
    '0417': 'offset',
    '1101': 'alias aliases aliases.0 key_alias',
    '1103': 'key_description',
    '1401': 'pending_days',
    '1601': 'limit',
    '1602': 'marker',
    '1801': 'random_data_length',
    '1901': 'datakey_length',
    '2102': 'datakey_plain_length',
    '2201': 'cipher_text',
    '2202': 'datakey_cipher_length',
    '3001': 'rotation_interval',
  }).flatMap(([code, places]) => places.split(' ').map((place) => [place, code])),
);
/** Texts that a query is refused for, though they have the shape of their schema. */
const REFUSED_IN_QUERIES: Readonly<Record<string, readonly string[]>> = {
  'ListSecrets.marker': ['..', 'x'.repeat(65)],
  'ListSecretVersions.marker': ['latest', '12', 'v', 'v12345678901', 'v-1'],
  'ListSecretEvents.marker': ['a.b', 'm'.repeat(65)],
  'ListSecretTask.marker': ['x'],
  'ListSecretTask.task_id': ['', 'x', 'AAAAAAAA-AAAA-4AAA-8AAA-AAAAAAAAAAAA'],
  'ListSecretTask.secret_name': ['', 'a b', 'x'.repeat(65)],
  'ListGrants.resource_id': ['\0'],
};

const server = shareServer();
const acme = callsOf(server);
const kms = kmsCallsOf(server);
let token = '';
/** What the names of another project lead to. */
let foreign: Readonly<Record<string, string>>;

const TOPIC = { target_type: 'SMN', target_id: 'urn:smn:r:p:t', target_name: 't' };
const EVENT = { name: 'alarm', event_types: ['SECRET_DELETED'], state: 'ENABLED', notification: TOPIC };
const isThere = async (answer: Promise<Answer>) => (await answer).status === 200;

/** Whether a request may have changed what the samples name. */
let isChanged = true;

/** Whatever the test before has done, what the samples name is there and can be used, and what they make is not. */
beforeEach(async () => {
  if (!isChanged) return;
  isChanged = false;
  token ||= server.composed.issueToken(ADMIN.id, ALPHA) ?? '';
  foreign ??= await createForeign();
  if (!(await isThere(acme.get('/db/versions/v1')))) {
    await acme.post('/db/scheduled-deleted-tasks/cancel');
    await acme.post('', { name: 'db', secret_string: 'x' });
  }
  const { id, kms_key_id } = ok(await acme.get('/db')).secret;
  Object.assign(known, { secret_id: id, resource_id: id, key_id: kms_key_id });
  if (!(await isThere(acme.get('/db/stages/blue')))) await acme.put('/db/stages/blue', { version_id: 'v1' });
  if (await isThere(acme.get('/generated'))) await acme.remove('/generated');
  if (!(await isThere(acme.csms('GET', '/events/alarm')))) await acme.csms('POST', '/events', EVENT);
  const grant = { resource_id: id, type: 'SECRET', grantee_type: '2', grantee_target_id: 'ops' };
  if (ok(await acme.csms('GET', `/grants?resource_id=${id}`)).data.grantee_user.length === 0)
    ok(await acme.csms('POST', '/grants', grant));
});

async function createForeign(): Promise<Readonly<Record<string, string>>> {
  const beta = callsOf(server, ADMIN, BETA);
  const { id, kms_key_id, name } = await beta.create('foreign');
  ok(await beta.csms('POST', '/events', { ...EVENT, name }));
  return { secret_name: name, secret_id: id, resource_id: id, event_name: name, key_id: kms_key_id };
}

/** Reads of every row that a request could change; the server keeps the others by itself. */
let reads: Database.Statement[] | undefined;
function rowsNow(): unknown[] {
  reads ??= prepareReads();
  return reads.map((read) => read.all());
}

function prepareReads(): Database.Statement[] {
  const db = new Database(join(server.directory, 'data', 'csms.db'), { readonly: true });
  const names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").pluck().all();
  const kept = names.filter((name) => !['clock', 'job', 'row_sums', 'installation'].includes(String(name)));
  return kept.map((name) => db.prepare(`SELECT * FROM ${name}`));
}
const isKms = (template: string) => template.startsWith('/v1.0/');
const pathOf = (target: Target, changed = {}) => requestPath(target, known, changed);
const queryOf = (target: Target, changed = {}) => requestQuery(target, known, changed);
const placeOf = (target: Target) => pathOf(target) + queryOf(target);

/** Sends with a token: not every path and query here could be signed. */
async function send(target: Target, path: string, body?: unknown): Promise<Answer> {
  const payload = body ?? (target.body && sampleOf(target.body, known));
  const headers = { 'x-auth-token': token };
  const answer = await server.sendUnsigned({
    method: target.method,
    path,
    headers,
    ...(payload !== undefined && { body: payload }),
  });
  isChanged ||= answer.status < 300 && target.method !== 'GET';
  return answer;
}

/** A refusal of the caller's request, in the shape of the operation's family. */
function expectRefusal(target: Target, answer: Answer, what: string): void {
  expect(answer.status, `${what} -> ${answer.text}`).toBeGreaterThanOrEqual(400);
  expectNoFailure(target, answer, what);
}

/** Nothing that the caller sends makes the server fail; what it refuses has the shape of the operation's family. */
function expectNoFailure({ operationId, template }: Target, answer: Answer, what: string): void {
  expect(answer.status, `${what} -> ${answer.text}`).toBeLessThan(500);
  if (answer.status < 400) return;
  const { error, error_code, error_msg } = answer.json;
  expect([typeof error_code, typeof error_msg], what).toEqual(['string', 'string']);
  expect(error_msg.length, what).toBeLessThanOrEqual(512);
  // What is refused on the way to the operation has no family.
  if (['APIGW.0101', 'APIGW.0201'].includes(error_code)) return;
  if (familyOf({ operationId, template }) === 'flat') expect(error, what).toBeUndefined();
  else expect(error, what).toMatchObject({ error_code, error_msg, code: error_code, message: error_msg });
}

/** The refusal of a field or a parameter: by its name, with its code; `place` is where it stands in a body. */
function expectNamed(
  target: Target,
  answer: Answer,
  { what, name, place = name }: { readonly what: string; readonly name: string; readonly place?: string },
): void {
  expectRefusal(target, answer, what);
  expect([answer.status, answer.json.error_msg], what).toEqual([400, expect.stringContaining(name)]);
  const code = `KMS.${KMS_CODES[place] ?? '0308'}`;
  // A member that has to be there has a code of its own.
  const codes = isKms(target.template) ? [code, 'KMS.0204'] : ['CSMS.0002'];
  expect(codes, what).toContain(answer.json.error_code);
  if (answer.json.error_code !== codes[0]) expect(answer.json.error_msg).toContain('missing');
}

describe('a body field, made from the schema', () => {
  const cases = withBody.flatMap((target) =>
    fieldsOf(target.body ?? {}).map((field) => ({ target, field, name: field.keys.join('.') })),
  );
  const seen = new Set<string>();

  /**
   * What a field is given: values that its schema takes and values that it refuses, as JSON text. What a schema refuses is
   * sent in full once: where it stands again, one value of each type shows that it is in force.
   */
  function textsOf(whole: Schema, field: Field, name: string) {
    const key = `${name} ${JSON.stringify(field.schema)}`;
    const isKnown = seen.has(key);
    seen.add(key);
    const start = sampleOf(whole, known);
    const { true: taken = [], false: refused = [] } = Object.groupBy(
      textsFor(field.schema, name).filter((text) => !isKnown || !DEEP.includes(text)),
      (text) => {
        const value = JSON.parse(text);
        return String(accepts(whole, withField(start, whole, field, value)) && !PAGES[name]?.includes(value));
      },
    );
    if (!isKnown) return { taken, refused };
    const types = new Map(refused.toReversed().map((text) => [typeof JSON.parse(text), text]));
    return { taken, refused: [...types.values()] };
  }

  function refusedByRule(
    { operationId, template }: Target,
    [name, ...deeper]: Field['keys'],
  ): readonly string[] {
    if (isKms(template) || deeper.length > 0) return [];
    const values = REFUSED_BY_RULE[`${operationId}.${name}`] ?? REFUSED_BY_RULE[String(name)] ?? [];
    return values.map((value) => JSON.stringify(value));
  }

  it('starts from a body that the schema accepts', () => {
    expect(cases.length).toBeGreaterThan(25);
    for (const { body, operationId } of withBody) {
      expect(accepts(body ?? {}, sampleOf(body ?? {}, known)), operationId).toBe(true);
    }
  });

  it.each(cases)('$target.operationId: $name', async ({ target, field }) => {
    const whole = target.body ?? {};
    const name = String(field.keys.findLast((key) => typeof key === 'string') ?? '');
    // Beside a text, bytes are refused whatever they are.
    const { secret_string: _, ...withoutText } = known;
    const start = sampleOf(whole, name === 'secret_binary' ? withoutText : known);
    const bodyOf = (text: string) =>
      JSON.stringify(withField(start, whole, field, '@')).replace('"@"', () => text);
    const { taken, refused } = textsOf(whole, field, name);
    const before = rowsNow();
    for (const text of [...refused, ...refusedByRule(target, field.keys)]) {
      const answer = await send(target, placeOf(target), bodyOf(text));
      expectNamed(target, answer, { what: text.slice(0, 60), name, place: field.keys.join('.') });
    }
    expect(rowsNow()).toEqual(before);
    for (const text of taken)
      expectNoFailure(target, await send(target, placeOf(target), bodyOf(text)), text.slice(0, 60));
    expect((await acme.get('?limit=1')).status).toBe(200);
  });

  it.each(withBody.filter(({ body }) => (body?.required ?? []).length > 0))(
    '$operationId: $body.required cannot be left out',
    async (target) => {
      const start = sampleOf(target.body ?? {}, known) as Record<string, unknown>;
      for (const name of target.body?.required ?? []) {
        const { [name]: _, ...rest } = start;
        const answer = await send(target, placeOf(target), rest);
        expectNamed(target, answer, { what: name, name });
        if (isKms(target.template)) expect(answer.json.error_code).toBe('KMS.0204');
      }
    },
  );

  it.each(withBody)('$operationId: a member that is unknown may be anything', async (target) => {
    const body = { ...(sampleOf(target.body ?? {}, known) as object), unknown: '@' };
    const outcome = async (text: string) => {
      const { status, json } = await send(target, placeOf(target), JSON.stringify(body).replace('"@"', text));
      return [status, json?.error_code, json?.error_msg];
    };
    // The second of two may find what the first has made.
    await outcome('"@"');
    const taken = await outcome('"@"');
    for (const text of ['null', '1e400', '"\\ud800"', ...DEEP]) expect(await outcome(text)).toEqual(taken);
    expect(taken[2] ?? '').not.toContain('unknown');
  });
});

describe('a body', () => {
  const NO_OBJECT = [
    ...['[]', '[{}]', '"text"', '7', 'true', 'null'],
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
    const code = isKms(target.template) ? 'KMS.0202' : 'CSMS.0004';
    for (const body of NO_OBJECT) {
      expect(problem(await send(target, placeOf(target), body)), body.slice(0, 80)).toEqual([400, code]);
    }
  });

  it.each(targets.filter(({ method }) => method !== 'GET'))(
    '$operationId: refuses what is no JSON in UTF-8, with one text',
    async (target) => {
      const before = rowsNow();
      const [code, sentence] = isKms(target.template)
        ? ['KMS.0202', 'Invalid JSON format of the request message.']
        : ['CSMS.0004', 'The requested body format is wrong.'];
      for (const body of NO_JSON) {
        const answer = await send(target, placeOf(target), body);
        expectRefusal(target, answer, String(body).slice(0, 80));
        const { error: _, ...flat } = answer.json;
        expect([answer.status, flat], String(body).slice(0, 80)).toEqual([
          400,
          { error_code: code, error_msg: `${sentence} The body must be JSON in UTF-8.` },
        ]);
      }
      expect(rowsNow()).toEqual(before);
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
  });

  it('reaches no prototype', async () => {
    const polluted =
      '{"name":"..","constructor":{"prototype":{"polluted":1}},"toString":1,"hasOwnProperty":1}';
    expect(problem(await acme.post('', polluted))).toEqual(INVALID);
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

describe('a query parameter, made from the schema', () => {
  const cases = targets.flatMap((target) =>
    parametersOf(target.operation, 'query').map((parameter) => ({ target, parameter })),
  );

  it.each(cases)('$target.operationId: $parameter.name', async ({ target, parameter: { name, schema } }) => {
    const byRule = [...(REFUSED_IN_QUERIES[`${target.operationId}.${name}`] ?? []), ...(PAGES[name] ?? [])];
    const texts = valuesFor(schema, name).filter((value) => typeof value === 'string');
    const short = [...texts, ...byRule].filter((text) => text.isWellFormed() && text.length < 5_000);
    for (const value of [...short.map((text) => [text]), ['1', '2']]) {
      const answer = await send(target, pathOf(target) + queryOf(target, { [name]: value }));
      const what = JSON.stringify(value).slice(0, 60);
      const [only = ''] = value;
      const isTaken = acceptsQuery(schema, value.length === 1 ? only : value) && !byRule.includes(only);
      if (isTaken) expectNoFailure(target, answer, what);
      else expectNamed(target, answer, { what, name });
    }
    for (const raw of ['=%zz', '=%', '=%ff', '=%00', '[]=1', '[a]=1']) {
      const answer = await send(target, `${pathOf(target)}?${name}${raw}`);
      expectNoFailure(target, answer, raw);
    }
    expect((await acme.get('?limit=1')).status).toBe(200);
  });

  it.each(cases.filter(({ parameter }) => parameter.required))(
    '$target.operationId: $parameter.name cannot be left out',
    async ({ target, parameter: { name } }) => {
      const answer = await send(target, pathOf(target) + queryOf(target, { [name]: [] }));
      expectNamed(target, answer, { what: name, name });
    },
  );
});

describe('a path parameter, made from the schema', () => {
  const cases = targets.flatMap((target) =>
    parametersOf(target.operation, 'path').map((parameter) => ({ target, parameter })),
  );

  it.each(cases)('$target.operationId: $parameter.name', async ({ target, parameter: { name, schema } }) => {
    // Dots alone never get here: every client takes them out of a path before it sends it.
    const texts = valuesFor(schema, name)
      .filter((value) => typeof value === 'string')
      .filter((value) => !['.', '..'].includes(value));
    for (const text of texts.filter((value) => value.isWellFormed() && value.length < 5_000)) {
      const answer = await send(
        target,
        pathOf(target, { [name]: encodeURIComponent(text) }) + queryOf(target),
      );
      if (accepts(schema, text) && text !== '') expectNoFailure(target, answer, text);
      else expectRefusal(target, answer, JSON.stringify(text));
    }
    for (const raw of ['%zz', '%', '%ff', '%2F', '%2e%2e%2f', '%5C', 'x%00', `${'%C3%A9'.repeat(400)}`]) {
      const answer = await send(target, pathOf(target, { [name]: raw }) + queryOf(target));
      expectRefusal(target, answer, raw);
    }
    expect((await acme.get('?limit=1')).status).toBe(200);
  });
});

describe('what is not there', () => {
  /** The names that an operation goes by -> what it says of one that nothing has. */
  const ANSWERS = {
    secret_name: NO_SECRET,
    secret_id: NOT_THERE,
    resource_id: NOT_THERE,
    event_name: NOT_THERE,
    key_id: [404, 'KMS.0207'],
  } as const;
  /** They look first at what they are to encrypt or to open. */
  const LATE: readonly string[] = ['DecryptData', 'EncryptDatakey', 'DecryptDatakey'];
  const isNamedIn = ({ body, operation, template }: Target, name: string) =>
    template.includes(`{${name}}`) ||
    body?.properties?.[name] !== undefined ||
    parametersOf(operation, 'query').some((parameter) => parameter.required && parameter.name === name);
  const cases = targets
    .filter(({ operationId }) => !LATE.includes(operationId))
    .flatMap((target) => Object.entries(ANSWERS).map(([name, refused]) => ({ target, name, refused })))
    .filter(({ target, name }) => isNamedIn(target, name));

  it.each(cases)('$target.operationId: $name of nothing, or of another project', async (one) => {
    const { target, name, refused } = one;
    const before = rowsNow();
    const others: [unknown, readonly [number, string]][] = [
      [ABSENT_KEY, refused],
      [foreign[name], refused],
    ];
    if (name === 'key_id') others.push(['nonsense', [400, 'KMS.0205']]);
    for (const [other, expected] of others) {
      const names = { ...known, [name]: other };
      const path = requestPath(target, names, {}) + requestQuery(target, names, {});
      const answer = await send(target, path, target.body && sampleOf(target.body, names));
      expectRefusal(target, answer, path);
      expect(problem(answer), path).toEqual(expected);
    }
    expect(rowsNow()).toEqual(before);
  });
});

it('an operation of the key service refuses another media type and another method in its own words', async () => {
  const path = `${kms.base}/gen-random`;
  const headers = { 'content-type': 'text/plain' };
  expect(refusal(await server.send({ method: 'POST', path, body: '{}', headers }))).toEqual([
    415,
    'KMS.0202',
  ]);
  const get = await server.send({ method: 'GET', path });
  expect([get.status, get.json.error_code, get.headers.allow]).toEqual([405, 'APIGW.0101', 'POST']);
});

afterAll(async () => {
  reads?.[0]?.database.close();
  expect(server.logged().filter(({ level }) => Number(level) >= 50)).toEqual([]);
  expect((await server.sendUnsigned({ method: 'GET', path: '/readyz' })).status).toBe(200);
});
