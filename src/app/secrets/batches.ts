import { isOfOne, type SecretError } from '../../core/errors.ts';
import { instanceIdOf } from '../../core/rotation/rotation.ts';
import type { Secret } from '../../core/secrets/secrets.ts';
import type { SecretType } from '../../core/secrets/types.ts';
import { collectPage } from '../pages.ts';
import type { Awaitable, Deps } from '../ports/deps.ts';
import { deleteSecret } from './lifecycle.ts';
import { type CreateSecret, createSecret, secretsOf } from './secrets.ts';
import { type OpenedVersion, showVersion } from './versions.ts';

/** The outcome for one requested value. The caller zeroes the bytes after use. */
export type BatchValue = { readonly name: string } & (
  | { readonly opened: OpenedVersion; readonly refusal?: undefined }
  | { readonly opened?: undefined; readonly refusal: SecretError }
);

/** Which secrets are removed with an instance. */
export interface InstanceQuery {
  readonly projectId: string;
  readonly instanceId: string;
  /** Absent: of every type. */
  readonly secretTypes: readonly SecretType[] | undefined;
}

/**
 * Creates secrets one after the other, each by the rules for one; one that is refused, or whose name a damaged secret
 * has, does not stop the others. `inputs` are parsed one by one, each once `authorize` has provided what it is created
 * with: whether the caller may create it comes before what is wrong with it. Returns each one's refusal, undefined for
 * what was created. Throws failures of the server.
 * @see API page BatchImportSecrets
 */
export async function importSecrets(
  deps: Deps,
  projectId: string,
  inputs: readonly (() => CreateSecret)[],
  authorize: (index: number) => Awaitable<Deps> = () => deps,
): Promise<(SecretError | undefined)[]> {
  const pause = deps.turns.pauseOf(projectId);
  const refusals: (SecretError | undefined)[] = [];
  for (const [index, parse] of inputs.entries()) {
    await pause();
    try {
      const own = await authorize(index);
      await createSecret(own, parse());
      refusals.push(undefined);
    } catch (error) {
      if (!isOfOne(error)) throw error;
      refusals.push(error);
    }
  }
  return refusals;
}

/**
 * Opens the current value of each named secret; one that is refused or damaged does not stop the others. Throws failures
 * of the server.
 * @see API page BatchShowSecretVersion
 */
export async function showCurrentVersions(
  deps: Deps,
  projectId: string,
  names: readonly string[],
): Promise<BatchValue[]> {
  const values: BatchValue[] = [];
  const pause = deps.turns.pauseOf(projectId);
  try {
    for (const name of names) {
      await pause();
      try {
        values.push({ name, opened: await showVersion(deps, { projectId, name }, 'latest') });
      } catch (error) {
        if (!isOfOne(error)) throw error;
        values.push({ name, refusal: error });
      }
    }
  } catch (error) {
    for (const { opened } of values) opened?.bytes.fill(0);
    throw error;
  }
  return values;
}

/**
 * Deletes at once, for good, every secret whose rotation configuration names the instance, also one whose versions,
 * stages or tags are damaged. Returns the names of the deleted, and of the others that the actor sees in lists. A secret
 * whose own row is damaged counts among the latter: its instance is unknown. Throws failures of the server.
 * @see API page BatchDeleteSecrets
 */
export async function deleteOfInstance(
  deps: Deps,
  query: InstanceQuery,
): Promise<{ readonly deleted: string[]; readonly refused: string[] }> {
  const deleted: string[] = [];
  const { found, damaged: refused } = await listOfInstance(deps, query);
  for (const secret of found) {
    try {
      await deleteSecret(deps, { projectId: query.projectId, name: secret.name }, secret.id);
      deleted.push(secret.name);
    } catch (error) {
      if (!isOfOne(error)) throw error;
      const isShown = error.code !== 'action-forbidden' || (deps.sees?.listed?.({ secret }) ?? true);
      if (isShown) refused.push(secret.name);
    }
  }
  return { deleted, refused };
}

async function listOfInstance(
  deps: Deps,
  { projectId, instanceId, secretTypes }: InstanceQuery,
): Promise<{ readonly found: readonly Secret[]; readonly damaged: string[] }> {
  const damaged = new Set<string>();
  const onDamaged = (name: string) => void damaged.add(name);
  const isMeant = (secret: Secret) =>
    (secretTypes?.includes(secret.secretType) ?? true) && instanceIdOf(secret) === instanceId;
  const { entries: found } = await collectPage(secretsOf(deps, { projectId, rotatedOnly: true, onDamaged }), {
    limit: Number.POSITIVE_INFINITY,
    fits: isMeant,
    pause: deps.turns.pauseOf(projectId),
  });
  return { found, damaged: [...damaged] };
}
