import { describe, expect, it } from 'vitest';
import { openapiDocument } from '../support/answers.ts';
import { ALPHA, shareServer } from '../support/server.ts';

const server = shareServer();

const { paths } = await openapiDocument();
const withBody = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods)
    .filter(([, { requestBody }]) => requestBody !== undefined)
    .map(([method, { operationId, requestBody }]) => ({ path, method, operationId, requestBody })),
);

/** What each family of errors says of a body that is none: what is missing in one that counts as empty has other codes. */
const NO_BODY = /The body must be a JSON object|request body is invalid/i;

describe('a body that is left out', () => {
  it.each(withBody)(
    'is accepted where openapi.yaml says so, and nowhere else: $operationId',
    async ({ path, method, requestBody }) => {
      const filled = path
        .replace('{project_id}', ALPHA)
        .replaceAll(/\{(?:secret_id|key_id|user_id)\}/g, crypto.randomUUID())
        .replace('{version_id}', 'v1')
        .replaceAll(/\{\w+\}/g, 'absent');
      // The header that one of them needs beside its body.
      const headers = { 'X-Idp-Id': 'absent' };
      const answer = await server.send({ method: method.toUpperCase(), path: filled, headers });
      expect([answer.text, !NO_BODY.test(answer.text)]).toEqual([
        answer.text,
        requestBody?.required === false,
      ]);
    },
  );

  it('counts as empty in three operations', () => {
    const optional = withBody.filter(({ requestBody }) => requestBody?.required === false);
    expect(optional.map(({ operationId }) => operationId).sort()).toEqual([
      'DeleteSecretForSchedule',
      'GenerateRandomPassword',
      'ListKeys',
    ]);
  });
});
