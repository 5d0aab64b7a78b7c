import { codeOf, SecretError } from '../../core/errors.ts';
import type { Secret, SecretRef } from '../../core/secrets/secrets.ts';
import { change } from '../change.ts';
import type { Deps } from '../ports/deps.ts';
import { required } from '../required.ts';

/**
 * Removes a secret at once, for good, also a damaged one, which is then logged. With an id only the secret that has it,
 * by its own row, which must then pass its check. Throws secret-not-found, damaged.
 * @see API page DeleteSecret
 */
export async function deleteSecret(deps: Deps, ref: SecretRef, id?: string): Promise<void> {
  const which = { ref, ...(id !== undefined && { id }) };
  const result = await change(deps, { aggregate: 'secret', kind: 'delete-secret', ...which });
  if (result.wasDamaged) deps.log.error({ ...ref }, 'a damaged secret was deleted, and nobody was notified');
}

/**
 * Schedules a deletion. recoveryWindowDays: 7 to 30. Throws secret-not-found, deletion-already-scheduled, damaged: the
 * row that would hold the schedule cannot be trusted, and the message says what to do instead.
 * @see API page DeleteSecretForSchedule
 */
export async function scheduleDeletion(
  deps: Deps,
  ref: SecretRef,
  recoveryWindowDays: number,
): Promise<Secret> {
  const command = { aggregate: 'secret', kind: 'schedule-deletion', ref, recoveryWindowDays } as const;
  try {
    return required((await change(deps, command)).secret);
  } catch (cause) {
    if (codeOf(cause) !== 'damaged') throw cause;
    throw new SecretError('damaged', 'The secret can only be deleted at once, with DeleteSecret.', { cause });
  }
}

/** Calls a scheduled deletion off. Throws secret-not-found, deletion-not-scheduled. @see API page RestoreSecret */
export async function cancelDeletion(deps: Deps, ref: SecretRef): Promise<Secret> {
  return required((await change(deps, { aggregate: 'secret', kind: 'cancel-deletion', ref })).secret);
}
