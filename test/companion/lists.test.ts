import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFilter } from '../../src/companion/lists/filters.ts';
import {
  createNumberedList,
  ENTRIES_MAX,
  type Numbered,
  type NumberedList,
} from '../../src/companion/lists/numbered-list.ts';
import { waitFor } from '../../src/companion/lists/waits.ts';
import {
  createNotificationList,
  type NotificationList,
} from '../../src/companion/notifications/notification-list.ts';
import type { Notification } from '../../src/core/events/notifications.ts';
import { aNotification } from '../support/builders.ts';

interface Entry extends Numbered {
  readonly name: string | null;
  readonly status: number | string | null;
}

const entry = (name: string | null, status: Entry['status'] = 200) => ({ name, status });
const namesOf = (list: NumberedList<Entry>) => list.entries().map(({ seq, name }) => `${seq} ${name}`);
const listOf = (...names: string[]) => {
  const list = createNumberedList<Entry>(3);
  for (const name of names) list.add(entry(name));
  return list;
};

describe('a numbered list', () => {
  it('counts from 1', () => {
    const list = listOf();
    expect([list.last(), list.entries()]).toEqual([0, []]);
    expect(list.add(entry('a'))).toEqual({ seq: 1, name: 'a', status: 200 });
    expect([list.last(), namesOf(list)]).toEqual([1, ['1 a']]);
  });

  it.each([
    [3, ['1 a', '2 b', '3 c']],
    [4, ['2 b', '3 c', '4 d']],
    [5, ['3 c', '4 d', '5 e']],
    [7, ['5 e', '6 f', '7 g']],
  ])('keeps the newest: three of %i', (count, names) => {
    expect(namesOf(listOf(...'abcdefg'.slice(0, count)))).toEqual(names);
  });

  it('finds and replaces what it keeps, and nothing else', () => {
    const list = listOf('a', 'b', 'c', 'd');
    expect([1, 2, 4, 5].map((seq) => list.find(seq)?.name)).toEqual([undefined, 'b', 'd', undefined]);
    for (const seq of [1, 2, 4, 5]) list.replace({ seq, name: `new ${seq}`, status: 200 });
    expect(namesOf(list)).toEqual(['2 new 2', '3 c', '4 new 4']);
  });

  it('counts on when it has been emptied, full or not', () => {
    for (const names of ['ab', 'abcde']) {
      const list = listOf(...names);
      list.clear();
      expect([list.last(), list.entries()]).toEqual([names.length, []]);
      for (const name of 'vwxyz') list.add(entry(name));
      expect(namesOf(list)).toEqual(['x', 'y', 'z'].map((name, at) => `${names.length + 3 + at} ${name}`));
      expect(list.find(names.length)).toBeUndefined();
    }
  });

  it('begins again at 1 when it is restarted', () => {
    const list = listOf(...'abcde');
    list.restart();
    expect([list.last(), list.entries()]).toEqual([0, []]);
    for (const name of 'vwxyz') list.add(entry(name));
    expect(namesOf(list)).toEqual(['3 x', '4 y', '5 z']);
  });

  it('is a plain list of the newest, in every history', () => {
    const act = fc.oneof(
      { weight: 12, arbitrary: fc.record({ kind: fc.constant('add' as const) }) },
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('replace' as const), seq: fc.nat(20) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('clear' as const, 'restart' as const) }) },
    );
    const history = fc.array(act, { minLength: 10, maxLength: 60 });
    fc.assert(
      fc.property(history, fc.integer({ min: 1, max: 5 }), (acts, max) => {
        const list = createNumberedList<Entry>(max);
        let [model, last, watched] = [[] as Entry[], 0, 0];
        list.watch((before, after) => {
          watched += (after ? 1 : 0) - (before ? 1 : 0);
        });
        for (const [at, done] of acts.entries()) {
          if (done.kind === 'add') {
            last += 1;
            model = [...model, { seq: last, ...entry(`${at}`) }].slice(-max);
            list.add(entry(`${at}`));
          } else if (done.kind === 'replace') {
            const next = { seq: done.seq, ...entry(`${at}`) };
            model = model.map((one) => (one.seq === done.seq ? next : one));
            list.replace(next);
          } else {
            model = [];
            if (done.kind === 'restart') last = 0;
            list[done.kind]();
          }
          expect([list.last(), list.entries(), watched]).toEqual([last, model, model.length]);
        }
      }),
    );
  });

  it('keeps 10,000 entries by default', () => {
    const list = createNumberedList<Entry>();
    for (let count = 0; count <= ENTRIES_MAX; count += 1) list.add(entry('a'));
    expect([ENTRIES_MAX, list.entries().length, list.entries()[0]?.seq]).toEqual([10_000, 10_000, 2]);
  });
});

