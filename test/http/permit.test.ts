import { hash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createHttp } from '../../src/compose/http.ts';
import { createProcess, type ServerProcess } from '../../src/compose/process.ts';
import { systemClock } from '../../src/compose/sources.ts';
import type { Storage } from '../../src/compose/storage.ts';
import { createWorld, createWorlds, MAIN, type World } from '../../src/compose/world.ts';
import type { Actor } from '../../src/core/actor.ts';
import { SecretError } from '../../src/core/errors.ts';
import { OPERATIONS, type Operation, type OperationId } from '../../src/core/operations.ts';
import type { Attributes, Permit } from '../../src/core/permit.ts';
import { actionOf } from '../../src/core/policy/actions.ts';
import type { App } from '../../src/http/app.ts';
import { openapiDocument } from '../support/answers.ts';
import { sampleOf } from '../support/bad-values.ts';
import type { Answer } from '../support/exchange.ts';
import { inject } from '../support/injection.ts';
import { requestPath, requestQuery, type Target, targetsOf } from '../support/requests.ts';
import { ADMIN, ALPHA, createLog, NO_PRESSURE, prepareFiles, signedHeaders } from '../support/server.ts';

const TAG = { key: 'team', value: 'pay' };
const DATA_KEY = Buffer.alloc(64, 1);
const VALUE = 'value-that-nobody-may-see';
const targets = new Map(targetsOf(await openapiDocument()).map((target) => [target.operationId, target]));

/** Operations of some levels, with the type of resource that their action names: `secret`, `cmk`, or none. */
const operationsOf = (...levels: string[]) =>
  Object.entries<Operation>(OPERATIONS)
    .filter(([, { action }]) => action !== undefined && levels.includes(actionOf(action).level))
    .map(([id, operation]) => ({
      id: id as OperationId,
      type: operation.action?.split(':')[1] ?? '',
      operation,
    }));

let shared: ServerProcess;
let storage: Storage;
let world: World;
let app: App;
let directory: string;
let asked: (readonly [Actor, Parameters<Permit>[1], Attributes | undefined])[] = [];
let refused: (wanted: Parameters<Permit>[1], attributes: Attributes | undefined) => boolean = () => false;
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

const permit: Permit = (actor, wanted, attributes) => {
  asked.push([actor, wanted, attributes]);
  return refused(wanted, attributes) ? new SecretError('project-forbidden') : undefined;
};

const ORIGIN = 'http://csms.test';

function send(method: string, path: string, body?: unknown): Promise<Answer> {
  const request = { method, path, ...(body !== undefined && { body }) };
  return inject(app, ORIGIN, request, signedHeaders(ORIGIN, request));
}

function call(id: OperationId, changed = {}) {
  const target = targets.get(id) as Target;
  const path = requestPath(target, known, changed) + requestQuery(target, known, {});
  return send(target.method, path, target.body && sampleOf(target.body, known));
}

beforeAll(async () => {
  const log = createLog('warn', []);
  const files = await prepareFiles('serve');
  directory = files.directory;
  shared = await createProcess(files.config, log, { pressure: NO_PRESSURE, onFatal: () => undefined });
  storage = shared.storage.copy({ permit });
  world = await createWorld(shared, {
    world: MAIN,
    clock: systemClock,
    isClockWatched: false,
    storage,
    hooks: shared.outbound.hooks,
    directory: () => shared.identities.present.directory,
    permit,
  });
  app = await createHttp(shared, createWorlds(world));
  const kms = `/v1.0/${ALPHA}/kms`;
  const key = (await send('POST', `${kms}/create-key`, { key_alias: 'pay' })).json.key_info.key_id;
  const all = [
    await send('POST', `/v1.0/${ALPHA}/kms/${key}/tags`, { tag: TAG }),
    await send('POST', `/v1/${ALPHA}/csms/events`, {
      name: 'alarm',
      event_types: ['SECRET_ROTATED'],
      state: 'ENABLED',
      notification: { target_type: 'SMN', target_id: 'urn:smn:local-1:p:t', target_name: 't' },
    }),
    await send('POST', `/v1/${ALPHA}/secrets`, { name: 'db', secret_string: VALUE, kms_key_id: key }),
    await send('POST', `/v1/${ALPHA}/secrets`, { name: 'other', secret_string: 'y' }),
    await send('PUT', `/v1/${ALPHA}/secrets/db/stages/blue`, { version_id: 'v1' }),
  ];
  const { id } = (await send('GET', `/v1/${ALPHA}/secrets/db`)).json.secret;
  all.push(await send('POST', `/v1/${ALPHA}/csms/${id}/tags`, { tag: TAG }));
  expect(all.map(({ status }) => status)).toEqual([204, 200, 200, 200, 200, 204]);
  Object.assign(known, { secret_id: id, resource_id: id, key_id: key });
  Object.assign(known, { secret_blob: (await call('DownloadSecretBlob')).json.secret_blob });
});
afterAll(async () => {
  await app.close();
  await world.stop();
  await storage.store.close();
  await shared.close();
  rmSync(directory, { recursive: true, force: true });
});

const isTagged: typeof refused = (_, attributes) =>
  attributes?.tags?.some(({ key }) => key === TAG.key) ?? false;
/** The tagged secret in a list that is read without tags. */
const isRow: typeof refused = (wanted, attributes) =>
  wanted?.kind === 'look-up' && wanted.ref.name === 'db' && attributes?.tags === undefined;
