import type { KeyObject } from 'node:crypto';
import type { IdentityProvider } from '../federation/providers.ts';
import { createDirectoryBuilder } from './directory.ts';
import type { Directory, DirectoryContents, Domain, Group, Policy, Project, User } from './identities.ts';

/** A user with the ids of its groups and projects; no projects: all of the domain, so that they need not be repeated. */
interface UserPiece
  extends Pick<
    User,
    'id' | 'name' | 'domainId' | 'isDisabled' | 'passwordHash' | 'policies' | 'certificates'
  > {
  readonly groupIds: readonly string[];
  readonly projectIds: readonly string[] | undefined;
}

type DomainPiece = Pick<Domain, 'id' | 'name' | 'enterpriseProjects'>;

/** One of the identities as it is sent between threads; it may only refer to earlier ones. */
export type IdentityPiece =
  | { readonly usesPolicies: boolean }
  | { readonly policy: Policy }
  | { readonly domain: DomainPiece }
  | { readonly project: Project }
  | { readonly group: Group }
  | { readonly user: UserPiece }
  | { readonly provider: IdentityProvider }
  | { readonly accessKey: { readonly id: string; readonly secret: KeyObject; readonly userId: string } };

/** Splits identities into pieces. */
export function* identityPieces(contents: DirectoryContents): Generator<IdentityPiece> {
  const ofDomain = new Map<string, readonly Project[]>();
  yield { usesPolicies: contents.usesPolicies };
  for (const policy of contents.policies) yield { policy };
  for (const { id, name, enterpriseProjects, groups, projects } of contents.domains) {
    ofDomain.set(id, projects);
    yield { domain: { id, name, enterpriseProjects } };
    for (const project of projects) yield { project };
    for (const group of groups) yield { group };
  }
  for (const user of contents.users) {
    const { id, name, certificates, domainId, groups, isDisabled, passwordHash, policies, projects } = user;
    const projectIds =
      projects === ofDomain.get(domainId) ? undefined : projects.map((project) => project.id);
    const groupIds = groups.map((group) => group.id);
    const own = { id, name, certificates, domainId, isDisabled, passwordHash, policies };
    yield { user: { ...own, groupIds, projectIds } };
  }
  for (const provider of contents.providers) yield { provider };
  for (const { accessKeyId: id, key, user } of contents.accessKeys) {
    if (key !== undefined) yield { accessKey: { id, secret: key.secret, userId: user.id } };
  }
}

/**
 * How much a piece weighs beside a user: it takes so many times as long to receive. Documents may be long.
 */
export function weightOf(piece: IdentityPiece): number {
  if ('provider' in piece) return 1 + piece.provider.rules.length + KEYS_WEIGHT;
  if (!('policy' in piece)) return 1;
  return 1 + Math.floor(JSON.stringify(piece.policy.document).length / CHARACTERS_PER_PIECE);
}

/** Of the keys of a provider. */
const KEYS_WEIGHT = 16;
/** Of a document that takes about as long as a user. */
const CHARACTERS_PER_PIECE = 1_024;

interface OpenDomain {
  readonly domain: Domain;
  readonly projects: Project[];
  readonly projectIds: Set<string>;
  readonly groups: Group[];
}

/** Rebuilds a directory from the pieces, in their order. Throws when one is missing. */
export function createPieceCollector(): { add(piece: IdentityPiece): void; build(): Directory } {
  const builder = createDirectoryBuilder();
  const domains = new Map<string, OpenDomain>();
  const projects = new Map<string, Project>();
  const groups = new Map<string, Group>();
  const users = new Map<string, User>();
  // Nobody may do anything by default.
  let usesPolicies = true;

  function addDomain(piece: DomainPiece): void {
    const open = { projects: [], groups: [] };
    const domain = Object.freeze({ ...piece, ...open });
    domains.set(piece.id, { domain, ...open, projectIds: new Set() });
    builder.addDomain(domain);
  }

  function addProject(project: Project): void {
    const domain = present(domains, project.domainId);
    domain.projects.push(Object.freeze(project));
    domain.projectIds.add(project.id);
    projects.set(project.id, project);
  }

  function addGroup(group: Group): void {
    present(domains, group.domainId).groups.push(Object.freeze(group));
    groups.set(group.id, group);
  }

  function addUser({ groupIds, projectIds, ...piece }: UserPiece): void {
    const own = present(domains, piece.domainId);
    const user: User = Object.freeze({
      ...piece,
      domainName: own.domain.name,
      groups: groupIds.map((id) => present(groups, id)),
      projects: projectIds?.map((id) => present(projects, id)) ?? own.projects,
      projectIds: projectIds === undefined ? own.projectIds : new Set(projectIds),
    });
    users.set(user.id, user);
    builder.addUser(user);
  }

  return {
    add(piece) {
      if ('user' in piece) addUser(piece.user);
      else if ('accessKey' in piece) {
        const { id: accessKeyId, secret, userId } = piece.accessKey;
        builder.addAccessKey({ key: { accessKeyId, secret }, user: present(users, userId) });
      } else if ('provider' in piece) builder.addProvider(piece.provider);
      else if ('project' in piece) addProject(piece.project);
      else if ('domain' in piece) addDomain(piece.domain);
      else if ('group' in piece) addGroup(piece.group);
      else if ('policy' in piece) builder.addPolicy(piece.policy);
      else usesPolicies = piece.usesPolicies;
    },
    build: () => builder.build({ usesPolicies }),
  };
}

function present<T>(all: ReadonlyMap<string, T>, id: string): T {
  const found = all.get(id);
  if (found === undefined) throw new Error('an identity speaks of one that is not there');
  return found;
}
