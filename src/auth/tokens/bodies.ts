import type { Domain, Project, User } from '../identities/identities.ts';
import { type Catalogued, type CatalogueSite, catalogOf } from './catalogue.ts';
import type { TokenClaims, TokenMethod } from './token.ts';

interface Named {
  readonly id: string;
  readonly name: string;
}

interface Links {
  readonly self: string;
  readonly next: null;
  readonly previous: null;
}

interface Listed extends Named {
  readonly enabled: true;
  readonly description: string;
  readonly links: { readonly self: string };
}

/** Body of a token response. @see IAM API, POST /v3/auth/tokens */
export interface TokenBody {
  readonly token: {
    readonly methods: readonly TokenMethod[];
    /** `2020-01-04T09:08:49.965000Z` */
    readonly issued_at: string;
    readonly expires_at: string;
    readonly user: Named & { readonly domain: Named; readonly password_expires_at: '' };
    readonly project?: Named & { readonly domain: Named };
    readonly domain?: Named;
    readonly roles: readonly Named[];
    readonly catalog: readonly Catalogued[];
  };
}

/** Body of a list of projects. @see IAM API, GET /v3/projects */
export interface ProjectsBody {
  readonly projects: readonly (Listed & {
    readonly domain_id: string;
    readonly parent_id: string;
    readonly is_domain: false;
  })[];
  readonly links: Links;
}

/** Body of a list of domains. @see IAM API, GET /v3/auth/domains */
export interface DomainsBody {
  readonly domains: readonly Listed[];
  readonly links: Links;
}

/** Body of GET /v3/users, as far as Terraform reads it. */
export interface UsersBody {
  readonly users: readonly (Listed & { readonly domain_id: string; readonly password_expires_at: '' })[];
  readonly links: Links;
}

/** What a token says, in wire form; `site` undefined leaves the catalogue empty. */
export function tokenBody(claims: TokenClaims, user: User, site: CatalogueSite | undefined): TokenBody {
  const domain = { id: user.domainId, name: user.domainName };
  const project = user.projects.find(({ id }) => id === claims.projectId);
  return {
    token: {
      methods: [claims.method],
      issued_at: iamTime(claims.issuedAtMs),
      expires_at: iamTime(claims.expiresAtMs),
      user: { id: user.id, name: user.name, domain, password_expires_at: '' },
      ...(project === undefined ? {} : { project: { id: project.id, name: project.name, domain } }),
      ...(claims.scope === 'domain' ? { domain } : {}),
      roles: user.policies.map((name) => ({ id: '0', name })),
      catalog: site === undefined ? [] : catalogOf(site),
    },
  };
}

/** A list of projects in wire form; `path` is that of the request. */
export function projectsBody(
  { baseUrl, path }: { readonly baseUrl: string; readonly path: string },
  projects: readonly Project[],
): ProjectsBody {
  const entries = projects.map((project) => ({
    ...listed(project, `${baseUrl}/v3/projects/${project.id}`),
    domain_id: project.domainId,
    parent_id: project.domainId,
    is_domain: false as const,
  }));
  return { projects: entries, links: linksTo(`${baseUrl}${path}`) };
}

/** A list of one domain or none, in wire form. */
export function domainsBody(baseUrl: string, domain: Domain | undefined): DomainsBody {
  const domains = domain === undefined ? [] : [listed(domain, `${baseUrl}/v3/domains/${domain.id}`)];
  return { domains, links: linksTo(`${baseUrl}/v3/auth/domains`) };
}

/** A list of one user or none, in wire form. */
export function usersBody(baseUrl: string, user: User | undefined): UsersBody {
  const links = linksTo(`${baseUrl}/v3/users`);
  if (user === undefined) return { users: [], links };
  const entry = listed(user, `${baseUrl}/v3/users/${user.id}`);
  return { users: [{ ...entry, domain_id: user.domainId, password_expires_at: '' }], links };
}

/** Microseconds, as expected by clients that replace `000Z` with `Z`. */
function iamTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('Z', '000Z');
}

function listed(entry: Domain | Project | User, self: string): Listed {
  return { id: entry.id, name: entry.name, enabled: true, description: '', links: { self } };
}

function linksTo(self: string): Links {
  return { self, next: null, previous: null };
}
