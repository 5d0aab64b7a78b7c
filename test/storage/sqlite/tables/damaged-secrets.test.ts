import { describe, expect, it } from 'vitest';
import { create, expectRefused, remove, schedule, T0, update } from '../../../support/stores.ts';
import { filledDirectory } from '../filled-directory.ts';
import { databaseFile, openRaw } from '../harness.ts';
import { fillProject, NAMES } from '../tamper-project.ts';

const ROW = "(SELECT row FROM secret WHERE name = 'open')";
const VALUES = `version_row IN (SELECT row FROM version WHERE secret_row = ${ROW})`;

describe('a damaged secret', () => {
  const projectId = 'project';
  const ref = { projectId, name: 'open' };
  const filled = filledDirectory((store) => fillProject(store, projectId));

  /** Rows that belong to a secret, and what the project counts. */
  function countRows(): Record<string, number> {
    const db = openRaw(databaseFile(filled.path));
    const count = (sql: string) => db.prepare<[], number>(sql).pluck().get() ?? 0;
    const tables = [
      'secret',
      'version',
      'version_key',
      'version_body',
      'stage',
      'secret_tag',
      'secret_grant',
    ];
    const counts = Object.fromEntries(tables.map((table) => [table, count(`SELECT count(*) FROM ${table}`)]));
    counts.counted = count('SELECT secret_count FROM project');
    db.close();
    return counts;
  }

  it.each([
    ['its own row', "UPDATE secret SET description = 'x' WHERE name = 'open'"],
    ['its MAC', "UPDATE secret SET row_mac = zeroblob(32) WHERE name = 'open'"],
    ['a version', `UPDATE version SET number = 9 WHERE secret_row = ${ROW} AND number = 2`],
    ['a stage', `DELETE FROM stage WHERE secret_row = ${ROW} AND name = 'blue'`],
    ['a tag', `UPDATE secret_tag SET value = 'x' WHERE secret_row = ${ROW}`],
    [
      'its values',
      `DELETE FROM version_key WHERE ${VALUES}; UPDATE secret SET revision = 1 WHERE name = 'open'`,
    ],
    ['the count of its project', "UPDATE project SET secret_count = 0; UPDATE secret SET state = 'FROZEN'"],
  ])('can be deleted, with all that hangs on it, though %s was changed', async (_, statement) => {
    filled.tamper(statement);
    expect(await filled.store.change(remove(ref))).toEqual({ wasDamaged: true });
    await expectRefused(filled.store.change(remove(ref)), 'secret-not-found');
    expect(countRows()).toEqual({
      secret: NAMES.length - 1,
      version: 3,
      version_key: 3,
      version_body: 3,
      stage: 4,
      secret_tag: 2,
      secret_grant: 2,
      counted: NAMES.length - 1,
    });
    await filled.store.change(create(ref));
    expect((await filled.store.findVersions(ref))?.versions).toHaveLength(1);
  });

  it('can neither be changed nor deleted by its id while its own row is damaged', async () => {
    filled.tamper("UPDATE secret SET description = 'x' WHERE name = 'open'");
    await expectRefused(filled.store.change(update(ref, { description: 'y' })), 'damaged');
    await expectRefused(filled.store.change({ ...remove(ref), id: 'project-open' }), 'damaged');
    expect(countRows()).toMatchObject({ secret: NAMES.length });
  });

  it('can be deleted by its id while only its contents are damaged, and not by another id', async () => {
    filled.tamper(`UPDATE version SET number = 9 WHERE secret_row = ${ROW} AND number = 2`);
    await expectRefused(filled.store.change({ ...remove(ref), id: 'project-pending' }), 'secret-not-found');
    expect(countRows()).toMatchObject({ secret: NAMES.length });
    expect(await filled.store.change({ ...remove(ref), id: 'project-open' })).toEqual({ wasDamaged: true });
    expect(countRows()).toMatchObject({ secret: NAMES.length - 1, version: 3, version_body: 3 });
  });

  it.each([
    [
      'its own row',
      "UPDATE secret SET scheduled_delete_time_ms = 1, state = 'PENDING_DELETE' WHERE name = 'open'",
    ],
    ['a version', `UPDATE version SET number = 9 WHERE secret_row = ${ROW} AND number = 2`],
  ])('is not purged, scheduled or called off when %s was changed', async (_, statement) => {
    filled.tamper(statement);
    const purge = { aggregate: 'secret', kind: 'purge-secret', ref, id: 'project-open', nowMs: T0 } as const;
    await expectRefused(filled.store.change(purge), 'damaged');
    await expectRefused(filled.store.change(schedule(ref, 7)), 'damaged');
    await expectRefused(
      filled.store.change({ aggregate: 'secret', kind: 'cancel-deletion', ref, nowMs: T0 }),
      'damaged',
    );
    expect(countRows()).toMatchObject({ secret: NAMES.length });
  });

  it('is left out of lists, which continue after it, and reported', async () => {
    await Promise.all(['a', 'p', 'z'].map((name) => filled.store.change(create({ projectId, name }))));
    filled.tamper("UPDATE secret SET description = 'x' WHERE name IN ('a', 'open')");
    const names = async (limit: number, afterName = '') =>
      (await filled.store.listSecrets({ projectId, limit, afterName })).map(({ name }) => name);
    expect(await names(9)).toEqual(['p', 'pending', 'z']);
    expect(await names(2)).toEqual(['p', 'pending']);
    expect(await names(1, 'pending')).toEqual(['z']);
    expect(new Set(filled.told)).toEqual(new Set(['secret project/a', 'secret project/open']));
    const damaged: string[] = [];
    const rotated = {
      projectId,
      limit: 9,
      rotatedOnly: true,
      onDamaged: (name: string) => damaged.push(name),
    };
    expect((await filled.store.listSecrets(rotated)).map(({ name }) => name)).toEqual(['pending']);
    expect(damaged).toEqual(['open']);
  });
});
