import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestStore } from '../../support/acting.ts';
import { makeDirectory, openDirect, removeDirectory, tamper } from './harness.ts';
import { everyColumn, ROWS, type Tampering } from './tamper-columns.ts';
import { type Answers, fillProject, KEYS, readAnswers } from './tamper-project.ts';

/**
 * One database, one project per tampering: the store is closed once, the hand of the attacker goes over all of them, and
 * the store is opened once.
 */
describe('tampering with stored rows', () => {
  let directory: string;
  let store: TestStore;
  let tamperings: Tampering[];
  const before: Answers[] = [];
  const projectOf = (index: number) => `project-${String(index).padStart(4, '0')}`;

  beforeAll(async () => {
    directory = makeDirectory();
    let open = openDirect(directory);
    await fillProject(open.store, projectOf(0));
    await open.store.close();
    tamperings = tamper(directory, (db) => everyColumn(db, projectOf(0)));
    open = openDirect(directory);
    await Promise.all(
      tamperings.map((_, index) => (index === 0 ? undefined : fillProject(open.store, projectOf(index)))),
    );
    for (const index of tamperings.keys()) before.push(await readAnswers(open.store, projectOf(index)));
    await open.store.close();
    tamper(directory, (db) => {
      db.exec('BEGIN');
      for (const [index, tampering] of tamperings.entries()) tampering.tamper(db, projectOf(index));
      db.exec('COMMIT');
    });
    ({ store } = openDirect(directory));
  });
  afterAll(async () => {
    await store.close();
    removeDirectory(directory);
  });

  it('covers every column of every table that holds what a project stores', () => {
    const claims = tamperings.map((tampering) => tampering.claim);
    for (const table of Object.keys(ROWS)) expect(claims.join('\n')).toContain(`${table}.`);
    expect(new Set(claims).size).toBe(claims.length);
    expect(claims.length).toBeGreaterThan(200);
  });

  it('reads every project as it was written, before anyone touched it', () => {
    for (const answers of before) {
      expect([...answers.values()].filter((answer) => String(answer).startsWith('refused'))).toStrictEqual(
        [],
      );
      expect(answers.get('value open latest')).toMatchObject({
        value: 'value 3 of open',
        stages: ['SYSCURRENT', 'green'],
      });
    }
  });

  it('is noticed in every column of every row, and never answered as good', async () => {
    const findings: string[] = [];
    for (const [index, { claim }] of tamperings.entries()) {
      const after = await readAnswers(store, projectOf(index));
      const altered = [...after]
        .filter(([read, answer]) => !isGood(read, answer, before[index]!))
        .map(([read]) => read);
      if (altered.length > 0) findings.push(`${claim}: altered answer to ${altered.join(', ')}`);
      const noticed = [...after].filter(
        ([read, answer]) => answer === 'refused: damaged' || isGone(read, answer, before[index]!),
      );
      if (noticed.length === 0) findings.push(`${claim}: not noticed`);
    }
    expect(findings).toStrictEqual([]);
  });

  /** The very answer of before, the refusal as damaged, or nothing at all. */
  function isGood(read: string, answer: unknown, pristine: Answers): boolean {
    if (answer === 'refused: damaged' || answer === undefined) return true;
    const good = pristine.get(read);
    if (!isListOfMany(read)) return isDeepStrictEqual(answer, good);
    // A renamed or moved row is refused or missing in a list, and the others are as they were.
    return (
      Array.isArray(answer) &&
      Array.isArray(good) &&
      answer.every((entry) => good.some((other) => isDeepStrictEqual(entry, other)))
    );
  }

  /** Lists over more than one secret, key, event, notification or grant: nothing says how many entries there have to be. */
  function isListOfMany(read: string): boolean {
    return /^(?:list|search|grants|tags$|keys$)/.test(read);
  }

  function isGone(read: string, answer: unknown, pristine: Answers): boolean {
    const good = pristine.get(read);
    if (answer === undefined) return good !== undefined;
    return isListOfMany(read) && Array.isArray(answer) && Array.isArray(good) && answer.length < good.length;
  }
});

describe('tampering under a running store', () => {
  it('leads from an alias to no key that does not have it, though that key is remembered', async () => {
    const directory = makeDirectory();
    const { store } = openDirect(directory);
    await fillProject(store, 'project');
    for (const id of KEYS) expect((await store.findKey({ projectId: 'project', id }))?.id).toBe(id);
    tamper(directory, (db) =>
      db.exec("UPDATE kms_key_alias SET key_id = 'key-1' WHERE alias = 'second' AND project_id = 'project'"),
    );
    await expect((async () => store.findKeyByAlias('project', 'second'))()).rejects.toMatchObject({
      code: 'damaged',
    });
    expect((await store.findKeyByAlias('project', 'key-1'))?.id).toBe('key-1');
    await store.close();
    removeDirectory(directory);
  });
});
