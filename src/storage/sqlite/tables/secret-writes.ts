import { SecretError } from '../../../core/errors.ts';
import type { AddedValue, SecretDecision } from '../../../core/secrets/decision.ts';
import type { SealedValue, SecretAggregate, Stage, Version } from '../../../core/secrets/secrets.ts';
import { SECRET, STAGE, VERSION } from '../../columns/secrets.ts';
import { type RowMac, type SignedSecret, signSecret } from '../../row-mac.ts';
import type { Connection } from '../engine/open.ts';
import { prepareInsert, prepareUpdate } from '../rows/rows.ts';
import type { TellRow } from '../rows/sum-tracker.ts';
import { expiryProject } from './expired-versions.ts';
import type { LoadedSecret, SavedSecret } from './secret-reads.ts';
import { createTagWrites } from './tags.ts';

/**
 * Writes what the rules decided about a secret. Runs inside the write transaction. Returns the aggregate as stored now;
 * undefined when nothing was written, or the secret is gone.
 */
export type SaveSecret = (
  loaded: LoadedSecret | undefined,
  decision: SecretDecision,
) => SavedSecret | undefined;

/** What the writes of secrets report. */
export interface SecretEars {
  /** Sealed values or key material are deleted. */
  onRemoval(): void;
  /** The row of a secret is added or changed. */
  readonly tellRow: TellRow;
}

/** Prepares the writes of secrets on one connection. */
export function createSecretWrites(
  db: Connection,
  mac: RowMac,
  { onRemoval, tellRow }: SecretEars,
): SaveSecret {
  const statements = prepareSecret(db);
  const saveVersions = createVersionWrites(db, onRemoval);
  const saveTags = createTagWrites(db);

  function remove(loaded: LoadedSecret): void {
    saveVersions.removeAll(loaded);
    saveTags.removeAll(loaded.row);
    statements.remove.run(loaded.row);
    statements.recount.run(loaded.aggregate.secret.projectId);
  }

  function put(loaded: LoadedSecret | undefined, projectId: string, signed: SignedSecret): number {
    const { contentsDigest, row, rowMac } = signed;
    tellRow(loaded?.rowMac ?? null, rowMac);
    if (loaded !== undefined) {
      const former = loaded.signed?.row ?? SECRET.encode(loaded.aggregate.secret);
      statements.update(former, row, contentsDigest, rowMac, loaded.row);
      return loaded.row;
    }
    statements.count.run(projectId);
    return statements.insert(row, rowMac);
  }

  return (loaded, decision) => {
    const { next } = decision;
    if (next === undefined) {
      if (loaded !== undefined) remove(loaded);
      return undefined;
    }
    if (next === loaded?.aggregate) return undefined;
    const signed = signSecret(mac, next, loaded?.signed);
    const row = put(loaded, next.secret.projectId, signed);
    const versionRows = saveVersions.replace(row, loaded, decision, next);
    saveTags.replace(row, next.secret.projectId, difference(loaded?.aggregate.tags ?? [], next.tags));
    return { row, rowMac: signed.rowMac, aggregate: next, versionRows, signed };
  };
}

/** Prepares counting a project's secrets, after some have been removed. Runs inside the write transaction. */
export function prepareRecount(db: Connection) {
  return db.prepare<[string]>(
    'UPDATE project SET secret_count = (SELECT count(*) FROM secret s WHERE s.project_id = project.id) WHERE id = ?',
  );
}

function prepareSecret(db: Connection) {
  const more = ['contents_digest', 'row_mac'];
  return {
    insert: prepareInsert(db, SECRET, more),
    update: prepareUpdate(db, SECRET, { more, where: 'WHERE row = ?' }),
    remove: db.prepare('DELETE FROM secret WHERE row = ?'),
    count: db.prepare(
      'INSERT INTO project (id, secret_count) VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET secret_count = secret_count + 1',
    ),
    // Counted anew: the count is not authenticated, and a wrong one must not prevent deletions.
    recount: prepareRecount(db),
  };
}

/**
 * The order of the steps satisfies every constraint after each of them: stages are removed first, then versions whose
 * slots stay free; stages are added or moved last, when the versions that they mark exist. A version that takes another's
 * slot takes its rows, which costs half as many pages as removing and adding rows.
 */
function createVersionWrites(db: Connection, onRemoval: () => void) {
  const rows = createVersionRows(db, onRemoval);
  const stageRows = prepareStage(db);

  return {
    removeAll(loaded: LoadedSecret): void {
      for (const stage of loaded.aggregate.stages) stageRows.remove.run(loaded.row, stage.name);
      for (const row of loaded.versionRows.values()) rows.remove(row);
    },

    /** Returns the rows of the versions afterwards, by slot. */
    replace(
      row: number,
      loaded: LoadedSecret | undefined,
      { added = [] }: SecretDecision,
      next: SecretAggregate,
    ): ReadonlyMap<number, number> {
      const { projectId } = next.secret;
      const { entered, left } = difference(loaded?.aggregate.versions ?? [], next.versions);
      let versionRows: ReadonlyMap<number, number> = loaded?.versionRows ?? new Map();
      const gone = left.filter(({ number }) => !entered.some((version) => version.number === number));
      const stages = planStages(loaded?.aggregate.stages ?? [], next.stages, gone);
      for (const { name } of stages.gone) stageRows.remove.run(row, name);
      for (const { slot } of gone) {
        if (entered.some((version) => version.slot === slot)) continue;
        rows.remove(requireRow(versionRows, slot));
        versionRows = new Map([...versionRows].filter(([other]) => other !== slot));
      }
      for (const version of entered) {
        const { number, slot } = version;
        const former = left.find((other) => other.slot === slot);
        const isNew = former?.number !== number;
        const entry = { version, projectId, sealed: isNew ? requireValue(added, number) : undefined };
        if (former === undefined) versionRows = new Map(versionRows).set(slot, rows.add(row, entry));
        else rows.overwrite(requireRow(versionRows, slot), former, entry);
      }
      for (const stage of stages.moved)
        stageRows.move.run(stage.versionNumber, stage.updateTimeMs, row, stage.name);
      for (const stage of stages.came) stageRows.insert(STAGE.encode(stage), row);
      return versionRows;
    },
  };
}

