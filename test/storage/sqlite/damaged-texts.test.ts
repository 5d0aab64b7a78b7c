import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createInspector } from '../../../src/storage/sqlite/rows/inspect.ts';
import type { TestStore } from '../../support/acting.ts';
import {
  create,
  createEvent,
  createGrant,
  DAY_MS,
  schedule,
  startRotation,
  T0,
} from '../../support/stores.ts';
import { searched, tagsOfProject } from '../../support/walks.ts';
import { makeDirectory, openDirect, ROW_MAC, removeDirectory, tamper } from './harness.ts';
import { fillProject } from './tamper-project.ts';

const projectId = 'project';

/** SQL of a text with a byte that is none of UTF-8, and greater than those of the character that it is read as. */
const broken = (text: string) => `CAST('${text}' || x'ff' AS TEXT)`;
/** How such a text is read. */
const read = (text: string) => `${text}\ufffd`;

const CHANGES = [
  `UPDATE secret SET name = ${broken('q')} WHERE name = 'quay'`,
  `UPDATE secret SET project_id = ${broken('p')} WHERE project_id = 'other'`,
  `UPDATE version SET expiry_project_id = ${broken('p')}
    WHERE number = 2 AND secret_row = (SELECT row FROM secret WHERE name = 'pending')`,
  `UPDATE secret_tag SET value = ${broken('p')} WHERE key = 'owner' AND value = 'pending'`,
  `UPDATE secret_tag SET key = ${broken('only')} WHERE key = 'only-pending'`,
  `UPDATE event SET name = ${broken('a')} WHERE name = 'alarm'`,
  `UPDATE task SET id = ${broken('rotation')}`,
  `UPDATE secret_grant SET id = ${broken('grant')} WHERE id = 'project-open-1'`,
  `UPDATE notification SET id = ${broken('notification')} WHERE id = 'project-open.2.SECRET_VERSION_CREATED'`,
  `UPDATE checker_config SET project_id = ${broken('p')}`,
];

// Who continues behind such a text as it was read meets it again, for ever.
describe('beside a text that is not UTF-8', () => {
  let directory: string;
  let store: TestStore;
  let told: readonly string[];
  let changed: readonly string[];
  beforeAll(async () => {
    directory = makeDirectory();
    const open = openDirect(directory);
    await fillProject(open.store, projectId);
    await open.store.change(createEvent({ projectId, name: 'bell' }));
    for (const name of ['quay', 'quiz']) await open.store.change(create({ projectId, name }));
    for (const other of ['other', 'third']) {
      await open.store.change(create({ projectId: other, name: 'due' }));
      await open.store.change(schedule({ projectId: other, name: 'due' }, 7));
    }
    await open.store.close();
    changed = tamper(directory, (db) => {
      for (const change of CHANGES) db.exec(change);
      return createInspector(db, ROW_MAC).changedRows();
    });
    ({ store, damage: told } = openDirect(directory));
  });
  afterAll(async () => {
    await store.close();
    removeDirectory(directory);
  });

  it('the full check names each row whose key it is', () => {
    expect(changed.toSorted()).toEqual([
      `checker configuration of project ${read('p')}`,
      `event project/${read('a')}`,
      `notification ${read('notification')}`,
      `task ${read('rotation')}`,
    ]);
  });

  it.each([1, 2, 9])('secrets are listed to the end, %d at a time', async (limit) => {
    const names: string[] = [];
    for (;;) {
      const page = await store.listSecrets({ projectId, limit, afterName: names.at(-1) ?? '' });
      names.push(...page.map(({ name }) => name));
      if (page.length < limit) break;
    }
    expect(names).toEqual(['open', 'pending', 'quiz']);
    expect(told).toContain(`secret project/${read('q')}`);
  });

  it('events are listed to the end', async () => {
    const page = await store.listEvents({ projectId, limit: 1, afterName: '' });
    expect(page.map(({ name }) => name)).toEqual(['bell']);
  });

  it('a secret is rotated anew whose task has such an id, and tasks are listed', async () => {
    expect(await store.listTasks({ projectId, limit: 1 })).toEqual([]);
    await store.change(startRotation({ projectId, name: 'open' }, 'again'));
    expect((await store.listTasks({ projectId, limit: 9 })).map(({ id }) => id)).toEqual(['again']);
    expect(told).toContain(`task ${read('rotation')}`);
  });

  it('a grant is given anew', async () => {
    const ref = { projectId, secretId: 'project-open' };
    await store.change(createGrant(ref, 'ann', { id: 'anew', nowMs: T0 + 2 }));
    expect((await store.listGrants(ref)).map(({ grantee }) => grantee.id)).toEqual(['bob', 'ann']);
  });

  it('the other tags are listed and found', async () => {
    const tags = [{ key: 'owner', value: 'open' }];
    expect(await tagsOfProject(store, projectId)).toEqual([{ key: 'only-open', value: 'yes' }, ...tags]);
    const query = { projectId, tags: [{ key: 'owner', values: [] }], nameParts: [], limit: 9, offset: 0 };
    expect((await searched(store, query)).secrets.map(({ secret }) => secret.name)).toEqual(['open']);
  });

  it('what is due in other projects comes in every look', async () => {
    for (let looks = 0; looks < 3; looks += 1) {
      const due = await store.listDueSecrets(T0 + 30 * DAY_MS, 9);
      expect(due.map(({ ref }) => ref.projectId)).toContain('third');
    }
  });

  it('projects of expiring versions are listed once each', async () => {
    expect(await store.listExpiringProjects('', 9)).toEqual([projectId, read('p')]);
  });
});
