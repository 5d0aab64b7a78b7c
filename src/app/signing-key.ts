import type { SigningKey } from '../core/signing-key.ts';
import type { Clock, SigningKeys, Store } from './ports.ts';

/** Answers the installation's signing key, which comes into being when it is first needed. */
export type LoadSigningKey = () => Promise<SigningKey>;

/**
 * Prepares the loading of the signing key. Whoever stores one first wins, so all processes sign with one key; it is read
 * from the store once. Throws damaged, storage-full, unavailable.
 */
export function createSigningKeyLoader(deps: {
  readonly store: Pick<Store, 'change' | 'findSigningKey'>;
  readonly clock: Clock;
  readonly signingKeys: SigningKeys;
}): LoadSigningKey {
  let loading: Promise<SigningKey> | undefined;

  async function load(): Promise<SigningKey> {
    const present = await deps.store.findSigningKey();
    if (present !== undefined) return present;
    const nowMs = deps.clock.nowMs();
    const key = await deps.signingKeys.create(nowMs);
    return deps.store.change({ aggregate: 'signing-key', kind: 'ensure-signing-key', key, nowMs });
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
