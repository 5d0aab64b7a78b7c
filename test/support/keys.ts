import { aliasSpellings } from '../../src/core/kms/aliases.ts';
import type { Key, KeyChange, KeyDecision } from '../../src/core/kms/keys.ts';
import { decideKey } from '../../src/core/kms/rules.ts';
import { aKey, KEY_ID, REF, T0 } from './builders.ts';

/** An enabled key that someone made, with the alias `own`. */
export function aCustomKey(changes: Partial<Key> = {}): Key {
  return aKey({ alias: 'own', isDefault: false, ...changes });
}

/** A key with these aliases beside its own. */
export function withAliases(key: Key, ...aliases: readonly string[]): Key {
  return aliases.reduce((state, alias) => decideOnKey(state, { kind: 'add-alias', alias }).next!, key);
}

/** Decides one change of a key. `others`: keys of the project that might have a wanted alias. */
export function decideOnKey(
  current: Key | undefined,
  change: KeyChange,
  nowMs = T0,
  others: readonly Key[] = [],
): KeyDecision {
  const ref = { projectId: REF.projectId, id: current?.id ?? KEY_ID };
  const spellings: readonly string[] = 'alias' in change ? aliasSpellings(change.alias) : [];
  const present = current === undefined ? others : [current, ...others];
  const aliasHolder = present.find((key) => key.aliases.some(({ alias }) => spellings.includes(alias)));
  return decideKey(
    { current, aliasHolder, keysInProject: present.length },
    { aggregate: 'key', ref, nowMs, ...change },
  );
}
