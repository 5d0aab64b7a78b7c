import { isInForce } from '../../core/identity/grants.ts';
import type { ActionId } from '../../core/policy/actions.ts';
import type { Caller, Deps, GranteeQuery } from '../ports/deps.ts';

/** What a grant on a secret allows on it. @see CSMS API, CreateGrants */
export const GRANTED: ReadonlySet<ActionId> = new Set<ActionId>([
  'csms:secret:list',
  'csms:secret:get',
  'csms:secret:getVersion',
  'csms:secret:listVersion',
  'csms:secret:getStage',
  'csms:secret:listTags',
]);
/** What it allows on the key of that secret, for these. */
export const GRANTED_ON_KEY: ActionId = 'kms:cmk:decryptDataKey';

/** The secrets of a project, or the one that is meant, on which the caller or one of its groups has a grant in force. */
export async function grantedSecretIds(
  { clock, store }: Pick<Deps, 'clock' | 'store'>,
  { permissions, userId }: Caller,
  target: Pick<GranteeQuery, 'projectId' | 'secret'>,
): Promise<string[]> {
  const grantees = [
    { type: 'user', id: userId } as const,
    ...(permissions?.groupIds ?? []).map((id) => ({ type: 'group', id }) as const),
  ];
  const nowMs = clock.nowMs();
  const ids = new Set<string>();
  for (const grantee of grantees) {
    for (const grant of await store.listGrantsOf({ ...target, grantee })) {
      if (isInForce(grant, nowMs)) ids.add(grant.secretId);
    }
  }
  return [...ids];
}
