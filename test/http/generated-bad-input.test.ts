import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { REFERENCE } from '../matrix/results.ts';
import { openapiDocument } from '../support/answers.ts';
import {
  accepts,
  acceptsQuery,
  fieldsOf,
  PAGES,
  parametersOf,
  sampleOf,
  valuesFor,
  withField,
} from '../support/bad-values.ts';
import type { Answer } from '../support/exchange.ts';
import { requestPath, requestQuery, type Target, targetsOf } from '../support/requests.ts';
import { ADMIN, ALPHA, BETA, GAMMA, shareServer } from '../support/server.ts';
import { callsOf, ok } from './calls.ts';

// Everything here is made from the server's own document, so a new route is tested without a line for it.

const targets = targetsOf(await openapiDocument());
const withBody = targets.filter(({ body }) => body !== undefined);
const inProject = targets.filter(({ template }) => template.includes('{project_id}'));

/** Values of names that many operations share, so that what is asked for exists. */
const known: Record<string, unknown> = {
  project_id: ALPHA,
  name: 'generated',
  secret_name: 'db',
  version_id: 'v1',
  stage_name: 'blue',
  user_id: ADMIN.id,
  grantee_target_id: ADMIN.id,
  secret_string: 'x',
};

const server = shareServer();
let token: string;
beforeAll(async () => {
  token = server.composed.issueToken(ADMIN.id, ALPHA) ?? '';
  const { id } = await callsOf(server, ADMIN, BETA).create('foreign');
  foreignId = id;
});
const acme = callsOf(server);
let foreignId: string;

/** Whatever the test before has done, the secret of the samples is there and can be used. */
beforeEach(async () => {
  await acme.post('/db/scheduled-deleted-tasks/cancel');
  await acme.post('', { name: 'db', secret_string: 'x' });
  await acme.put('/db/stages/blue', { version_id: 'v1' });
  const { id, kms_key_id } = ok(await acme.get('/db')).secret;
  Object.assign(known, { secret_id: id, resource_id: id, key_id: kms_key_id });
});

const pathOf = (target: Target, changed = {}) => requestPath(target, known, changed);
const queryOf = (target: Target, changed = {}) => requestQuery(target, known, changed);

/** Sends with a token: not every path and query here could be signed. */
function send(target: Target, path: string, body?: unknown): Promise<Answer> {
  const payload = body ?? (target.body && sampleOf(target.body, known));
  const headers = { 'x-auth-token': token };
  return server.sendUnsigned({
    method: target.method,
    path,
    headers,
    ...(payload !== undefined && { body: payload }),
  });
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
  expect(error_msg.length, what).toBeLessThanOrEqual(1_024);
  const byDefault = template.startsWith('/v1.0/') ? 'nested' : 'flat';
  const family = REFERENCE.find((operation) => operation.operationId === operationId)?.errors ?? byDefault;
  // What is refused on the way to the operation has no family.
  if (['APIGW.0101', 'APIGW.0201'].includes(error_code)) return;
  if (family === 'flat') expect(error, what).toBeUndefined();
  else expect(error, what).toMatchObject({ error_code, error_msg, code: error_code, message: error_msg });
}

describe('a body field, made from the schema', () => {
  const cases = withBody.flatMap((target) =>
    fieldsOf(target.body ?? {}).map((field) => ({ target, field, name: field.keys.join('.') })),
  );

  it('starts from a body that the schema accepts', () => {
    expect(cases.length).toBeGreaterThan(25);
    for (const { body, operationId } of withBody) {
      expect(accepts(body ?? {}, sampleOf(body ?? {}, known)), operationId).toBe(true);
    }
  });

  it.each(cases)('$target.operationId: $name', async ({ target, field }) => {
    const whole = target.body ?? {};
    const start = sampleOf(whole, known);
    const name = String(field.keys.findLast((key) => typeof key === 'string') ?? '');
    const path = pathOf(target) + queryOf(target);
    for (const value of valuesFor(field.schema, name)) {
      const body = withField(start, whole, field, value);
      const answer = await send(target, path, body);
      const what = JSON.stringify(value)?.slice(0, 60);
      if (accepts(whole, body) && !PAGES[name]?.includes(value as string)) {
        expectNoFailure(target, answer, what);
        continue;
      }
      expectRefusal(target, answer, what);
      expect([answer.status, answer.json.error_msg], what).toEqual([400, expect.stringContaining(name)]);
    }
    expect((await acme.get('?limit=1')).status).toBe(200);
  });

  it.each(withBody.filter(({ body }) => (body?.required ?? []).length > 0))(
    '$operationId: $body.required cannot be left out',
    async (target) => {
      const start = sampleOf(target.body ?? {}, known) as Record<string, unknown>;
      for (const name of target.body?.required ?? []) {
        const { [name]: _, ...rest } = start;
        const answer = await send(target, pathOf(target) + queryOf(target), rest);
        expectRefusal(target, answer, name);
        expect(answer.json.error_msg).toContain(name);
      }
    },
  );

  it.each(withBody)('$operationId: takes nothing but a JSON object', async (target) => {
    for (const body of ['[]', '[{}]', '"x"', '7', 'true', '{', '{"a":1,}', '\ufffe', '['.repeat(10_000)]) {
      const answer = await send(target, pathOf(target) + queryOf(target), body);
      expectRefusal(target, answer, body.slice(0, 20));
      expect(answer.status).toBe(400);
    }
  });
});

