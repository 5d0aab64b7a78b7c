import { describe, expect, it } from 'vitest';
import { shareServer } from '../../support/server.ts';
import { ok } from '../calls.ts';

const server = shareServer({});
const PATH = '/v5/authorization-schemas/services';

interface Named {
  readonly name: string;
  readonly operation_id: string;
  readonly key: string;
}

const schemaOf = async (service: string) =>
  ok(await server.send({ method: 'GET', path: `${PATH}/${service}` }));
const named = (all: readonly Named[], name: string) =>
  all.find((one) => [one.name, one.operation_id, one.key].includes(name));

describe('GetAuthorizationSchemaV5', () => {
  it('describes what policies about secrets can say', async () => {
    const { actions, conditions, operations, resources, version } = await schemaOf('csms');
    const urn_template = 'csms:<region>:<account-id>:secretName:<secret-name>';
    expect(version).toBe('1.0');
    expect(resources).toEqual([{ type_name: 'secretName', urn_template }]);
    expect(named(actions, 'csms:secret:create')).toEqual({
      name: 'csms:secret:create',
      access_level: 'write',
      permission_only: false,
      aliases: [],
      condition_keys: ['g:RequestTag/<tag-key>', 'g:TagKeys'],
      resources: [
        {
          urn_template,
          required: true,
          condition_keys: ['g:EnterpriseProjectId', 'csms:Type', 'csms:KmsKeyId'],
        },
      ],
    });
    expect(named(actions, 'csms:secret:createGrant')).toMatchObject({
      access_level: 'permission_management',
    });
    expect(named(actions, 'csms::listTasks')).toMatchObject({ aliases: ['csms:task:list'], resources: [] });
    expect(named(conditions, 'g:TagKeys')).toEqual({
      key: 'g:TagKeys',
      value_type: 'string',
      multi_valued: true,
    });
    expect(named(conditions, 'csms:RecoveryWindowInDays')).toMatchObject({ value_type: 'numeric' });
    expect(named(conditions, 'g:ResourceTag/<tag-key>')).toMatchObject({ multi_valued: false });
    expect(named(operations, 'RotateSecret')).toEqual({
      operation_id: 'RotateSecret',
      operation_action: 'csms:secret:rotate',
      dependent_actions: ['kms:cmk:createDataKey', 'kms:cmk:decryptDataKey'],
    });
    expect(named(operations, 'BatchImportSecrets')).toMatchObject({
      operation_action: 'csms:secret:create',
      dependent_actions: ['kms:cmk:createDataKey'],
    });
    expect(named(operations, 'BatchShowSecretVersion')).toMatchObject({
      dependent_actions: ['csms:secret:getVersion', 'kms:cmk:decryptDataKey'],
    });
    expect(named(operations, 'ShowAgency')).toBeUndefined();
  });

  it('describes the other services, too', async () => {
    const kms = await schemaOf('kms');
    expect(kms.resources).toEqual([
      { type_name: 'KeyId', urn_template: 'kms:<region>:<account-id>:KeyId:<key-id>' },
    ]);
    expect(named(kms.actions, 'kms:cmk:encryptData')).toMatchObject({
      condition_keys: ['kms:RequestAlias', 'kms:ResourceAliases', 'kms:EncryptionAlgorithm'],
      resources: [
        {
          condition_keys: [
            'g:EnterpriseProjectId',
            'g:ResourceTag/<tag-key>',
            'kms:KeyOrigin',
            'kms:KeySpec',
            'kms:KeyUsage',
          ],
        },
      ],
    });
    expect((await schemaOf('cts')).actions.map(({ name }: Named) => name)).toEqual(['cts:trace:list']);
  });

  it('knows no other service, and needs credentials', async () => {
    for (const service of ['iam', 'CSMS', 'constructor']) {
      const answer = await server.send({ method: 'GET', path: `${PATH}/${service}` });
      expect([answer.status, Object.keys(answer.json)]).toEqual([404, ['error_code', 'error_msg']]);
    }
    expect((await server.sendUnsigned({ method: 'GET', path: `${PATH}/csms` })).status).toBe(401);
  });
});
