import type { Clock } from '../app/ports/deps.ts';
import type { AccessKey, Directory } from './identities/identities.ts';

/** What authentication knows of a world: its identities and its time. */
export interface Realm {
  /** Names the world. */
  readonly world: string;
  readonly clock: Clock;
  /** The present directory; read for each request, so that a reload takes effect at once. */
  directory(): Directory;
}

/** The worlds of a process. An access key and a token belong to one of them; ids may be the same in all. */
export interface Realms {
  /** The world of names and passwords. */
  readonly main: Realm;
  all(): Iterable<Realm>;
  find(world: string): Realm | undefined;
}

/** The access key with its owner, and the world that it belongs to. */
export function findAccessKey(
  realms: Realms,
  accessKeyId: string,
): (AccessKey & { readonly realm: Realm }) | undefined {
  for (const realm of realms.all()) {
    const found = realm.directory().findAccessKey(accessKeyId);
    if (found !== undefined) return { key: found.key, user: found.user, realm };
  }
  return undefined;
}

/** The directory of a caller's world. Throws when the world has ended, for which authentication refuses callers. */
export function directoryOf(realms: Realms, world: string): Directory {
  const realm = realms.find(world);
  if (realm === undefined) throw new Error('the world of the caller has ended');
  return realm.directory();
}
