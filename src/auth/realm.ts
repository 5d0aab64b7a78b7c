import type { Revocations } from '../app/identity/revocations.ts';
import type { Clock } from '../app/ports/deps.ts';
import { unavailable } from '../core/errors.ts';
import { type BoundedMap, createBoundedMap } from '../std/bounded-map.ts';
import type { AccessKey, Directory, User } from './identities/identities.ts';

/** What authentication knows of a world: its identities and its time. */
export interface Realm {
  /** Names the world. */
  readonly world: string;
  /** Tells it from former worlds of its name, whose tokens are not its own; empty for main, which is the only one. */
  readonly nonce: string;
  readonly clock: Clock;
  /** Its tokens that are refused before they expire. */
  readonly revoked: Revocations;
  /** The present directory; read for each request, so that a reload takes effect at once. */
  directory(): Directory;
}

/** A user and the world that it belongs to. */
export interface Found {
  readonly user: User;
  readonly realm: Realm;
}

/** The worlds of a process. An access key, a password and a token belong to one of them; ids may be the same in all. */
export interface Realms {
  /** The world of the passwords in the identities file; other worlds have digests. */
  readonly main: Realm;
  all(): Iterable<Realm>;
  find(world: string): Realm | undefined;
}

/** Access keys whose world is remembered. */
const KNOWN_KEYS_MAX = 4_096;
/** The names of their worlds; it may have been another one since. */
const knownWorlds = new WeakMap<Realms, BoundedMap<string, string>>();

/**
 * The access key with its owner, and the world that it belongs to. Main comes first; of the others the one in which it
 * was found before, so that most requests search one of them, however many there are.
 */
export function findAccessKey(realms: Realms, accessKeyId: string): (AccessKey & Found) | undefined {
  const inMain = keyIn(realms.main, accessKeyId);
  if (inMain !== undefined) return inMain;
  const known = knownWorlds.get(realms) ?? createBoundedMap<string, string>(KNOWN_KEYS_MAX);
  knownWorlds.set(realms, known);
  const expected = realms.find(known.get(accessKeyId) ?? '');
  const inExpected = expected && keyIn(expected, accessKeyId);
  if (inExpected !== undefined) return inExpected;
  for (const realm of realms.all()) {
    const found = keyIn(realm, accessKeyId);
    if (found === undefined) continue;
    known.set(accessKeyId, realm.world);
    return found;
  }
  return undefined;
}

function keyIn(realm: Realm, accessKeyId: string): (AccessKey & Found) | undefined {
  const found = realm.directory().findAccessKey(accessKeyId);
  return found && { key: found.key, user: found.user, realm };
}

/** A caller's world. Throws unavailable when it has been removed since authentication. */
export function worldOf<R extends Realm>(
  worlds: { find(world: string): R | undefined },
  { world }: { readonly world: string },
): R {
  const found = worlds.find(world);
  if (found !== undefined) return found;
  throw unavailable('the world has ended');
}
