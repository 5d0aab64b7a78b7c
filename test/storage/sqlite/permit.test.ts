import type Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Actor } from '../../../src/core/actor.ts';
import type { Attributes } from '../../../src/core/attributes.ts';
import type { Command } from '../../../src/core/commands.ts';
import { SecretError } from '../../../src/core/errors.ts';
import type { Permit } from '../../../src/core/permit.ts';
import { decide } from '../../../src/core/policy/decide.ts';
import type { Recorder } from '../../../src/storage/carry.ts';
import { createChangeCounters } from '../../../src/storage/sqlite/engine/change-counters.ts';
import { createCommitBatch } from '../../../src/storage/sqlite/engine/group-commit.ts';
import { openWriter } from '../../../src/storage/sqlite/engine/open.ts';
import { openDirectory } from '../../../src/storage/sqlite/files/installation.ts';
import { policiesOf, questionOf } from '../../core/policy/questions.ts';
import { ACTOR, CALLER_ACTOR, requests } from '../../support/acting.ts';
import {
  addVersion,
  changeKey,
  create,
  createEvent,
  createGrant,
  createKey,
  freshProject,
  putTags,
  remove,
  removeTags,
  startRotation,
  update,
} from '../../support/stores.ts';
import { databaseFile, MIGRATIONS, makeDirectory, openSqlite, ROW_MAC, removeDirectory } from './harness.ts';

describe('a permit', () => {
  let directory: string;
  let db: Database.Database;
  let asked: (readonly [Actor, string | undefined, Attributes | undefined])[];
  let refused: (attributes: Attributes | undefined) => boolean;
  let recorded: unknown[];
  let fails: (records: number) => boolean;
  const ref = { projectId: freshProject(), name: 'db' };
  const created = create(ref);
  const { id } = created;
  const [tag, mark] = [
    { key: 'team', value: 'pay' },
    { key: 'env', value: 'prod' },
  ];

  beforeEach(() => {
    directory = makeDirectory();
    openDirectory(directory, MIGRATIONS).release();
    db = openWriter(databaseFile(directory));
    asked = [];
    refused = () => false;
    db.exec('CREATE TABLE note (kind TEXT)');
    recorded = [];
    fails = () => false;
  });
  afterEach(() => {
    db.close();
    removeDirectory(directory);
  });

  const permit: Permit = (actor, wanted, attributes) => {
    asked.push([actor, wanted?.kind, attributes]);
    return refused(attributes) ? new SecretError('project-forbidden') : undefined;
  };
  const record: Recorder = (actor, { kind }, { decision, scope }) => {
    const { rowid } = db.prepare('INSERT INTO note VALUES (?) RETURNING rowid').get(kind) as {
      rowid: number;
    };
    if (fails(rowid)) throw new Error('no record');
    recorded.push([actor, kind, 'facts' in decision && decision.facts, 'current' in scope && scope.current]);
  };
  const send = (...commands: Command[]) =>
    createCommitBatch(db, ROW_MAC, createChangeCounters(), { permit, record })(requests(...commands));

  it('is asked by whom and for what, with the attributes of the very state that is changed', () => {
    send(created, putTags(ref, id, [tag]), putTags(ref, id, [mark]), startRotation(ref, id));
    send(createGrant({ projectId: ref.projectId, secretId: id }, 'u'.repeat(32)));
    const attributes = { id, path: ref.name, enterpriseProjectId: '0', secretType: 'COMMON' };
    expect(asked).toEqual([
      [ACTOR, 'create-secret', undefined],
      [ACTOR, 'put-tags', { ...attributes, tags: [] }],
      [ACTOR, 'put-tags', { ...attributes, tags: [tag] }],
      [ACTOR, 'start-rotation', { ...attributes, tags: [mark, tag] }],
      // The keys that the rotation needs, to seal and to open.
      [ACTOR, 'look-up', undefined],
      [ACTOR, 'look-up', undefined],
      [ACTOR, 'create-grant', { ...attributes, tags: [mark, tag] }],
    ]);
  });

  it('knows the aliases and tags of a key', () => {
    const key = { projectId: ref.projectId, id: '22222222-2222-4222-8222-222222222222' };
    send(createKey(key, { alias: 'mine' }), changeKey(key, { kind: 'add-alias', alias: 'another' }));
    send(changeKey(key, { kind: 'disable-key' }));
    expect(asked.map(([, kind, attributes]) => [kind, attributes?.aliases])).toEqual([
      ['create-key', undefined],
      ['add-alias', ['mine']],
      ['disable-key', ['another', 'mine']],
    ]);
  });

  it('that refuses keeps what is stored as it is, and is asked before the rules', () => {
    send(created);
    refused = () => true;
    const outcomes = send(addVersion(ref, id), created, addVersion({ ...ref, name: 'none' }, id));
    expect(outcomes).toMatchObject(Array(3).fill({ error: { code: 'project-forbidden' } }));
    refused = () => false;
    expect(send(addVersion(ref, id))).toMatchObject([{ result: { version: { version: { number: 2 } } } }]);
  });

  it('decides over a damaged secret as over one that is not there', () => {
    send(created);
    db.prepare("UPDATE secret SET description = 'x'").run();
    refused = (attributes) => attributes === undefined;
    expect(send(remove(ref), addVersion(ref, id))).toMatchObject(
      Array(2).fill({ error: { code: 'project-forbidden' } }),
    );
    refused = () => false;
    expect(send(addVersion(ref, id))).toMatchObject([{ error: { code: 'damaged' } }]);
    expect(send(remove(ref))).toMatchObject([{ result: { wasDamaged: true } }]);
  });

  it('decides before the rest of the scope is loaded, which may be damaged', () => {
    const [event, key, other] = ['alarm', 'k', 'other'].map((name) => ({
      projectId: ref.projectId,
      id: name,
      name,
    }));
    send(
      created,
      createEvent(event!),
      createKey(key!, { alias: 'mine' }),
      createKey(other!, { alias: 'theirs' }),
    );
    db.exec("UPDATE event SET target_name = 'x'; UPDATE kms_key SET description = 'x' WHERE id = 'other'");
    const choosing = update(ref, { eventSubscriptions: ['alarm'] });
    const taking = changeKey(key!, { kind: 'add-alias', alias: 'theirs' });
    expect(send(choosing, taking)).toMatchObject(Array(2).fill({ error: { code: 'damaged' } }));
    refused = () => true;
    expect(send(choosing, taking)).toMatchObject(Array(2).fill({ error: { code: 'project-forbidden' } }));
  });

  it('and the rules stand before records, which are kept of what was done, by whom, with its facts', () => {
    send(created, created, removeTags(ref, id, ['absent'], 'ignore'), putTags(ref, id, [tag]));
    const before = { secret: { id, revision: 1 } };
    const tagged = { kind: 'tags-changed', keys: ['team'] };
    expect(recorded).toMatchObject([
      [ACTOR, 'create-secret', [{ kind: 'version-added' }, { kind: 'stage-moved' }], undefined],
      [ACTOR, 'remove-tags', [], before],
      [ACTOR, 'put-tags', [tagged], before],
    ]);
  });

  it('leaves no change behind whose record fails, and no record of a change that failed', () => {
    fails = (records) => records === 2;
    const other = { ...ref, name: 'other' };
    const outcomes = send(created, create(other), create({ ...ref, name: 'twin' }, { id }));
    expect(outcomes).toMatchObject([{ result: {} }, { error: { code: 'internal' } }, { error: {} }]);
    expect(db.prepare('SELECT name FROM secret').pluck().all()).toEqual([ref.name]);
    expect(db.prepare('SELECT kind FROM note').pluck().all()).toEqual(['create-secret']);
  });
});

