import type { SecretWithValues } from '../../app/ports/deps.ts';
import type { SecretEvent } from '../../core/events/events.ts';
import type { Key } from '../../core/kms/keys.ts';

/** A secret as it is, opened. */
export interface PresentSecret extends SecretWithValues {
  /** In the order of the versions; undefined: its key has been destroyed. */
  readonly opened: readonly (Buffer | undefined)[];
}

/** What a world has, as far as a seed has to be compared with it. */
export interface PresentContents {
  readonly keys: readonly Key[];
  readonly events: readonly SecretEvent[];
  /** How many secrets the project has. */
  readonly secretCount: number;
  /** By name: those that the seed names too. */
  readonly secrets: ReadonlyMap<string, PresentSecret>;
  /** The names of all others, by id. */
  readonly otherSecrets: ReadonlyMap<string, string>;
  /** The ids of the keys that others are sealed under. */
  readonly otherKeyIds: ReadonlySet<string>;
  /** Whether the project refuses values that are easy to guess. */
  readonly checksStrength: boolean;
}

/** A world without anything. */
export const EMPTY: PresentContents = Object.freeze({
  keys: [],
  events: [],
  secretCount: 0,
  secrets: new Map(),
  otherSecrets: new Map(),
  otherKeyIds: new Set<string>(),
  checksStrength: false,
});
