import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Notification } from '../../../src/core/events/notifications.ts';
import type { Task } from '../../../src/core/rotation/tasks.ts';
import { type Connection, openWriter } from '../../../src/storage/sqlite/engine/open.ts';
import {
  createNotificationReads,
  createNotificationWrites,
} from '../../../src/storage/sqlite/tables/notifications.ts';
import { createTaskWrites } from '../../../src/storage/sqlite/tables/tasks.ts';
import { aNotification, aTask } from '../../support/builders.ts';
import { databaseFile, makeDirectory, openDirect, ROW_MAC, removeDirectory } from './harness.ts';

const directory = makeDirectory();
let db: Connection;
beforeAll(async () => {
  await openDirect(directory).store.close();
  db = openWriter(databaseFile(directory));
});
afterAll(() => {
  db.close();
  removeDirectory(directory);
});

const waiting = (projectId: string, number: number): Notification =>
  aNotification({
    id: `${projectId}-${String(number).padStart(3, '0')}`,
    projectId,
    createTimeMs: number,
    nextAttemptMs: number,
  });

const idsOf = (table: string, prefix: string) =>
  db
    .prepare<[string], string>(`SELECT id FROM ${table} WHERE instr(id, ?) = 1 ORDER BY id`)
    .pluck()
    .all(prefix);

describe('a project keeps', () => {
  it('its newest notifications that wait, and others keep theirs', () => {
    const writes = createNotificationWrites(db, ROW_MAC, { records: 5, waiting: 10, every: 4 });
    writes.insert([waiting('w-other', 1)]);
    for (let number = 0; number < 100; number += 1) writes.insert([waiting('w', number)]);
    const ids = idsOf('notification', 'w-');
    const own = ids.filter((id) => id !== 'w-other-001');
    expect(ids).toHaveLength(own.length + 1);
    expect(own.length).toBeGreaterThanOrEqual(10);
    expect(own.length).toBeLessThan(10 + 4);
    expect(own.at(-1)).toBe('w-099');
    expect(own.at(0)).toBe(`w-${String(100 - own.length).padStart(3, '0')}`);
  });

  it('its newest records', () => {
    const reads = createNotificationReads(db, ROW_MAC);
    const writes = createNotificationWrites(db, ROW_MAC, { records: 5, waiting: 1_000, every: 1 });
    for (let number = 0; number < 30; number += 1) {
      const notification = waiting('r', number);
      writes.insert([notification]);
      const next: Notification = { ...notification, status: 'FAIL', nextAttemptMs: undefined };
      writes.save(notification, { next, result: { changed: true } });
    }
    const nobody = () => undefined;
    expect(reads.list('r', nobody).map(({ createTimeMs }) => createTimeMs)).toEqual([29, 28, 27, 26, 25]);
    expect(idsOf('notification', 'r-')).toHaveLength(5);
  });

  it('its newest tasks, and every one that is under way', () => {
    const save = createTaskWrites(db, ROW_MAC, { tasks: 5, every: 1 });
    const put = (number: number, changes: Partial<Task>) => {
      const id = `t${String(number).padStart(2, '0')}`;
      const next = aTask({ id, projectId: 't', secretId: id, createTimeMs: number, ...changes });
      save(undefined, { next, result: { task: next, changed: true } });
    };
    put(0, {});
    for (let number = 1; number < 30; number += 1)
      put(number, { status: 'FAILED', nextAttemptMs: undefined });
    expect(idsOf('task', 't')).toEqual(['t00', 't25', 't26', 't27', 't28', 't29']);
  });
});
