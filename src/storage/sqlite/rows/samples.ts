import type { ProjectCount, RandomSource, VersionRef } from '../../../app/ports/deps.ts';
import type { Connection } from '../engine/open.ts';

interface SampleRow {
  readonly project_id: string;
  readonly name: string;
  readonly number: number;
}

/** Chooses the newest versions and as many others at random; nothing is checked. */
export function createSampleRead(db: Connection, random: RandomSource): (count: number) => VersionRef[] {
  const columns = `SELECT s.project_id, s.name, v.number FROM version v JOIN secret s ON s.row = v.secret_row`;
  const newest = db.prepare<[number], SampleRow>(`${columns} ORDER BY v.row DESC LIMIT ?`);
  const following = db.prepare<[number], SampleRow>(`${columns} WHERE v.row >= ? ORDER BY v.row LIMIT 1`);
  const lastRow = db.prepare<[], number>('SELECT coalesce(max(row), 0) FROM version').pluck();
  return (count) => {
    const last = lastRow.get() ?? 0;
    const others = Array.from({ length: count }, () =>
      last === 0 ? [] : following.all(1 + random.below(last)),
    );
    const found = new Map<string, VersionRef>();
    for (const { project_id: projectId, name, number } of [...newest.all(count), ...others.flat()]) {
      found.set(`${projectId}/${name}/${number}`, { ref: { projectId, name }, number });
    }
    return [...found.values()];
  };
}

/** Counts the secrets of each project; nothing is checked. */
export function createProjectCountRead(db: Connection) {
  return db.prepare<[], ProjectCount>(
    'SELECT project_id AS projectId, count(*) AS secrets FROM secret GROUP BY project_id ORDER BY project_id',
  );
}
