import { SecretError } from '../core/errors.ts';
import type { Deps } from './ports.ts';
import { showVersion } from './versions.ts';

/** What a sample of the stored values shows. */
export interface SampleReport {
  readonly opened: number;
  /** Values that are there but do not open, or whose rows do not pass their check. */
  readonly damaged: number;
}

/**
 * Opens the `count` newest versions and as many others: at the start of a server, it finds out whether key and data
 * belong together before anybody depends on it. Values of secrets or keys that are not in use are passed over.
 */
export async function openSamples(
  deps: Pick<Deps, 'store' | 'keyring'>,
  count: number,
): Promise<SampleReport> {
  let [opened, damaged] = [0, 0];
  for (const { ref, number } of await deps.store.sampleVersions(count)) {
    try {
      (await showVersion(deps, ref, number)).bytes.fill(0);
      opened += 1;
    } catch (error) {
      if (!(error instanceof SecretError)) throw error;
      if (error.code === 'damaged') damaged += 1;
    }
  }
  return { opened, damaged };
}
