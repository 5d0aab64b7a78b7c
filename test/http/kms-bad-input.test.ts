import { beforeAll, describe, expect, it } from 'vitest';
import { openapiDocument, type Schema } from '../support/answers.ts';
import { ALPHA, shareServer } from '../support/server.ts';
import { ok } from './calls.ts';
import { kmsCallsOf, refusal } from './kms-calls.ts';

const CIPHERTEXT = 'A'.repeat(128);
/** A data key of one byte, which is zero, and its SHA-256. */
const ONE_BYTE = '006e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d';
/** The fields that each operation needs, in a form that passes the schema. */
const NEEDED: Readonly<Record<string, object>> = {
  CreateKey: { key_alias: 'new' },
  DeleteKey: { pending_days: '7' },
  UpdateKeyAlias: { key_alias: 'new' },
  UpdateKeyDescription: { key_description: 'new' },
  UpdateKeyRotationInterval: { rotation_interval: 30 },
  CreateAlias: { alias: 'new' },
  DeleteAlias: { aliases: ['new'] },
  EncryptDatakey: { plain_text: ONE_BYTE, datakey_plain_length: '1' },
  DecryptDatakey: { cipher_text: 'ab', datakey_cipher_length: '1' },
  EncryptData: { plain_text: 'x' },
  DecryptData: { cipher_text: CIPHERTEXT },
  CreateRandom: { random_data_length: '8' },
  CreateKmsTag: { tag: { key: 'a' } },
  BatchCreateKmsTags: { action: 'create', tags: [{ key: 'a' }] },
  ListKmsByTags: { action: 'filter' },
};
/** Texts that may not hold every text: a lone surrogate is refused. */
const MORE_THAN_TEXT: ReadonlySet<string> = new Set([
  'key_alias',
  'key_description',
  'alias',
  'additional_authenticated_data',
]);
const SAMPLES: readonly (readonly [string, string])[] = [
  ['string', '"\\ud800"'],
  ['integer', '9007199254740993'],
  ['number', '-1.5'],
  ['number', '1e400'],
  ['boolean', 'true'],
  ['object', '{}'],
  ['object', '{"toString":"x"}'],
  ['array', '["x"]'],
  ['null', 'null'],
  ['array', '['.repeat(49_000) + ']'.repeat(49_000)],
];

const server = shareServer();
let key_id: string;
let before: unknown;
const kms = kmsCallsOf(server);
const state = async () => [
  ok(await kms.post('list-keys')),
  ok(await kms.get('aliases')),
  ok(await kms.get('tags')),
];
beforeAll(async () => {
  key_id = await kms.create('only');
  before = await state();
});

const operations = Object.entries((await openapiDocument()).paths)
  .filter(([path]) => path.startsWith('/v1.0/{project_id}/kms/'))
  .flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const { operationId } = operation;
      const body = operation.requestBody?.content['application/json'].schema;
      return { operationId, method: method.toUpperCase(), template, body };
    }),
  );
const withBody = operations.filter(({ body }) => body !== undefined);
const fields = withBody.flatMap((target) =>
  Object.entries(target.body?.properties ?? {}).map(([name, schema]) => ({ ...target, name, schema })),
);

function send(target: { readonly method: string; readonly template: string }, body: unknown) {
  const path = target.template
    .replace('{project_id}', ALPHA)
    .replace('{key_id}', key_id)
    .replace('{key}', 'a');
  return server.send({ method: target.method, path, body });
}

function validBody({
  operationId,
  body,
}: {
  readonly operationId: string;
  readonly body: Schema | undefined;
}) {
  const needsKey = body?.required?.includes('key_id') ?? false;
  return { ...(needsKey && { key_id }), ...NEEDED[operationId] };
}

describe('an operation of the key service', () => {
  it('is looked at with every field that it has', () => {
    expect(withBody.length).toBe(25);
    expect(fields.length).toBeGreaterThan(60);
    for (const { operationId, body } of withBody) {
      const given = Object.keys(validBody({ operationId, body }));
      for (const name of body?.required ?? []) expect(given, operationId).toContain(name);
    }
  });

  it.each(fields)(
    '$operationId: $name of another type is refused by its name',
    async ({ name, schema, ...target }) => {
      const types = [schema.type ?? []].flat();
      const text = JSON.stringify({ ...validBody(target), [name]: '@' });
      for (const [type, value] of SAMPLES) {
        if (types.includes(type) && type !== 'integer' && value !== '"\\ud800"') continue;
        if (type === 'string' && types.includes('string') && !MORE_THAN_TEXT.has(name)) continue;
        const answer = await send(
          target,
          text.replace(/"@"/, () => value),
        );
        const what = `${value.slice(0, 40)} -> ${answer.text}`;
        expect(answer.status, what).toBe(400);
        expect(refusal(answer)[1], what).toMatch(/^KMS\.\d{4}$/);
        expect(answer.json.error_msg, what).toContain(name);
        expect(answer.text.length, what).toBeLessThan(1_500);
      }
      expect(await state()).toEqual(before);
    },
  );

  it.each(withBody)('$operationId: what is needed cannot be left out', async (target) => {
    for (const name of target.body?.required ?? []) {
      const answer = await send(target, { ...validBody(target), [name]: undefined });
      expect(refusal(answer)).toEqual([400, 'KMS.0204']);
      expect(answer.json.error_msg).toContain(name);
    }
    expect(await state()).toEqual(before);
  });

  it.each(operations.filter(({ method }) => method !== 'GET'))(
    '$operationId: refuses a body that is no JSON object',
    async (target) => {
      for (const body of [
        ' ',
        '{',
        '{"key_id":}',
        Buffer.from('{"a":"\xff"}', 'latin1'),
        '{"__proto__":{}}',
      ]) {
        expect(refusal(await send(target, body)), String(body)).toEqual([400, 'KMS.0202']);
      }
      if (target.body === undefined) return;
      for (const body of ['[]', '"text"', '7', 'true', 'null']) {
        expect(refusal(await send(target, body)), body).toEqual([400, 'KMS.0202']);
      }
      expect(await state()).toEqual(before);
    },
  );

  it.each(operations)(
    '$operationId: refuses a project that is not the caller’s',
    async ({ method, template }) => {
      const path = template
        .replace('{project_id}', 'c3'.repeat(16))
        .replace('{key_id}', key_id)
        .replace('{key}', 'a');
      const answer = await server.send({ method, path, ...(method !== 'GET' && { body: {} }) });
      expect([answer.status, answer.json.error_code]).toEqual([403, 'APIGW.0302']);
      expect(answer.json.error.error_code).toBe('APIGW.0302');
    },
  );

  it('refuses another media type and another method in its own words', async () => {
    const path = `${kms.base}/gen-random`;
    const headers = { 'content-type': 'text/plain' };
    const typed = await server.send({ method: 'POST', path, body: '{}', headers });
    expect(refusal(typed)).toEqual([415, 'KMS.0202']);
    const get = await server.send({ method: 'GET', path });
    expect([get.status, get.json.error_code, get.headers.allow]).toEqual([405, 'APIGW.0101', 'POST']);
  });
});