describe('a list of notifications', () => {
  const told = (id: string, changes: Partial<Notification> = {}) =>
    aNotification({ id, content: '{"data":{}}', ...changes });
  const shown = (list: NotificationList) => list.entries().map(({ seq, status }) => `${seq} ${status}`);

  it('has one entry for each, which shows how it is now', () => {
    const list = createNotificationList();
    for (const id of ['a', 'b']) list.show(told(id));
    list.show(told('a', { status: 'SUCCESS', attempts: 1 }));
    expect(shown(list)).toEqual(['1 SUCCESS', '2 PENDING']);
  });

  it('does not show again what was dropped, and after a restart everything', () => {
    const list = createNotificationList();
    for (const id of ['a', 'b']) list.show(told(id));
    list.clear();
    list.show(told('a', { status: 'SUCCESS' }));
    expect([shown(list), list.last()]).toEqual([[], 2]);
    list.restart();
    for (const id of ['b', 'a']) list.show(told(id));
    list.show(told('a', { status: 'SUCCESS' }));
    expect(shown(list)).toEqual(['1 PENDING', '2 SUCCESS']);
  });
});

describe('a filter', () => {
  const fits = (conditions: Record<string, string>, one: ReturnType<typeof entry>, since?: number) =>
    createFilter<Entry>(conditions, since)({ seq: 7, ...one });

  it.each([
    ['db', 'db', true],
    ['db', 'db-1', false],
    ['db', 'DB', false],
    ['db-*', 'db-', true],
    ['*-1', 'db-1', true],
    ['*', '', true],
    ['d*b*', 'd-b', true],
    ['d.', 'db', false],
  ])('takes %s as %j for %s', (pattern, name, isFit) => {
    expect(fits({ name: pattern }, entry(name))).toBe(isFit);
  });

  it.each([
    ['404', 404, true],
    ['4xx', 404, true],
    ['4xx', 500, false],
    ['4xx', null, false],
    ['5*', 503, true],
    ['null', null, true],
    ['null', 200, false],
    ['SUCC*', 'SUCCESS', true],
  ])('takes the status %s for %j: %s', (pattern, status, isFit) => {
    expect(fits({ status: pattern }, entry('a', status))).toBe(isFit);
  });

  it('knows no text in what is not there', () => {
    expect(fits({ name: '*' }, entry(null))).toBe(false);
    expect(fits({ name: 'null' }, entry(null))).toBe(true);
  });

  it('wants every condition to hold, and the entry to come after `since`', () => {
    expect(fits({ name: 'a', status: '200' }, entry('a'))).toBe(true);
    expect(fits({ name: 'a', status: '201' }, entry('a'))).toBe(false);
    expect([6, 7].map((since) => fits({}, entry('a'), since))).toEqual([true, false]);
    expect(fits({ seq: '7' }, entry('a'))).toBe(true);
  });
});

describe('a wait', () => {
  const waiting = (list: NumberedList<Entry>, count = 1, ends: readonly AbortSignal[] = []) =>
    waitFor(list, {
      fits: createFilter<Entry>({ name: 'x', status: 'SUCCESS' }),
      count,
      waitMs: 60_000,
      ends,
    });
  const isOver = (wait: Promise<boolean>) =>
    Promise.race([wait, new Promise<string>((resolve) => setImmediate(resolve, 'waits'))]);
  const found = entry('x', 'SUCCESS');

  it('is over at once when there is enough', async () => {
    const list = listOf();
    list.add(found);
    expect(await waiting(list)).toBe(true);
  });

  it('is over when the last one has come', async () => {
    const list = listOf();
    const wait = waiting(list, 2);
    for (const other of [entry('y', 'SUCCESS'), found, entry('x', 'FAIL')]) list.add(other);
    expect(await isOver(wait)).toBe('waits');
    list.add(found);
    expect(await wait).toBe(true);
  });

  it('is over when one has become what was wanted', async () => {
    const list = listOf();
    const wait = waiting(list);
    const pending = list.add(entry('x', 'PENDING'));
    expect(await isOver(wait)).toBe('waits');
    list.replace({ ...pending, status: 'SUCCESS' });
    expect(await wait).toBe(true);
  });

  it('does not count what is no longer there, or no longer fits', async () => {
    const list = listOf();
    const wait = waiting(list, 2);
    list.add(found);
    for (const name of 'abc') list.add(entry(name));
    list.add(found);
    expect(await isOver(wait)).toBe('waits');
    list.clear();
    const first = list.add(found);
    expect(await isOver(wait)).toBe('waits');
    list.replace({ ...first, status: 'FAIL' });
    list.add(found);
    expect(await isOver(wait)).toBe('waits');
    list.add(found);
    expect(await wait).toBe(true);
  });

  it('ends after its time, or when it is no longer needed', async () => {
    const list = listOf();
    expect(await waitFor(list, { fits: () => true, count: 1, waitMs: 1, ends: [] })).toBe(false);
    const [one, two] = [new AbortController(), new AbortController()];
    const wait = waiting(list, 1, [one.signal, two.signal]);
    two.abort();
    expect(await wait).toBe(false);
    expect(await waiting(list, 1, [one.signal, two.signal])).toBe(false);
  });

  it('leaves nothing behind: a thousand of them', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error) => warnings.push(warning);
    process.on('warning', warn);
    const list = listOf();
    const life = new AbortController();
    const waits = Array.from({ length: 1_000 }, () => waiting(list, 1, [life.signal]));
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    expect(timers()).toBeGreaterThanOrEqual(1_000);
    list.add(found);
    expect(new Set(await Promise.all(waits))).toEqual(new Set([true]));
    expect(timers()).toBeLessThan(100);
    await sleep(0);
    process.off('warning', warn);
    expect(warnings).toEqual([]);
  });
});
