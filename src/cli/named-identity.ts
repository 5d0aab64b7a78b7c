import type { DirectoryContents, Domain, User } from '../auth/identities/identities.ts';
import { UsageError } from './flags.ts';

/** The domain of that name; without a name the only one. Throws UsageError. */
export function findDomain({ domains }: DirectoryContents, name: string | undefined): Domain {
  const found = name === undefined ? domains : domains.filter((domain) => domain.name === name);
  const [domain] = found;
  if (domain !== undefined && found.length === 1) return domain;
  if (name !== undefined) throw new UsageError(`there is no domain ${name}`);
  const names = domains.map((each) => each.name).join(', ');
  throw new UsageError(`name the domain with --domain: one of ${names}`);
}

/** The user of that name, disabled or not; `domain` is needed where several have one. Throws UsageError. */
export function findUser(contents: DirectoryContents, name: string, domain: string | undefined): User {
  const own = domain === undefined ? undefined : findDomain(contents, domain);
  const found = contents.users.filter(
    (user) => user.name === name && (own === undefined || user.domainId === own.id),
  );
  const [user] = found;
  if (user !== undefined && found.length === 1) return user;
  if (user === undefined) throw new UsageError(`there is no user ${name}`);
  const names = found.map(({ domainName }) => domainName).join(', ');
  throw new UsageError(`name the domain of ${name} with --domain: one of ${names}`);
}
