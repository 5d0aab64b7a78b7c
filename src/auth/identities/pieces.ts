import type { KeyObject } from 'node:crypto';
import type { IdentityProvider } from '../federation/providers.ts';
import {
  createDirectoryBuilder,
  type Directory,
  type DirectoryContents,
  type Domain,
  type Policy,
  type Project,
  type User,
} from './identities.ts';

/** A user with the ids of its projects; undefined: all of the domain, so that they need not be repeated. */
interface UserPiece extends Pick<User, 'id' | 'name' | 'domainId' | 'passwordHash' | 'policies'> {
  readonly projectIds: readonly string[] | undefined;
}

/** One of the identities as it is sent between threads; it may only refer to earlier ones. */
export type IdentityPiece =
  | { readonly policy: Policy }
  | { readonly domain: Pick<Domain, 'id' | 'name'> }
  | { readonly project: Project }
  | { readonly user: UserPiece }
  | { readonly provider: IdentityProvider }
  | { readonly accessKey: { readonly id: string; readonly secret: KeyObject; readonly userId: string } };

/** Splits identities into pieces. */
export function* identityPieces(contents: DirectoryContents): Generator<IdentityPiece> {
  const ofDomain = new Map<string, readonly Project[]>();
  for (const policy of contents.policies) yield { policy };
  for (const { id, name, projects } of contents.domains) {
    ofDomain.set(id, projects);
    yield { domain: { id, name } };
    for (const project of projects) yield { project };
  }
  for (const { id, name, domainId, passwordHash, policies, projects } of contents.users) {
    const projectIds =
      projects === ofDomain.get(domainId) ? undefined : projects.map((project) => project.id);
    yield { user: { id, name, domainId, passwordHash, policies, projectIds } };
  }
  for (const provider of contents.providers ?? []) yield { provider };
  for (const { key, user } of contents.accessKeys) {
    yield { accessKey: { id: key.accessKeyId, secret: key.secret, userId: user.id } };
  }
}

interface OpenDomain {
  readonly domain: Domain;
  readonly projects: Project[];
  readonly projectIds: Set<string>;
}

/** Rebuilds a directory from the pieces, in their order. Throws when one is missing. */
export function createPieceCollector(): { add(piece: IdentityPiece): void; build(): Directory } {
  const builder = createDirectoryBuilder();
  const domains = new Map<string, OpenDomain>();
  const projects = new Map<string, Project>();
  const users = new Map<string, User>();

  function addDomain({ id, name }: Pick<Domain, 'id' | 'name'>): void {
    const open: Project[] = [];
    const domain = Object.freeze({ id, name, projects: open });
    domains.set(id, { domain, projects: open, projectIds: new Set() });
    builder.addDomain(domain);
  }

  function addProject(project: Project): void {
    const domain = present(domains, project.domainId);
    domain.projects.push(Object.freeze(project));
    domain.projectIds.add(project.id);
    projects.set(project.id, project);
  }

  function addUser({ projectIds, ...piece }: UserPiece): void {
    const own = present(domains, piece.domainId);
    const user: User = Object.freeze({
      ...piece,
      domainName: own.domain.name,
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
      else builder.addPolicy(piece.policy);
    },
    build: () => builder.build(),
  };
}

function present<T>(all: ReadonlyMap<string, T>, id: string): T {
  const found = all.get(id);
  if (found === undefined) throw new Error('an identity speaks of one that is not there');
  return found;
}
