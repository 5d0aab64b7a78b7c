import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Command } from '../../../src/core/commands.ts';
import type { SecretAggregate } from '../../../src/core/secrets/secrets.ts';
import {
  type ChangeCounters,
  createChangeCounters,
} from '../../../src/storage/sqlite/engine/change-counters.ts';
import { type CommitBatch, createCommitBatch } from '../../../src/storage/sqlite/engine/group-commit.ts';
import { type Connection, openReader, openWriter } from '../../../src/storage/sqlite/engine/open.ts';
import { createReadModels, type ReadModels } from '../../../src/storage/sqlite/engine/read-models.ts';
import { openDirectory } from '../../../src/storage/sqlite/files/installation.ts';
import { requests } from '../../support/acting.ts';
import {
  addVersion,
  changeKey,
  create,
  createKey,
  freshProject,
  setStrengthCheck,
  update,
} from '../../support/stores.ts';
import { databaseFile, MIGRATIONS, makeDirectory, RANDOM, ROW_MAC, removeDirectory } from './harness.ts';

/**
 * The writer runs in this thread, so that it can be stopped at will: after a change was counted as begun, and between
 * COMMIT and the count as done. Whatever is read there must never be older than what was read before.
 */
describe('reads beside a change that is under way', () => {
  const projectId = freshProject();
  const [ref, keyRef] = [
    { projectId, name: 'one' },
    { projectId, id: 'key-1' },
  ];
  let directory: string;
  let connections: Connection[];
  let changes: ChangeCounters;
  let reads: ReadModels;
  let commit: CommitBatch;
  /** Called where the writer stands still. */
  let onBegun: () => void;
  let onCommitted: () => void;
  /** Called before a reader is told the count. */
  let onAsked: () => void;

  beforeEach(() => {
    [onBegun, onCommitted, onAsked] = [() => undefined, () => undefined, () => undefined];
    directory = makeDirectory();
    openDirectory(directory, MIGRATIONS).release();
    const [writer, reader] = [openWriter(databaseFile(directory)), openReader(databaseFile(directory))];
    connections = [writer, reader];
    changes = createChangeCounters();
    const { settled } = changes;
    reads = createReadModels(reader, {
      mac: ROW_MAC,
      random: RANDOM,
      changes: {
        ...changes,
        settled(slot) {
          onAsked();
          return settled(slot);
        },
      },
      onDamage: () => undefined,
    });
    commit = createCommitBatch(writer, ROW_MAC, {
      begin(commands) {
        changes.begin(commands);
        onBegun();
      },
      end(commands) {
        onCommitted();
        changes.end(commands);
      },
    });
    send(createKey(keyRef), create(ref, { id: 'id' }), setStrengthCheck(projectId, false));
    readAll();
  });
  afterEach(() => {
    for (const db of connections) db.close();
    removeDirectory(directory);
  });

  const send = (...commands: Command[]) => commit(requests(...commands));

  /** The state as each way of reading shows it: those that may come from memory, and those that never do. */
  function readAll() {
    const aggregate = reads.findVersions(ref) as SecretAggregate;
    const fresh = {
      version: aggregate.secret.lastVersionNumber,
      description: aggregate.secret.description,
      key: (reads.listKeys(projectId) as { state: string }[])[0]?.state,
    };
    return { fresh, remembered: readRemembered() };
  }

  function readRemembered() {
    const value = reads.findValue(ref, 'latest') as { version: { number: number } };
    const secret = reads.findSecret(ref) as { description: string };
    const key = reads.findKey(keyRef) as { state: string };
    const byAlias = reads.findKeyByAlias(projectId, 'own/key-1') as { state: string };
    expect(byAlias.state).toBe(key.state);
    return { version: value.version.number, description: secret.description, key: key.state };
  }

  const checks = () => (reads.findChecker(projectId) as { checksStrength: boolean }).checksStrength;

  /** Changes everything that is remembered, and tells what was read at each stop. */
  function changeAll() {
    const seen: ReturnType<typeof readAll>[] = [];
    const choices: boolean[] = [];
    const look = () => {
      seen.push(readAll());
      choices.push(checks());
    };
    [onBegun, onCommitted] = [look, look];
    const commands = [
      addVersion(ref, 'id'),
      update(ref, { description: 'after' }),
      changeKey(keyRef, { kind: 'disable-key' }),
      setStrengthCheck(projectId, true),
    ];
    send(...commands);
    look();
    return { seen, choices };
  }

  const BEFORE = { version: 1, description: 'a plain secret', key: 'ENABLED' };
  const AFTER = { version: 2, description: 'after', key: 'DISABLED' };

  it('show from memory what the database shows, wherever the writer stands', () => {
    const { seen, choices } = changeAll();
    expect(seen).toEqual([
      { fresh: BEFORE, remembered: BEFORE },
      { fresh: AFTER, remembered: AFTER },
      { fresh: AFTER, remembered: AFTER },
    ]);
    expect(choices).toEqual([false, true, true]);
  });

  it('remember nothing that was read before COMMIT of a change that had begun', () => {
    onBegun = () => expect(readRemembered()).toEqual(BEFORE);
    send(addVersion(ref, 'id'), update(ref, { description: 'after' }));
    expect(readRemembered()).toMatchObject({ version: 2, description: 'after' });
  });

  it.each<[string, Command]>([
    ['that is new', update(ref, { description: 'first' })],
    ['that is confirmed', createKey({ projectId, id: 'key-2' })],
  ])('ask for the count before they look at the database, for something %s', (_, first) => {
    const last = [addVersion(ref, 'id'), update(ref, { description: 'after' })];
    const more = [changeKey(keyRef, { kind: 'disable-key' }), setStrengthCheck(projectId, true)];
    for (const read of [
      () => reads.findValue(ref, 'latest'),
      () => reads.findSecret(ref),
      () => reads.findKey(keyRef),
      checks,
    ]) {
      // Who asks once more after the look is told of changes that the look has not seen.
      const steps = [[first], [...last, ...more]];
      onAsked = () => send(...(steps.shift() ?? []));
      read();
      onAsked = () => undefined;
      const { fresh, remembered } = readAll();
      expect(remembered).toEqual(fresh);
      expect(checks()).toBe(steps.length === 0);
    }
  });

  it('go to the database for ever after a change of which nobody knows the end', () => {
    onCommitted = () => {
      throw new Error('the writer is gone');
    };
    expect(() => send(addVersion(ref, 'id'))).toThrow();
    expect(readAll().remembered.version).toBe(2);
    // Another process, after this writer; nothing of it is counted here.
    const uncounted = createCommitBatch(connections[0]!, ROW_MAC, createChangeCounters());
    uncounted(requests(addVersion(ref, 'id')));
    expect(readAll()).toMatchObject({ fresh: { version: 3 }, remembered: { version: 3 } });
  });

  it('go by memory again after a change that was refused, or found no room', () => {
    const isSettled = () => changes.settled(changes.slotOf(ref)) !== undefined;
    expect(send(create(ref))).toMatchObject([{ error: { code: 'secret-exists' } }]);
    expect(isSettled()).toBe(true);
    connections[0]!.pragma('max_page_count = 1');
    const large = { wrappedKey: Buffer.alloc(86), body: Buffer.alloc(400_000) };
    const version = {
      uid: 'u',
      kind: 'string',
      kmsKeyId: 'key-1',
      sealed: large,
      expireTimeMs: undefined,
    } as const;
    expect(() => send(addVersion(ref, 'id', { version }))).toThrow('the disk is full');
    expect(isSettled()).toBe(true);
    expect(readAll()).toEqual({ fresh: BEFORE, remembered: BEFORE });
  });
});
