import { currentKeyVersion, type KeyRef } from '../../core/kms/keys.ts';
import { isRotationDue } from '../../core/kms/rotation.ts';
import { type ChangeDeps, change } from '../change.ts';
import { createDueJob } from '../jobs/due.ts';
import type { Job } from '../jobs/job.ts';
import type { Deps } from '../ports/deps.ts';

type KeyJobDeps = ChangeDeps & Pick<Deps, 'keyring' | 'log'>;

/** The job that destroys keys whose scheduled deletion is due. @see KMS API, DeleteKey */
export function createKeyDeletion(deps: KeyJobDeps): Job {
  const { keyring, log, store } = deps;
  return createDueJob(deps, {
    ...KEYS,
    job: 'key-deletion',
    kind: 'key-deletion',
    list: (nowMs, limit) => store.listDueKeys({ due: 'deletion', nowMs, limit }),
    async carryOut(ref, nowMs) {
      const { changed } = await change(deps, { aggregate: 'key', kind: 'purge-key', ref, nowMs });
      if (changed) keyring.forget(ref);
      return changed;
    },
    tell: (deleted) => log.info({ deleted }, 'destroyed keys whose scheduled deletion was due'),
  });
}

/** The job that adds a version to keys whose rotation is due. @see KMS API, EnableKeyRotation */
export function createKeyRotation(deps: KeyJobDeps): Job {
  const { keyring, log, store } = deps;
  return createDueJob(deps, {
    ...KEYS,
    job: 'key-rotation',
    kind: 'key-rotation',
    list: (nowMs, limit) => store.listDueKeys({ due: 'rotation', nowMs, limit }),
    async carryOut(ref, nowMs) {
      const key = await store.findKey(ref);
      if (key === undefined || !isRotationDue(key, nowMs)) return false;
      const versionNumber = currentKeyVersion(key).number + 1;
      const material = keyring.createKeyMaterial(ref, versionNumber);
      const command = { aggregate: 'key', kind: 'rotate-key', ref, versionNumber, material, nowMs } as const;
      return (await change(deps, command)).changed;
    },
    tell: (rotated) => log.info({ rotated }, 'rotated keys'),
  });
}

const KEYS = {
  item: 'a due key',
  outcome: 'was left alone',
  nameOf: ({ projectId, id }: KeyRef) => ({ id: `${projectId}/${id}` }),
};