const aggregates: Readonly<Record<string, string>> = { secret: 'secret', cmk: 'key' };
const LISTS: readonly string[] = [
  'ListSecrets',
  'ListResourceInstances',
  'ListKeys',
  'ListAliases',
  'ListKmsByTags',
];
const reads = operationsOf('Read', 'List');
const readsOfOne = reads.filter(({ id, type }) => type !== '' && !LISTS.includes(id));

describe('a permit', () => {
  beforeEach(() => {
    [asked, refused] = [[], () => false];
  });

  it.each(reads)('is asked before $id returns anything', async ({ id, type }) => {
    const answer = await call(id);
    expect([200, 400, 404]).toContain(answer.status);
    const [first, ...others] = asked;
    expect(first).toEqual([expect.objectContaining({ operation: id }), undefined, undefined]);
    const isAskedOf = (aggregate?: string) =>
      others.some(
        ([, wanted, attributes]) =>
          wanted?.aggregate === aggregate && (isTagged(wanted, attributes) || isRow(wanted, attributes)),
      );
    if (type !== '') expect([answer.status, isAskedOf(aggregates[type])]).toEqual([200, true]);
    refused = (wanted) => wanted === undefined;
    expect((await call(id)).status).toBe(403);
  });

  it.each(readsOfOne)('that refuses by a tag keeps from $id what has it', async ({ id }) => {
    refused = isTagged;
    const { json, status, text } = await call(id);
    // One that is refused does not hold up the others.
    const isEach = id === 'BatchShowSecretVersion';
    expect(status).toBe(isEach ? 200 : 403);
    if (isEach) expect(json).toMatchObject({ versions: [], error_list: [{ name: 'db' }] });
    expect(text).not.toContain(VALUE);
  });

  it('that refuses by a tag keeps a key in whatever name is used for it', async () => {
    refused = isTagged;
    const path = `/v1.0/${ALPHA}/kms/describe-key`;
    for (const key_id of [known.key_id, 'alias/pay'])
      expect((await send('POST', path, { key_id })).status).toBe(403);
  });

  it.each(LISTS)('that refuses by a tag leaves out of %s what has it, before it is counted', async (id) => {
    const all = await call(id as OperationId);
    refused = (...asking) => isTagged(...asking) || isRow(...asking);
    const some = await call(id as OperationId);
    const [names, others] = [/"(db|pay)"/, /"(other|csms.default)"/];
    expect([all.status, some.status]).toEqual([200, 200]);
    expect(all.text).toMatch(names);
    expect(some.text).not.toMatch(names);
    expect(some.text).toMatch(others);
    const countIn = ({ json }: Answer) => json.total ?? json.total_count ?? json.page_info?.current_count;
    expect([countIn(all), countIn(some)]).toEqual([2, 1]);
  });

  it('that refuses a key keeps the values under it in, once the state of the secret is no reason', async () => {
    refused = (wanted) => wanted?.aggregate === 'key';
    const ids = [
      'ShowSecret',
      'ShowSecretVersion',
      'DeleteSecretForSchedule',
      'ShowSecretVersion',
      'RestoreSecret',
    ] as const;
    const codes = [];
    for (const id of ids) codes.push((await call(id)).json.error_code);
    expect(codes).toEqual([undefined, 'APIGW.0302', undefined, 'CSMS.0109', undefined]);
  });

  it('that refuses a key refuses what needs it', async () => {
    Object.assign(known, { name: 'new' });
    refused = (wanted) => wanted?.aggregate === 'key';
    const needing = Object.entries<Operation>(OPERATIONS).filter(([, { needs }]) => needs !== undefined);
    const statuses: [string, number][] = [];
    for (const [id] of needing) statuses.push([id, (await call(id as OperationId)).status]);
    Object.assign(known, { name: 'db' });
    expect(statuses).toEqual(needing.map(([id]) => [id, 403]));
  });

  it('decides over a name that nobody has as over any other', async () => {
    refused = (wanted, attributes) => wanted !== undefined && attributes === undefined;
    for (const id of ['ShowSecret', 'ShowSecretVersion', 'CreateSecretVersion'] as const)
      expect((await call(id, { secret_name: 'none' })).status).toBe(403);
    // The secret is there, without the version.
    expect((await call('ShowSecretVersion', { version_id: 'v9' })).status).toBe(404);
    expect(asked.map(([, wanted]) => wanted)).toContainEqual({
      aggregate: 'secret',
      kind: 'look-up',
      ref: { projectId: ALPHA, name: 'none' },
    });
  });

  it('that refuses by a tag keeps every change and every use from what has it', async () => {
    const { store } = storage;
    const stored = async () => [
      await store.findVersions({ projectId: ALPHA, name: 'db' }),
      await store.listKeys(ALPHA),
      await store.countAll(),
    ];
    const before = await stored();
    refused = isTagged;
    const statuses: [OperationId, number][] = [];
    for (const { id, type } of operationsOf('Write', 'Tagging', 'Permission_management'))
      if (type !== '' && id !== 'CreateKey') statuses.push([id, (await call(id)).status]);
    // They say of each what became of it.
    const others = { BatchImportSecrets: 200, BatchDeleteSecrets: 200 };
    expect(statuses).toEqual(statuses.map(([id]) => [id, { ...others }[id as keyof typeof others] ?? 403]));
    expect(await stored()).toEqual(before);
  });
});
