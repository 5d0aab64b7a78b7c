import Database from 'better-sqlite3';
import { beforeEach, describe, expect, it } from 'vitest';
import { createDueList } from '../../../../src/storage/sqlite/rows/due-list.ts';

let db: Database.Database;
beforeEach(() => {
  db = new Database(':memory:');
  db.exec('CREATE TABLE thing (id TEXT, project_id TEXT, due_ms INTEGER)');
  db.exec('CREATE INDEX thing_due ON thing (project_id, due_ms) WHERE due_ms IS NOT NULL');
});

const put = (projectId: string, ...times: readonly (number | null)[]) => {
  const insert = db.prepare('INSERT INTO thing VALUES (?, ?, ?)');
  for (const time of times) insert.run(`${projectId}${time}`, projectId, time);
};
const list = () => {
  const due = createDueList<{ id: string }>(db, {
    table: 'thing',
    time: 'due_ms',
    columns: 'id, project_id',
    order: 'id',
  });
  return (nowMs: number, limit: number, beyondMs?: number) =>
    due({ nowMs, ...(beyondMs !== undefined && { beyondMs }) }, limit).map(({ id }) => id);
};

describe('what is due', () => {
  it('comes by time in each project, and the projects take turns', () => {
    put('a', 3, 1, 2, null);
    put('b', 5);
    put('c', 9, 4);
    expect(list()(5, 10)).toEqual(['a1', 'b5', 'c4', 'a2', 'a3']);
  });

  it('is what lies too far ahead as well', () => {
    put('a', 1, 50, 99);
    put('b', 100);
    expect(list()(1, 10, 98)).toEqual(['a1', 'b100', 'a99']);
  });

  it('of one project is returned to the limit, however much there is', () => {
    put('a', ...Array.from({ length: 600 }, (_, time) => time));
    expect(list()(1_000, 500)).toHaveLength(500);
    expect(list()(1_000, 0)).toEqual([]);
  });

  it('of a project comes at once behind any number of another’s', () => {
    put('a', ...Array.from({ length: 5_000 }, (_, time) => time));
    put('b', 9_000);
    expect(list()(9_999, 16)).toContain('b9000');
  });

  it('comes from every project in turn when they are more than one look can serve', () => {
    for (let project = 0; project < 1_000; project += 1) put(`p${String(project).padStart(3, '0')}`, 1, 2);
    const look = list();
    const seen = new Set<string>();
    for (let looks = 0; looks < 70; looks += 1) for (const id of look(1, 16)) seen.add(id);
    expect(seen.size).toBe(1_000);
  });

  it('begins with another project in each look', () => {
    put('a', 1, 2);
    put('b', 1);
    put('c', 1);
    put('quiet', 100);
    const look = list();
    const firsts = Array.from({ length: 6 }, () => look(9, 16)[0]);
    expect(firsts).toEqual(['a1', 'b1', 'c1', 'a1', 'b1', 'c1']);
  });

  it('is found behind many projects of which nothing is due', () => {
    for (let project = 0; project < 1_000; project += 1) put(`p${project}`, 100);
    put('z', 1);
    const look = list();
    const found = Array.from({ length: 5 }, () => look(1, 16)).flat();
    expect(new Set(found)).toEqual(new Set(['z1']));
  });

  it('is looked up in the index', () => {
    const plans: string[] = [];
    const spy = {
      prepare: (sql: string) => {
        const explain = db.prepare<[unknown], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`);
        const bound = sql.includes('@') ? { projectId: '', nowMs: 0, beyondMs: 0, limit: 1 } : '';
        plans.push(...explain.all(bound).map(({ detail }) => detail));
        return db.prepare(sql);
      },
    };
    createDueList(spy as never, { table: 'thing', time: 'due_ms', columns: 'id', order: 'id' });
    const reads = plans.filter((plan) => plan.includes('thing'));
    expect(reads).toHaveLength(3);
    for (const plan of reads)
      expect(plan).toMatch(/SEARCH thing USING (?:COVERING )?INDEX thing_due \(project_id/);
  });
});
