import { type ChangeDeps, change } from '../change.ts';
import type { Deps } from '../ports/deps.ts';
import { createDueJob } from './due.ts';
import type { Job } from './job.ts';

/**
 * The job that carries out scheduled deletions of secrets. A damaged one stays until its owner deletes it: only its
 * changed row says that it is due. @see API page DeleteSecretForSchedule
 */
export function createPurgeJob(deps: ChangeDeps & Pick<Deps, 'log'>): Job {
  return createDueJob(deps, {
    job: 'purge',
    kind: 'secret-deletion',
    item: 'a due secret',
    outcome: 'was not removed',
    list: deps.store.listDueSecrets,
    nameOf: ({ id, ref }) => ({ id, address: ref }),
    async carryOut(secret, nowMs) {
      const result = await change(deps, { aggregate: 'secret', kind: 'purge-secret', ...secret, nowMs });
      return result.removed ?? false;
    },
    tell: (purged) => deps.log.info({ purged }, 'carried out scheduled deletions'),
  });
}