describe('a query parameter, made from the schema', () => {
  const cases = targets.flatMap((target) =>
    parametersOf(target.operation, 'query').map((parameter) => ({ target, parameter })),
  );

  it.each(cases)('$target.operationId: $parameter.name', async ({ target, parameter: { name, schema } }) => {
    const texts = valuesFor(schema, name).filter((value) => typeof value === 'string');
    const values = [
      ...texts.filter((text) => text.isWellFormed() && text.length < 5_000).map((text) => [text]),
      ['1', '2'],
    ];
    for (const value of values) {
      const answer = await send(target, pathOf(target) + queryOf(target, { [name]: value }));
      const what = JSON.stringify(value).slice(0, 60);
      const [only = ''] = value;
      if (acceptsQuery(schema, value.length === 1 ? only : value) && !PAGES[name]?.includes(only)) {
        expectNoFailure(target, answer, what);
        continue;
      }
      expectRefusal(target, answer, what);
      expect([answer.status, answer.json.error_msg], what).toEqual([400, expect.stringContaining(name)]);
    }
    for (const raw of ['%zz', '%', '%ff', '%00']) {
      const answer = await send(target, `${pathOf(target)}?${name}=${raw}`);
      expectNoFailure(target, answer, raw);
    }
    expect((await acme.get('?limit=1')).status).toBe(200);
  });

  it.each(cases.filter(({ parameter }) => parameter.required))(
    '$target.operationId: $parameter.name cannot be left out',
    async ({ target, parameter: { name } }) => {
      const answer = await send(target, pathOf(target) + queryOf(target, { [name]: [] }));
      expectRefusal(target, answer, name);
      expect([answer.status, answer.json.error_msg]).toEqual([400, expect.stringContaining(name)]);
    },
  );
});

describe('a path parameter, made from the schema', () => {
  const cases = targets.flatMap((target) =>
    parametersOf(target.operation, 'path')
      .filter(({ name }) => name !== 'project_id')
      .map((parameter) => ({ target, parameter })),
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

describe('another project', () => {
  it.each(inProject)('$operationId: is 403 by its id, whether it exists or not', async (target) => {
    for (const projectId of [GAMMA, 'f'.repeat(32), ALPHA.toUpperCase(), `${ALPHA}0`, '0', '%7Fx']) {
      const answer = await send(target, pathOf(target, { project_id: projectId }) + queryOf(target));
      expectRefusal(target, answer, projectId);
      expect([answer.status, answer.json.error_code], projectId).toEqual([403, 'APIGW.0302']);
    }
    for (const projectId of ['', 'x'.repeat(3_000), '%zz', '%7Bproject_id%7D']) {
      const answer = await send(target, pathOf(target, { project_id: projectId }) + queryOf(target));
      expectRefusal(target, answer, projectId);
    }
  });

  it.each(targets.filter(({ template }) => /\{secret_(name|id)\}/.test(template)))(
    '$operationId: its secrets are not there, by name and by id',
    async (target) => {
      const path = pathOf(target, { secret_name: 'foreign', secret_id: foreignId });
      const answer = await send(target, path + queryOf(target));
      expectRefusal(target, answer, path);
      expect(answer.status).toBe(404);
    },
  );
});

describe('afterwards', () => {
  it('the server has logged no failure of its own, and answers', async () => {
    expect(server.logged().filter(({ level }) => Number(level) >= 50)).toEqual([]);
    expect((await server.sendUnsigned({ method: 'GET', path: '/readyz' })).status).toBe(200);
  });
});
