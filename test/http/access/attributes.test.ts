import { hash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { OPERATIONS, type Operation, type OperationId } from '../../../src/core/operations.ts';
import { actionOf } from '../../../src/core/policy/actions.ts';
import { openapiDocument } from '../../support/answers.ts';
import { sampleOf } from '../../support/bad-values.ts';
import { requestPath, requestQuery, type Target, targetsOf } from '../../support/requests.ts';
import { ADMIN, ALPHA, member, shareServer } from '../../support/server.ts';

const TAG = { key: 'team', value: 'pay' };
const DATA_KEY = Buffer.alloc(64, 1);
const VALUE = 'value-that-nobody-may-see';
const targets = new Map(targetsOf(await openapiDocument()).map((target) => [target.operationId, target]));
const byTag = { Condition: { StringEquals: { 'g:ResourceTag/team': ['pay'] } } };
const EVERYTHING = { Effect: 'Allow', Action: ['csms:*:*', 'kms:*:*'] };
const denying = (name: string, more: object) => ({
  name,
  document: { Version: '5.0', Statement: [EVERYTHING, { Effect: 'Deny', Action: ['*'], ...more }] },
});
/** Everything but what is tagged; but a key that is; but the secret of that name. */
const [untagged, keyless, unnamed] = ['untagged', 'keyless', 'unnamed'].map(member);
const server = shareServer({
  identities: {
    policies: [
      denying('untagged', byTag),
      denying('keyless', { Action: ['kms:*:*'], ...byTag }),
      denying('unnamed', { Resource: ['csms:*:*:secretName:db'] }),
    ],
    users: {
      untagged: { policies: ['untagged'] },
      keyless: { policies: ['keyless'] },
      unnamed: { policies: ['unnamed'] },
    },
  },
});

/** Operations of some levels on a type of resource. */
const operationsOn = (resource: 'secret' | 'key', ...levels: string[]) =>
  Object.entries<Operation>(OPERATIONS).flatMap(([id, { action }]) => {
    const found = action && actionOf(action);
    return found?.resource === resource && levels.includes(found.level) ? [id as OperationId] : [];
  });
const LISTS: readonly string[] = [
  'ListSecrets',
  'ListResourceInstances',
  'ListKeys',
  'ListAliases',
  'ListKmsByTags',
];
const reads = [...operationsOn('secret', 'Read', 'List'), ...operationsOn('key', 'Read', 'List')].filter(
  (id) => !LISTS.includes(id),
);
const CHANGES = ['Write', 'Tagging', 'Permission_management'];
const changes = [...operationsOn('secret', ...CHANGES), ...operationsOn('key', ...CHANGES)].filter(
  (id) => !['CreateSecret', 'CreateKey', 'BatchImportSecrets', 'UploadSecretBlob'].includes(id),
);

const known: Record<string, unknown> = {
  project_id: ALPHA,
  name: 'db',
  secret_name: 'db',
  version_id: 'v1',
  stage_name: 'blue',
  event_name: 'alarm',
  user_id: ADMIN.id,
  secret_string: 'x',
  secret_name_list: ['db'],
  grantee_target_id: ADMIN.id,
  type: 'SECRET',
  rotation_interval: '30',
  plain_text: `${DATA_KEY.toString('hex')}${hash('sha256', DATA_KEY)}`,
  datakey_plain_length: '64',
  cipher_text: 'ab'.repeat(64),
  datakey_cipher_length: '64',
};
const send = (user: typeof ADMIN, method: string, path: string, body?: unknown) =>
  server.send({ method, path, ...(body !== undefined && { body }) }, user);

function call(user: typeof ADMIN | undefined, id: OperationId, changed = {}) {
  const target = targets.get(id) as Target;
  const path = requestPath(target, known, changed) + requestQuery(target, known, {});
  return send(user ?? ADMIN, target.method, path, target.body && sampleOf(target.body, known));
}

beforeAll(async () => {
  const kms = `/v1.0/${ALPHA}/kms`;
  const { key_id: key } = (await send(ADMIN, 'POST', `${kms}/create-key`, { key_alias: 'pay' })).json
    .key_info;
  const all = [
    await send(ADMIN, 'POST', `${kms}/${key}/tags`, { tag: TAG }),
    await send(ADMIN, 'POST', `/v1/${ALPHA}/secrets`, { name: 'db', secret_string: VALUE, kms_key_id: key }),
    await send(ADMIN, 'POST', `/v1/${ALPHA}/secrets`, { name: 'other', secret_string: 'y' }),
    await send(ADMIN, 'PUT', `/v1/${ALPHA}/secrets/db/stages/blue`, { version_id: 'v1' }),
  ];
  const { id } = (await send(ADMIN, 'GET', `/v1/${ALPHA}/secrets/db`)).json.secret;
  all.push(await send(ADMIN, 'POST', `/v1/${ALPHA}/csms/${id}/tags`, { tag: TAG }));
  expect(all.map(({ status }) => status)).toEqual([204, 200, 200, 200, 204]);
  Object.assign(known, { secret_id: id, resource_id: id, key_id: key });
  Object.assign(known, { secret_blob: (await call(ADMIN, 'DownloadSecretBlob')).json.secret_blob });
});

describe('a Deny by a tag of the resource', () => {
  it.each(reads)('keeps from %s what has it, and what is not there', async (id) => {
    const { json, status, text } = await call(untagged, id);
    // One that is refused does not hold up the others.
    const isEach = id === 'BatchShowSecretVersion';
    expect(status).toBe(isEach ? 200 : 403);
    if (isEach) expect(json).toMatchObject({ versions: [], error_list: [{ name: 'db' }] });
    expect(text).not.toContain(VALUE);
  });

  it('keeps a key in whatever name is used for it', async () => {
    for (const key_id of [known.key_id, 'alias/pay', 'alias/none'])
      expect((await send(untagged!, 'POST', `/v1.0/${ALPHA}/kms/describe-key`, { key_id })).status).toBe(403);
  });

  it.each(changes)('keeps %s from what has it', async (id) => {
    const stored = async () => [
      (await call(ADMIN, 'ShowSecret')).json,
      (await call(ADMIN, 'ListSecretVersions')).json,
      (await call(ADMIN, 'ListKeyDetail')).json,
      (await call(ADMIN, 'ListSecretTags')).json,
    ];
    const before = await stored();
    const { status } = await call(untagged, id);
    // It says of each secret what became of it.
    expect([id, status]).toEqual([id, id === 'BatchDeleteSecrets' ? 200 : 403]);
    expect(await stored()).toEqual(before);
  });

  it('of a key keeps the values under it in, once the state of the secret is no reason', async () => {
    const codes: unknown[] = [(await call(keyless, 'ShowSecret')).status];
    codes.push((await call(keyless, 'ShowSecretVersion')).json.error_code);
    await call(ADMIN, 'DeleteSecretForSchedule');
    codes.push((await call(keyless, 'ShowSecretVersion')).json.error_code);
    await call(ADMIN, 'RestoreSecret');
    expect(codes).toEqual([200, 'CSMS.0302', 'CSMS.0109']);
  });

  it('of a key refuses what needs it', async () => {
    Object.assign(known, { name: 'new', kms_key_id: known.key_id });
    const needing = Object.entries<Operation>(OPERATIONS).filter(([, { needs = [] }]) => needs.length > 0);
    const statuses: [string, number][] = [];
    for (const [id] of needing) statuses.push([id, (await call(keyless, id as OperationId)).status]);
    Object.assign(known, { name: 'db' });
    const { kms_key_id: _, ...others } = known;
    expect(statuses).toEqual(needing.map(([id]) => [id, 403]));
    expect(others.name).toBe('db');
  });
});

describe('a Deny by name', () => {
  it.each(['ListSecrets', 'ListResourceInstances'] as const)(
    'leaves out of %s what it denies, before it is counted',
    async (id) => {
      const [all, some] = [await call(ADMIN, id), await call(unnamed, id)];
      expect([all.status, some.status]).toEqual([200, 200]);
      expect(all.text).toContain('"db"');
      expect(some.text).not.toContain('"db"');
      expect(some.text).toContain('"other"');
      const countIn = ({ json }: typeof all) => json.total_count ?? json.page_info?.current_count;
      expect([countIn(all), countIn(some)]).toEqual([2, 1]);
    },
  );
});
