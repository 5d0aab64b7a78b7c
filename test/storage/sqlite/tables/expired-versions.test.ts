import { describe, expect, it } from 'vitest';
import { createExpiredReads } from '../../../../src/storage/sqlite/tables/expired-versions.ts';
import { create, expectRefused, expire } from '../../../support/stores.ts';
import { filledDirectory } from '../filled-directory.ts';
import { databaseFile, openRaw } from '../harness.ts';

const filled = filledDirectory(async (store) => {
  for (const projectId of ['a', 'b', 'c']) await store.change(create({ projectId, name: 'one' }));
  for (const projectId of ['a', 'c']) await store.change(expire({ projectId, name: 'one' }, 1, 10));
});
const list = async (projectId: string) =>
  (
    await filled.store.listExpiredVersions({
      projectId,
      nowMs: 10,
      after: { expireTimeMs: 0, row: 0 },
      limit: 9,
    })
  ).map(({ ref }) => ref.projectId);

describe('versions that expire', () => {
  it('are found by project', async () => {
    expect(await filled.store.listExpiringProjects('', 9)).toEqual(['a', 'c']);
    expect([
      await filled.store.listExpiringProjects('', 1),
      await filled.store.listExpiringProjects('a', 9),
    ]).toEqual([['a'], ['c']]);
    expect([await list('a'), await list('b'), await list('c')]).toEqual([['a'], [], ['c']]);
  });

  it('are looked up in their index', () => {
    const db = openRaw(databaseFile(filled.path));
    const plans: string[] = [];
    const spy = {
      prepare: (sql: string) => {
        const bound = sql.includes('@') ? { projectId: '', nowMs: 0, afterMs: 0, afterRow: 0, limit: 1 } : '';
        const explain = db.prepare<[unknown], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`);
        plans.push(
          explain
            .all(bound)
            .map(({ detail }) => detail)
            .join('; '),
        );
        return db.prepare(sql);
      },
    };
    createExpiredReads(spy as never);
    db.close();
    expect(plans).toEqual([
      expect.stringMatching(
        /^SEARCH version USING COVERING INDEX version_expiring \(expiry_project_id>\?\)$/,
      ),
      expect.stringMatching(
        /^SEARCH v USING INDEX version_expiring \(expiry_project_id=\? AND expire_time_ms[<>].*; SEARCH s USING INTEGER PRIMARY KEY/,
      ),
    ]);
  });

  it('make their secret damaged when one is hidden or filed under another project', async () => {
    const filed = [
      ['a', 'NULL'],
      ['b', "'b'"],
      ['c', "'b'"],
    ] as const;
    filled.tamper((db) => {
      for (const [projectId, value] of filed) {
        db.exec(`UPDATE version SET expiry_project_id = ${value}
                  WHERE secret_row = (SELECT row FROM secret WHERE project_id = '${projectId}')`);
      }
    });
    for (const [projectId] of filed) {
      await expectRefused((async () => filled.store.findVersions({ projectId, name: 'one' }))(), 'damaged');
    }
  });
});
