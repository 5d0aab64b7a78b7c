import type { Clock } from '../app/ports/deps.ts';
import { unavailable } from '../core/errors.ts';
import type { AccessKey, Directory, User, UserQuery } from './identities/identities.ts';
import { matchesDigest } from './logins/password.ts';

/** What authentication knows of a world: its identities and its time. */
export interface Realm {
  /** Names the world. */
  readonly world: string;
  readonly clock: Clock;
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

/** The access key with its owner, and the world that it belongs to. */
export function findAccessKey(realms: Realms, accessKeyId: string): (AccessKey & Found) | undefined {
  for (const realm of realms.all()) {
    const found = realm.directory().findAccessKey(accessKeyId);
    if (found !== undefined) return { key: found.key, user: found.user, realm };
  }
  return undefined;
}

/** The user with this password in a world other than main. */
export function findByPassword({ all, main }: Realms, query: UserQuery, password: string): Found | undefined {
  for (const realm of all()) {
    const user = realm === main ? undefined : realm.directory().findUser(query);
    if (user !== undefined && matchesDigest(user.passwordHash ?? '', password)) return { user, realm };
  }
  return undefined;
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
