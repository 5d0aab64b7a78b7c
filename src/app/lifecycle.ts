import type { Secret, SecretRef } from '../core/secret.ts';
import type { Deps } from './ports.ts';
import { required } from './required.ts';

/**
 * Removes a secret at once, for good, also one that is damaged, which the operator is told of. Throws secret-not-found.
 * @see API page DeleteSecret
 */
export async function deleteSecret(deps: Deps, ref: SecretRef): Promise<void> {
  const nowMs = deps.clock.nowMs();
  const result = await deps.store.change({ aggregate: 'secret', kind: 'delete-secret', ref, nowMs });
  if (result.wasDamaged) deps.log.error({ ...ref }, 'a damaged secret was deleted, and nobody was notified');
}

/**
 * Schedules a deletion. recoveryWindowDays: 7 to 30. Throws secret-not-found, deletion-already-scheduled.
 * @see API page DeleteSecretForSchedule
 */
export async function scheduleDeletion(
  deps: Deps,
  ref: SecretRef,
  recoveryWindowDays: number,
): Promise<Secret> {
  const nowMs = deps.clock.nowMs();
  const command = { aggregate: 'secret', kind: 'schedule-deletion', ref, recoveryWindowDays, nowMs } as const;
  return required((await deps.store.change(command)).secret);
}

/** Calls a scheduled deletion off. Throws secret-not-found, deletion-not-scheduled. @see API page RestoreSecret */
export async function cancelDeletion(deps: Deps, ref: SecretRef): Promise<Secret> {
  const nowMs = deps.clock.nowMs();
  return required(
    (await deps.store.change({ aggregate: 'secret', kind: 'cancel-deletion', ref, nowMs })).secret,
  );
}
