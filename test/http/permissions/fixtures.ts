import { hash } from 'node:crypto';
import { OPERATIONS, type Operation, type OperationId } from '../../../src/core/operations.ts';
import { type ActionId, actionOf } from '../../../src/core/policy/actions.ts';
import { openapiDocument } from '../../support/answers.ts';
import { sampleOf } from '../../support/bad-values.ts';
import type { TestRequest } from '../../support/exchange.ts';
import { requestPath, requestQuery, type Target, targetsOf } from '../../support/requests.ts';
import { ADMIN, ALPHA, type TestServer } from '../../support/server.ts';

/** Values by the names that paths, queries and bodies have for them. */
export type Known = Readonly<Record<string, unknown>>;

/** What one request of an operation finds, so that it is a success for who may do everything. */
export interface Fixture {
  readonly operation: OperationId;
  readonly known: Known;
}

/** An enterprise project that the identities of the test declare. */
export const PAYMENTS = { id: '11111111-2222-4333-8444-555555555555', name: 'payments' };
export const TAG = { key: 'team', value: 'pay' };
const DATA_KEY = Buffer.alloc(64, 1);
const TOPIC = { target_type: 'SMN', target_id: 'urn:smn:r:p:t', target_name: 't' };

const targets = new Map(targetsOf(await openapiDocument()).map((target) => [target.operationId, target]));

/** The request of an operation with samples for what it has to have, and with what is known. */
export function requestOf({ operation, known }: Fixture): TestRequest {
  const target = targets.get(operation);
  if (target === undefined) throw new Error(`no request for ${operation}`);
  const path = requestPath(target, known, {}) + requestQuery(target, known, {});
  const body = target.body && sampleOf(target.body, known);
  return { method: target.method, path, ...(body !== undefined && { body }) };
}

/** Makes what requests need, by requests of the administrator in the project ALPHA. */
export interface Maker {
  /** Undefined: the default enterprise project. */
  make(operation: OperationId, enterpriseProjectId?: string): Promise<Fixture>;
}

type Steps = Readonly<Record<string, (known: Record<string, unknown>) => Promise<unknown>>>;

export function createMaker(server: TestServer): Maker {
  let count = 0;
  /** A project has room for 100 keys: the same serves all that leave it as it is. */
  const keys = new Map<string | undefined, unknown>();
  const call = async (operation: OperationId, known: Known) => {
    const { json, status, text } = await server.send(requestOf({ operation, known }), ADMIN);
    if (status >= 300) throw new Error(`${operation}: ${text}`);
    return json;
  };
  const blob = async (known: Record<string, unknown>) => {
    known.secret_blob = (await call('DownloadSecretBlob', known)).secret_blob;
    await call('DeleteSecret', known);
  };
  const grant = (known: Known) => call('CreateGrants', known);
  const tagSecret = (known: Known) => call('CreateSecretTag', known);
  const event = (known: Known) => call('CreateSecretEvent', { ...known, name: known.event_name });
  /** What some operations need besides a key and a secret. */
  const steps: Steps = {
    RestoreSecret: (known) => call('DeleteSecretForSchedule', known),
    UploadSecretBlob: blob,
    UpdateSecretStage: (known) => call('CreateSecretStage', { ...known, name: 'blue' }),
    ShowSecretStage: (known) => call('CreateSecretStage', { ...known, name: 'blue' }),
    DeleteSecretStage: (known) => call('CreateSecretStage', { ...known, name: 'blue' }),
    ShowSecretEvent: event,
    UpdateSecretEvent: event,
    DeleteSecretEvent: event,
    DeleteSecretTag: tagSecret,
    UpdateGrant: grant,
    ListGrants: grant,
    DeleteGrant: grant,
    EnableKey: (known) => call('DisableKey', known),
    CancelKeyDeletion: (known) => call('DeleteKey', known),
    DisableKeyRotation: (known) => call('EnableKeyRotation', known),
    UpdateKeyRotationInterval: (known) => call('EnableKeyRotation', known),
    DeleteAlias: (known) => call('CreateAlias', known),
    DeleteTag: (known) => call('CreateKmsTag', known),
    DecryptData: async (known) => {
      known.cipher_text = (await call('EncryptData', known)).cipher_text;
    },
    DecryptDatakey: async (known) => {
      const { cipher_text } = await call('CreateDatakey', { ...known, datakey_length: '512' });
      Object.assign(known, { cipher_text, datakey_cipher_length: '64' });
    },
  };
  return {
    async make(operation, enterpriseProjectId) {
      count += 1;
      const known = samplesOf(operation, count, enterpriseProjectId);
      const { isKept, resource } = needOf(operation);
      const kept = keys.get(enterpriseProjectId);
      const key = isKept && kept ? kept : (await call('CreateKey', known)).key_info.key_id;
      if (isKept) keys.set(enterpriseProjectId, key);
      Object.assign(known, { key_id: key, kms_key_id: key, key_alias: `new-${count}` });
      if (resource !== 'key') {
        const { secret } = await call('CreateSecret', { ...known, name: known.secret_name });
        Object.assign(known, { secret_id: secret.id, resource_id: secret.id });
      }
      await steps[operation]?.(known);
      const { enterprise_project_id, kms_key_id, name, secret_string } = known;
      const item = { name, secret_string, kms_key_id, enterprise_project_id };
      Object.assign(known, { secrets: [item] });
      // The key of a ciphertext is found by it alone.
      return { operation, known: operation === 'DecryptData' ? { ...known, key_id: null } : known };
    },
  };
}

function needOf(operation: OperationId) {
  const { action } = OPERATIONS[operation] as Operation;
  const { level, resource } = actionOf(action as ActionId);
  const isKept = resource !== 'key' || level === 'List' || level === 'Read' || /Data|Encrypt/.test(operation);
  return { isKept, resource };
}

function samplesOf(
  operation: string,
  count: number,
  enterpriseProjectId: string | undefined,
): Record<string, unknown> {
  const isRotated = operation === 'RotateSecret' || operation === 'BatchDeleteSecrets';
  const isData = operation === 'EncryptData' || operation === 'DecryptData';
  return {
    project_id: ALPHA,
    name: `new-${count}`,
    secret_name: `secret-${count}`,
    secret_name_list: [`secret-${count}`],
    secret_string: 'value-that-nobody-may-see',
    version_id: 'v1',
    stage_name: 'blue',
    event_name: `event-${count}`,
    notification: TOPIC,
    event_types: ['SECRET_DELETED'],
    user_id: ADMIN.id,
    type: 'SECRET',
    data: { a: 'x' },
    grantee_type: '2',
    grantee_target_id: 'ops',
    instance_id: `instance-${count}`,
    tag: TAG,
    key: TAG.key,
    key_alias: `key-${count}`,
    alias: `alias/other-${count}`,
    aliases: [`alias/other-${count}`],
    rotation_interval: '30',
    pending_days: '7',
    random_data_length: '64',
    datakey_plain_length: '64',
    plain_text: isData ? 'text' : `${DATA_KEY.toString('hex')}${hash('sha256', DATA_KEY)}`,
    ...(isRotated && {
      secret_type: 'RDS-FG',
      rotation_config: JSON.stringify({ InstanceId: `instance-${count}` }),
    }),
    ...(enterpriseProjectId && { enterprise_project_id: enterpriseProjectId }),
  };
}

/** The target of an operation’s requests. */
export function targetOf(operation: OperationId): Target | undefined {
  return targets.get(operation);
}