/** A version to be stored; without a value when it keeps its present one. */
interface VersionEntry {
  readonly version: Version;
  readonly projectId: string;
  readonly sealed: SealedValue | undefined;
}

/** Prepares the writes of one version's rows. */
function createVersionRows(db: Connection, onRemoval: () => void) {
  const insert = prepareInsert(db, VERSION, ['expiry_project_id', 'secret_row']);
  const listed = { name: VERSION.name, own: [...VERSION.own, 'expiry_project_id'] };
  const update = prepareUpdate(db, listed, { more: [], where: 'WHERE row = ?' });
  const insertKey = db.prepare('INSERT INTO version_key (wrapped, version_row) VALUES (?, ?)');
  const insertBody = db.prepare('INSERT INTO version_body (body, version_row) VALUES (?, ?)');
  const updateKey = db.prepare('UPDATE version_key SET wrapped = ? WHERE version_row = ?');
  const updateBody = db.prepare('UPDATE version_body SET body = ? WHERE version_row = ?');
  // The small row is the data key: without it the body is noise, so it is removed first.
  const removeKey = db.prepare('DELETE FROM version_key WHERE version_row = ?');
  const removeBody = db.prepare('DELETE FROM version_body WHERE version_row = ?');
  const remove = db.prepare('DELETE FROM version WHERE row = ?');
  return {
    remove(versionRow: number): void {
      onRemoval();
      removeKey.run(versionRow);
      removeBody.run(versionRow);
      remove.run(versionRow);
    },
    /** Returns the row number. */
    add(secretRow: number, { projectId, sealed, version }: VersionEntry): number {
      const versionRow = insert(VERSION.encode(version), expiryProject(version, projectId), secretRow);
      insertKey.run(sealed?.wrappedKey, versionRow);
      insertBody.run(sealed?.body, versionRow);
      return versionRow;
    },
    overwrite(versionRow: number, former: Version, { projectId, sealed, version }: VersionEntry): void {
      const listedRow = (of: Version) => [...VERSION.encode(of), expiryProject(of, projectId)];
      update(listedRow(former), listedRow(version), versionRow);
      if (sealed === undefined) return;
      onRemoval();
      const { body, wrappedKey } = sealed;
      // A missing old value must not prevent storing the new one.
      if (updateKey.run(wrappedKey, versionRow).changes === 0) insertKey.run(wrappedKey, versionRow);
      if (updateBody.run(body, versionRow).changes === 0) insertBody.run(body, versionRow);
    },
  };
}

function prepareStage(db: Connection) {
  return {
    insert: prepareInsert(db, STAGE, ['secret_row']),
    move: db.prepare(
      'UPDATE stage SET version_number = ?, update_time_ms = ? WHERE secret_row = ? AND name = ?',
    ),
    remove: db.prepare('DELETE FROM stage WHERE secret_row = ? AND name = ?'),
  };
}

/**
 * What was removed and added, by identity: the rules copy what they change and keep the rest. For so few, scanning is
 * faster than sets.
 */
function difference<T>(before: readonly T[], after: readonly T[]): { left: T[]; entered: T[] } {
  if (before === after) return { left: [], entered: [] };
  return { left: before.filter(isOutside(after)), entered: after.filter(isOutside(before)) };
}

/** Asked in the order of the list, which what stays mostly has in both, it need not search. */
function isOutside<T>(list: readonly T[]): (entry: T) => boolean {
  let next = 0;
  return (entry) => {
    const found = list[next] === entry ? next : list.indexOf(entry);
    if (found >= 0) next = found + 1;
    return found < 0;
  };
}

/**
 * A stage that moves between remaining versions keeps its row: one statement instead of two, whenever a version is added.
 */
function planStages(before: readonly Stage[], after: readonly Stage[], removed: readonly Version[]) {
  const { left, entered } = difference(before, after);
  const former = new Map(left.map((stage) => [stage.name, stage]));
  const keepsRow = ({ name, slot }: Stage) => {
    const from = former.get(name);
    return from?.slot === slot && !removed.some(({ number }) => number === from.versionNumber);
  };
  const moved = entered.filter(keepsRow);
  for (const { name } of moved) former.delete(name);
  return { gone: [...former.values()], moved, came: entered.filter((stage) => !moved.includes(stage)) };
}

function requireRow(versionRows: ReadonlyMap<number, number>, slot: number): number {
  const row = versionRows.get(slot);
  if (row === undefined) throw new SecretError('internal');
  return row;
}

function requireValue(added: readonly AddedValue[], number: number): SealedValue {
  const value = added.find(({ versionNumber }) => versionNumber === number);
  if (value === undefined) throw new SecretError('internal');
  return value.sealed;
}
