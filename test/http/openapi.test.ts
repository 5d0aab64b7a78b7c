import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { generateOpenapi } from '../../src/compose/openapi.ts';
import { OPERATIONS } from '../../src/core/operations.ts';
import { openapiDocument } from '../support/answers.ts';

const document = await openapiDocument();
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

/** Operations that succeed without a body. */
const BODILESS: ReadonlySet<string> = new Set([
  'KeystoneRevokeToken',
  'DeleteSecretStage',
  'DeleteSecretEvent',
  'CreateSecretTag',
  'BatchCreateOrDeleteTags',
  'DeleteSecretTag',
  'DeleteGrant',
  'DeleteAlias',
  'CreateKmsTag',
  'BatchCreateKmsTags',
  'DeleteTag',
]);

/** Those of parameters, bodies and answers. */
function schemasIn(part: unknown): object[] {
  if (typeof part !== 'object' || part === null) return [];
  const own = 'schema' in part ? [part.schema as object] : [];
  return [...own, ...Object.values(part).flatMap(schemasIn)];
}

describe('openapi.yaml', () => {
  it('is what the routes give; npm run openapi writes it', async () => {
    const committed = readFileSync(new URL('../../openapi.yaml', import.meta.url), 'utf8');
    expect(committed).toBe(await generateOpenapi());
  });

  it('comes out the same every time', async () => {
    expect(await generateOpenapi()).toBe(await generateOpenapi());
  });

  it('is OpenAPI 3.1, and every reference in it leads somewhere', async () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    const text = await generateOpenapi();
    expect(() => JSON.stringify(parse(text, { maxAliasCount: 0 }))).not.toThrow();
    expect(JSON.stringify(document)).not.toContain('$ref');
  });

  it('has no schema that is none: the server takes that for granted', () => {
    const ajv = new Ajv({ strict: false });
    const schemas = operations.flatMap(({ operation }) => schemasIn(operation));
    expect(schemas.length).toBeGreaterThan(operations.length);
    for (const schema of schemas) expect(ajv.validateSchema(schema), ajv.errorsText()).toBe(true);
    expect(ajv.validateSchema({ properties: { name: { maxLength: '3' } } })).toBe(false);
  });

  it('has every operation, and no other', () => {
    expect(operations.map(({ operation }) => operation.operationId).sort()).toEqual(
      Object.keys(OPERATIONS).sort(),
    );
  });
});

describe('an operation of the document', () => {
  it('has an id of its own', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(ids.every((id) => /^[A-Z]\w+$/.test(id))).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each(operations)(
    '$operation.operationId declares its path parameters, and no others',
    ({ path, operation }) => {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const parameters = operation.parameters ?? [];
      expect(
        parameters
          .filter((parameter) => parameter.in === 'path')
          .map(({ name }) => name)
          .sort(),
      ).toEqual(inPath.sort());
      for (const parameter of parameters) {
        expect(['path', 'query', 'header']).toContain(parameter.in);
        expect(parameter.schema.type).toBeDefined();
        if (parameter.in === 'path') expect(parameter).toHaveProperty('required', true);
      }
    },
  );

  it.each(operations)(
    '$operation.operationId declares a success with its schema, and the errors',
    ({ operation }) => {
      const statuses = Object.keys(operation.responses);
      const successes = statuses.filter((status) => status.startsWith('2'));
      expect(successes).toHaveLength(1);
      for (const status of statuses) {
        const isBodiless = BODILESS.has(operation.operationId) && status.startsWith('2');
        const schema = operation.responses[status]?.content?.['application/json'].schema;
        expect([status, schema !== undefined && schema.type !== 'null']).toEqual([status, !isBodiless]);
      }
      if (operation.tags.includes('Health')) return;
      expect(statuses).toEqual(expect.arrayContaining(['4XX', '5XX']));
    },
  );

  it.each(operations)(
    '$operation.operationId has a body where the method has one',
    ({ method, operation }) => {
      const isOther = ['RestoreSecret', 'RotateSecret', 'DownloadSecretBlob', 'DeleteAlias'].includes(
        operation.operationId,
      );
      expect(operation.requestBody !== undefined).toBe((method === 'post' || method === 'put') !== isOther);
    },
  );

  it('asks for credentials, but for health, version and login', () => {
    const schemes = Object.keys(document.components.securitySchemes);
    expect(document.security.map((entry) => Object.keys(entry)[0]).sort()).toEqual(schemes.sort());
    const open = operations.filter(({ operation }) => operation.security !== undefined);
    expect(open.map(({ operation }) => [operation.operationId, operation.security])).toEqual([
      ['ShowHealth', []],
      ['ShowReadiness', []],
      ['KeystoneShowVersion', []],
      ['CreateTokenWithIdToken', []],
      ['KeystoneCreateUserTokenByPassword', []],
    ]);
  });
});