it('what policies leave open is settled on the state that each change of a batch meets', () => {
  const directory = makeDirectory();
  openDirectory(directory, MIGRATIONS).release();
  const db = openWriter(databaseFile(directory));
  const ref = { projectId: freshProject(), name: 'db' };
  const created = create(ref);
  const policies = policiesOf([
    { Action: 'csms:*:*' },
    { Effect: 'Deny', Condition: { StringEquals: { 'g:ResourceTag/team': 'pay' } } },
  ]);
  const decision = decide(policies, questionOf({ action: 'csms:secret:update', path: ref.name }));
  const rests = decision.kind === 'open' ? [decision.rest] : [];
  const rights = {
    own: { action: 'csms:secret:update', urn: 'csms:', named: ref.name, ways: [{ rests }] },
  } as const;
  const actor = { ...CALLER_ACTOR, operation: 'UpdateSecret', rights } as const;
  const change = update(ref, { description: 'x' });
  const tagged = putTags(ref, created.id, [{ key: 'team', value: 'pay' }]);
  const by = (who: Actor, command: Command, id: number) => ({ id, command, actor: who });
  const outcomes = createCommitBatch(
    db,
    ROW_MAC,
    createChangeCounters(),
  )([
    by(ACTOR, created, 0),
    by(actor, change, 1),
    by(ACTOR, tagged, 2),
    by(actor, change, 3),
    by(actor, update({ ...ref, name: 'none' }, { description: 'x' }), 4),
    by(ACTOR, change, 5),
  ]);
  const refused = { error: { code: 'action-forbidden' } };
  expect(outcomes).toMatchObject([
    { result: {} },
    { result: {} },
    { result: {} },
    refused,
    refused,
    { result: {} },
  ]);
  db.close();
  removeDirectory(directory);
});

it('who makes a change goes with it to the thread that writes', async () => {
  const directory = makeDirectory();
  const { store, worker } = await openSqlite(directory);
  const sent = vi.spyOn(worker, 'postMessage');
  const command = create({ projectId: freshProject(), name: 'db' });
  await store.change(command);
  expect(sent.mock.calls[0]).toEqual([{ requests: [{ id: 1, command, actor: ACTOR }] }]);
  await store.close();
  removeDirectory(directory);
});
