import { SecretError } from '../../core/errors.ts';
import type { SecretRef, Stage } from '../../core/secrets/secrets.ts';
import { findStage } from '../../core/secrets/stages.ts';
import { change } from '../change.ts';
import type { Deps } from '../ports/deps.ts';
import { required } from '../required.ts';
import { loadVersions } from './secrets.ts';

/**
 * Attaches a stage to a version, or moves it there.
 * Throws secret-not-found, secret-pending-deletion, version-not-found, stage-limit.
 * @see API pages CreateSecretStage, UpdateSecretStage
 */
export async function putStage(
  deps: Deps,
  ref: SecretRef,
  input: { readonly name: string; readonly versionNumber: number },
): Promise<Stage> {
  const result = await change(deps, { aggregate: 'secret', kind: 'put-stage', ref, ...input });
  return required(result.stage);
}

/** Which version a stage marks. Throws secret-not-found, stage-not-found. @see API page ShowSecretStage */
export async function showStage(deps: Deps, ref: SecretRef, name: string): Promise<Stage> {
  const stage = findStage((await loadVersions(deps, ref)).stages, name);
  if (stage === undefined) throw new SecretError('stage-not-found');
  return stage;
}

/**
 * Removes a stage. Throws secret-not-found, secret-pending-deletion, stage-built-in, stage-not-found.
 * @see API page DeleteSecretStage
 */
export async function removeStage(deps: Deps, ref: SecretRef, name: string): Promise<void> {
  await change(deps, { aggregate: 'secret', kind: 'remove-stage', ref, name });
}
