import { SecretError } from '../core/errors.ts';
import { currentKeyVersion, type KeyRef } from '../core/key.ts';
import { isRotationDue } from '../core/key-rotation.ts';
import type { Deps, DueKeyQuery } from './ports.ts';

/** Due keys that one round works through. */
const ROUND_KEYS = 100;

/** What the rounds on keys work with. */
export type KeyJobDeps = Pick<Deps, 'store' | 'keyring' | 'log'>;

/**
 * Destroys keys whose scheduled deletion is due, at most 100; answers how many. `damaged` remembers, from round to round,
 * which ones cannot be read: they are named once in the log and do not keep the others waiting.
 */
export async function deleteDueKeys(
  deps: KeyJobDeps,
  nowMs: number,
  damaged: Set<string> = new Set(),
): Promise<number> {
  const query = { due: 'deletion', nowMs } as const;
  const deleted = await eachDue(deps, { query, damaged }, async (ref) => {
    return (await deps.store.change({ aggregate: 'key', kind: 'purge-key', ref, nowMs })).changed;
  });
  if (deleted > 0) deps.log.info({ deleted }, 'destroyed keys whose scheduled deletion was due');
  return deleted;
}

/** Adds a version to keys whose rotation is due, at most 100; answers how many. See `deleteDueKeys` for `damaged`. */
export async function rotateDueKeys(
  deps: KeyJobDeps,
  nowMs: number,
  damaged: Set<string> = new Set(),
): Promise<number> {
  const query = { due: 'rotation', nowMs } as const;
  const rotated = await eachDue(deps, { query, damaged }, async (ref) => {
    const key = await deps.store.findKey(ref);
    if (key === undefined || !isRotationDue(key, nowMs)) return false;
    const versionNumber = currentKeyVersion(key).number + 1;
    const material = deps.keyring.createKeyMaterial(ref, versionNumber);
    const change = { kind: 'rotate-key', versionNumber, material } as const;
    return (await deps.store.change({ aggregate: 'key', ref, nowMs, ...change })).changed;
  });
  if (rotated > 0) deps.log.info({ rotated }, 'rotated keys');
  return rotated;
}

/** Works through the due keys; answers for how many `work` said that it was done. */
async function eachDue(
  deps: KeyJobDeps,
  round: { readonly query: Pick<DueKeyQuery, 'due' | 'nowMs'>; readonly damaged: Set<string> },
  work: (ref: KeyRef) => Promise<boolean>,
): Promise<number> {
  const { query, damaged } = round;
  let done = 0;
  // Damaged ones stay at the head of the list; the round looks past them.
  const limit = ROUND_KEYS + damaged.size;
  for (const ref of await deps.store.listDueKeys({ ...query, limit })) {
    const place = `${ref.projectId}/${ref.id}`;
    if (damaged.has(place)) continue;
    try {
      if (await work(ref)) done += 1;
    } catch (error) {
      const code = error instanceof SecretError ? error.code : undefined;
      // Somebody else's round destroyed it in the meantime.
      if (code === 'key-not-found') continue;
      if (code !== 'damaged') throw error;
      damaged.add(place);
      deps.log.error({ projectId: ref.projectId, keyId: ref.id }, 'a due key is damaged and was left alone');
    }
  }
  return done;
}
