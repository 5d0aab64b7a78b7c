import { SecretError } from '../../core/errors.ts';
import type { Deps, Store, VersionRef } from '../ports/deps.ts';
import { showVersion } from '../secrets/versions.ts';
import { StartError } from '../start-error.ts';
import { unlessDamaged } from './damage-report.ts';

/**
 * Opens the `count` newest versions and as many others: at the start of a server, this shows whether key and data belong
 * together before any request depends on it. Values of secrets or keys that are not in use are skipped. Returns how many
 * opened, how many are damaged, and how many things are to blame: secrets, keys or single values.
 */
export async function openSamples(deps: Pick<Deps, 'store' | 'keyring'>, count: number) {
  let [opened, damaged] = [0, 0];
  const causes = new Set<string>();
  for (const version of await deps.store.sampleVersions(count)) {
    try {
      (await showVersion(deps, version.ref, version.number)).bytes.fill(0);
      opened += 1;
    } catch (error) {
      if (!(error instanceof SecretError)) throw error;
      if (error.code !== 'damaged') continue;
      damaged += 1;
      causes.add(await causeOf(deps.store, version));
    }
  }
  return { opened, damaged, causes: causes.size };
}

/**
 * Checks such a sample and logs what is wrong. Throws StartError (damaged) when there are values, none opens, and more
 * than one secret, key or value is to blame: a single damaged row must not stop all other work.
 */
export async function checkSamples(
  deps: Pick<Deps, 'store' | 'keyring' | 'log'>,
  count: number,
): Promise<void> {
  const { opened, damaged, causes } = await openSamples(deps, count);
  if (damaged === 0) return;
  if (opened === 0 && causes > 1)
    throw new StartError('damaged', 'no stored value opens; run csms-server verify');
  deps.log.error({ opened, damaged }, 'some stored values do not open: run csms-server verify');
}

/** What keeps the value from being opened. */
async function causeOf(store: Store, { ref, number }: VersionRef): Promise<string> {
  const { projectId, name } = ref;
  const found = await unlessDamaged(
    () => store.findVersions(ref),
    () => undefined,
  );
  if (found === undefined) return `secret ${projectId}/${name}`;
  const id = found.versions.find((version) => version.number === number)?.kmsKeyId ?? '';
  const key = await unlessDamaged(
    () => store.findKey({ projectId, id }),
    () => undefined,
  );
  return key === undefined ? `key ${projectId}/${id}` : `version ${projectId}/${name}/v${number}`;
}
