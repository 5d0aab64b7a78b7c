import type { SigningKey } from '../../core/events/signing-key.ts';
import { type ChangeDeps, change } from '../change.ts';
import { unlessDamaged } from '../health/damage-report.ts';
import type { Log, SigningKeys } from '../ports/deps.ts';

/** Returns the installation's signing key, which is created when it is first needed. */
export type LoadSigningKey = () => Promise<SigningKey>;

/**
 * Prepares the loading of the signing key. The first one stored wins, so all processes sign with the same key; it is read
 * from the store once. A damaged one would keep all notifications from being sent: it is replaced, and that is logged.
 * Throws storage-full, unavailable.
 */
export function createSigningKeyLoader(
  deps: ChangeDeps & { readonly signingKeys: SigningKeys; readonly log: Log },
): LoadSigningKey {
  let loading: Promise<SigningKey> | undefined;

  function tellDamage(): undefined {
    deps.log.error(
      {},
      'the key that signs notifications was gone or changed by hand, and is made anew: receivers that keep the former certificate need the new one',
    );
  }

  async function load(): Promise<SigningKey> {
    const present = await unlessDamaged(deps.store.findSigningKey, tellDamage);
    if (present !== undefined) return present;
    const key = await deps.signingKeys.create(deps.clock.nowMs());
    return change(deps, { aggregate: 'signing-key', kind: 'ensure-signing-key', key });
  }

  return () => {
    loading ??= load().catch((error: unknown) => {
      // The next caller tries again.
      loading = undefined;
      throw error;
    });
    return loading;
  };
}
