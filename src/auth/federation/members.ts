import { hash } from 'node:crypto';
import type { Federation } from '../../app/ports/deps.ts';
import { createBoundedMap } from '../../std/bounded-map.ts';
import type { Directory, Domain, User } from '../identities/identities.ts';
import { namePrefix, type RuleTarget, ruleOf } from './providers.ts';

/** Members that are kept, so that what follows from their group is worked out once. */
const MEMBERS_MAX = 4_096;

/** Where rules lead. */
interface Places extends Pick<Directory, 'providers'> {
  readonly domains: ReadonlyMap<string, Domain>;
  findEnabled(userId: string): User | undefined;
}

/** Creates the search of one directory for those whom its rules let in. @see docs/adr/0076-workload-identity.md */
export function createFederatedSearch(places: Places): Directory['findFederated'] {
  const members = createBoundedMap<string, User>(MEMBERS_MAX);
  return (federation) => {
    const target = ruleOf(places.providers, federation)?.target;
    if (target === undefined) return undefined;
    if (target.kind === 'user') return places.findEnabled(target.userId);
    const name = `${federation.ruleId}\n${federation.subject}`;
    const known = members.get(name);
    if (known !== undefined) return known;
    const member = memberOf(places, federation, target);
    if (member !== undefined) members.set(name, member);
    return member;
  };
}

/**
 * A user that is in no file: it has the policies of its group and no others, and neither password nor keys. Its id follows
 * from the provider and the subject, so that it is the same with every token; nobody else can have its name.
 */
function memberOf(
  { domains, providers }: Places,
  { providerId, subject }: Federation,
  { groupId, projectIds }: RuleTarget & { kind: 'group' },
): User | undefined {
  const domain = domains.get(providers.get(providerId)?.domainId ?? '');
  const group = domain?.groups.find(({ id }) => id === groupId);
  if (domain === undefined || group === undefined) return undefined;
  const projects = domain.projects.filter(({ id }) => projectIds?.includes(id) ?? true);
  const id = hash('sha256', `member\0${domain.id}\0${providerId}\0${subject}`, 'hex').slice(0, 32);
  return Object.freeze({
    id,
    name: `${namePrefix(providerId)}${subject}`,
    domainId: domain.id,
    domainName: domain.name,
    passwordHash: undefined,
    isDisabled: false,
    policies: [],
    groups: [group],
    projects,
    projectIds: new Set(projects.map((project) => project.id)),
  });
}
