import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { generateOpenapi } from '../../src/openapi.ts';
import { SETTINGS } from '../../src/settings.ts';
import { openapiDocument } from '../support/answers.ts';

const document = await openapiDocument();
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

/** Operations that succeed without a body. */
const BODILESS: ReadonlySet<string> = new Set([
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

  it('has the operations of the API under the vendor’s names', () => {
    const core = operations
      .filter(({ path }) => path.startsWith('/v1/'))
      .map(({ operation, method, path }) => [
        operation.operationId,
        `${method.toUpperCase()} ${path.replace(/^\/v1\/\{project_id\}(?:\/secrets)?/, '')}`,
      ]);
    expect(Object.fromEntries(core)).toEqual({
      CreateSecret: 'POST ',
      ListSecrets: 'GET ',
      ShowSecret: 'GET /{secret_name}',
      UpdateSecret: 'PUT /{secret_name}',
      DeleteSecret: 'DELETE /{secret_name}',
      DeleteSecretForSchedule: 'POST /{secret_name}/scheduled-deleted-tasks/create',
      RestoreSecret: 'POST /{secret_name}/scheduled-deleted-tasks/cancel',
      CreateSecretVersion: 'POST /{secret_name}/versions',
      ListSecretVersions: 'GET /{secret_name}/versions',
      ShowSecretVersion: 'GET /{secret_name}/versions/{version_id}',
      UpdateVersion: 'PUT /{secret_name}/versions/{version_id}',
      CreateSecretStage: 'POST /{secret_name}/stages',
      ShowSecretStage: 'GET /{secret_name}/stages/{stage_name}',
      UpdateSecretStage: 'PUT /{secret_name}/stages/{stage_name}',
      DeleteSecretStage: 'DELETE /{secret_name}/stages/{stage_name}',
      CreateSecretEvent: 'POST /csms/events',
      ListSecretEvents: 'GET /csms/events',
      ShowSecretEvent: 'GET /csms/events/{event_name}',
      UpdateSecretEvent: 'PUT /csms/events/{event_name}',
      DeleteSecretEvent: 'DELETE /csms/events/{event_name}',
      ListNotificationRecords: 'GET /csms/notification-records',
      RotateSecret: 'POST /{secret_name}/rotate',
      ListSecretTask: 'GET /csms/tasks',
      CreateSecretTag: 'POST /csms/{secret_id}/tags',
      BatchCreateOrDeleteTags: 'POST /csms/{secret_id}/tags/action',
      DeleteSecretTag: 'DELETE /csms/{secret_id}/tags/{key}',
      ListSecretTags: 'GET /csms/{secret_id}/tags',
      ListProjectSecretsTags: 'GET /csms/tags',
      ListResourceInstances: 'POST /csms/resource_instances/action',
      CreateGrants: 'POST /csms/grants',
      UpdateGrant: 'PUT /csms/grants',
      ListGrants: 'GET /csms/grants',
      DeleteGrant: 'DELETE /csms/grants',
      BatchImportSecrets: 'POST /batch-import',
      BatchDeleteSecrets: 'POST /batch-delete',
      BatchShowSecretVersion: 'POST /batch-get-secret-value',
      DownloadSecretBlob: 'POST /{secret_name}/backup',
      UploadSecretBlob: 'POST /restore',
      ShowSecretsConfig: 'GET /checker/config',
      UpdateSecretsConfig: 'POST /checker/config',
      CheckSecrets: 'POST /checker/check',
      GenerateRandomPassword: 'POST /csms/generate-password',
      CreateAgency: 'POST /v1/csms/agencies',
      ShowAgency: 'GET /v1/csms/agencies',
      ShowSecretFunctionTemplates: 'GET /v1/csms/function-templates',
      ListUsers: 'GET /v1/csms/users',
      ShowUserDetail: 'GET /v1/csms/users/{user_id}',
      UpdateUserPassword: 'POST /v1/csms/users/change-password',
    });
  });
});

describe('the operations of the key service', () => {
  const kms = operations
    .filter(({ path }) => path.startsWith('/v1.0/{project_id}/kms/'))
    .map(({ operation, method, path }) => [
      operation.operationId,
      `${method.toUpperCase()} ${path.replace('/v1.0/{project_id}/kms/', '')}`,
    ]);

  it('have the vendor’s names and paths', () => {
    expect(Object.fromEntries(kms)).toEqual({
      CreateKey: 'POST create-key',
      ListKeys: 'POST list-keys',
      ListKeyDetail: 'POST describe-key',
      EnableKey: 'POST enable-key',
      DisableKey: 'POST disable-key',
      DeleteKey: 'POST schedule-key-deletion',
      CancelKeyDeletion: 'POST cancel-key-deletion',
      UpdateKeyAlias: 'POST update-key-alias',
      UpdateKeyDescription: 'POST update-key-description',
      EnableKeyRotation: 'POST enable-key-rotation',
      DisableKeyRotation: 'POST disable-key-rotation',
      UpdateKeyRotationInterval: 'POST update-key-rotation-interval',
      ShowKeyRotationStatus: 'POST get-key-rotation-status',
      CreateAlias: 'POST aliases',
      ListAliases: 'GET aliases',
      DeleteAlias: 'DELETE aliases',
      CreateDatakey: 'POST create-datakey',
      CreateDatakeyWithoutPlaintext: 'POST create-datakey-without-plaintext',
      EncryptDatakey: 'POST encrypt-datakey',
      DecryptDatakey: 'POST decrypt-datakey',
      EncryptData: 'POST encrypt-data',
      DecryptData: 'POST decrypt-data',
      CreateRandom: 'POST gen-random',
      ShowUserInstances: 'GET user-instances',
      ShowUserQuotas: 'GET user-quotas',
      CreateKmsTag: 'POST {key_id}/tags',
      BatchCreateKmsTags: 'POST {key_id}/tags/action',
      DeleteTag: 'DELETE {key_id}/tags/{key}',
      ShowKmsTags: 'GET {key_id}/tags',
      ListKmsTags: 'GET tags',
      ListKmsByTags: 'POST resource_instances/action',
    });
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
      ['KeystoneCreateUserTokenByPassword', []],
    ]);
  });
});

describe('the README', () => {
  it('lists every setting of the server, with its default and its meaning', () => {
    const lines = readFileSync(new URL('../../README.md', import.meta.url), 'utf8').split('\n');
    const head = lines.findIndex((line) => /^\|\s*Variable\s*\|\s*Default\s*\|\s*Meaning\s*\|$/.test(line));
    expect(head).toBeGreaterThan(0);
    const length = lines.slice(head).findIndex((line) => !line.startsWith('|'));
    const rows = lines.slice(head + 2, head + length).map((line) => {
      const [, name, byDefault, meaning] = line
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim().replaceAll('\\|', '|'));
      return { name: name?.replaceAll('`', ''), default: byDefault, meaning };
    });
    const bare = (text: string | undefined) => text?.replaceAll('`', '');
    const compared = (
      settings: readonly {
        name?: string | undefined;
        default?: string | undefined;
        meaning?: string | undefined;
      }[],
    ) =>
      settings.map((setting) => ({
        name: setting.name,
        default: bare(setting.default),
        meaning: bare(setting.meaning),
      }));
    expect(compared(rows)).toEqual(compared(SETTINGS));
  });
});
