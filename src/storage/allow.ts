import type { Awaitable } from '../app/ports/deps.ts';
import { type Attributes, keyAttributes, secretAttributes } from '../core/attributes.ts';
import { isDamaged } from '../core/errors.ts';
import type { KeyRef } from '../core/kms/keys.ts';
import { SYSCURRENT } from '../core/names.ts';
import type { KeyUse } from '../core/permit.ts';
import type { SecretAggregate } from '../core/secrets/secrets.ts';
import { type Asking, ask } from './asking.ts';
import type { Engine, Loaded } from './engine.ts';

/** Throws when something with these attributes must not be changed, or the `key` not be used for it. */
export type Allow = (
  attributes: Attributes | undefined,
  key?: { readonly ref: KeyRef; readonly use: KeyUse },
) => void;

/** Asks whether the keys of a rotation may be used: it opens the present value, and seals a new one. */
export function* allowKeys<L extends Loaded>(
  { keys }: Engine<L>,
  aggregate: SecretAggregate | undefined,
  allow: Allow,
): Asking<void> {
  if (aggregate === undefined) return;
  const { secret, stages, versions } = aggregate;
  const { kmsKeyId, projectId } = secret;
  const current = stages.find(({ name }) => name === SYSCURRENT)?.versionNumber;
  const opened = versions.find(({ number }) => number === current)?.kmsKeyId ?? kmsKeyId;
  for (const [id, use] of [[kmsKeyId, 'seal'] as const, [opened, 'open'] as const]) {
    const ref = { projectId, id };
    const found = yield* ask(keys.find(ref));
    allow(found && keyAttributes(found), { ref, use });
  }
}

/** The attributes of a secret as it was loaded. */
export const attributesOf = ({ aggregate }: Loaded) => secretAttributes(aggregate);

/**
 * Loads what a change concerns and checks that it may be changed, before the rest of the scope is loaded: that may be
 * damaged too. What is damaged counts as missing.
 */
export function* loadFor<T>(
  allow: Allow | undefined,
  load: () => Awaitable<T | undefined>,
  attributes: (found: T) => Attributes,
) {
  let found: T | undefined;
  try {
    found = yield* ask(load());
  } catch (error) {
    if (isDamaged(error)) allow?.(undefined);
    throw error;
  }
  allow?.(found && attributes(found));
  return found;
}
