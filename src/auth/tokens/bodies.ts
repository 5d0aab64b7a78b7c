import type { Federation } from '../../app/ports/deps.ts';
import type { Domain, Project, User } from '../identities/identities.ts';
import { type CatalogueSite, catalogOf } from './catalogue.ts';
import type { TokenClaims } from './token.ts';

/**
 * What a token says, in wire form; `site` undefined leaves the catalogue empty.
 * @see IAM API, POST /v3/auth/tokens
 */
export function tokenBody(claims: Omit<TokenClaims, 'id'>, user: User, site: CatalogueSite | undefined) {
  const domain = { id: user.domainId, name: user.domainName };
  const project = user.projects.find(({ id }) => id === claims.projectId);
  return {
    token: {
      methods: [claims.method],
      issued_at: iamTime(claims.issuedAtMs),
      expires_at: iamTime(claims.expiresAtMs),
      user: {
        id: user.id,
        name: user.name,
        domain,
        password_expires_at: '',
        ...(claims.federation && { 'OS-FEDERATION': federationBody(claims.federation, user) }),
      },
      ...(project === undefined ? {} : { project: { id: project.id, name: project.name, domain } }),
      ...(claims.scope === 'domain' ? { domain } : {}),
      roles: rolesOf(user),
      catalog: site === undefined ? [] : catalogOf(site),
    },
  };
}

function federationBody({ providerId }: Federation, user: User) {
  const groups = user.groups.map(({ id, name }) => ({ id, name }));
  return { identity_provider: { id: providerId }, protocol: { id: 'oidc' }, groups };
}

/** A list of projects in wire form; `path` is that of the request. @see IAM API, GET /v3/projects */
export function projectsBody(
  { baseUrl, path }: { readonly baseUrl: string; readonly path: string },
  projects: readonly Project[],
) {
  const entries = projects.map((project) => ({
    ...listed(project, `${baseUrl}/v3/projects/${project.id}`),
    domain_id: project.domainId,
    parent_id: project.domainId,
    is_domain: false as const,
  }));
  return { projects: entries, links: linksTo(`${baseUrl}${path}`) };
}

/** A list of one domain or none, in wire form. @see IAM API, GET /v3/auth/domains */
export function domainsBody(baseUrl: string, domain: Domain | undefined) {
  const domains = domain === undefined ? [] : [listed(domain, `${baseUrl}/v3/domains/${domain.id}`)];
  return { domains, links: linksTo(`${baseUrl}/v3/auth/domains`) };
}

/** A list of one user or none, in wire form, as far as Terraform reads it. */
export function usersBody(baseUrl: string, user: User | undefined) {
  const links = linksTo(`${baseUrl}/v3/users`);
  if (user === undefined) return { users: [], links };
  const entry = listed(user, `${baseUrl}/v3/users/${user.id}`);
  return { users: [{ ...entry, domain_id: user.domainId, password_expires_at: '' }], links };
}

/** The names of all policies that count for the user somewhere, each once. */
function rolesOf({ groups, policies }: User) {
  const all = [policies, ...groups.map((group) => group.policies)].flat();
  return [...new Set(all.map(({ name }) => name))].map((name) => ({ id: '0', name }));
}

/** Microseconds, as expected by clients that replace `000Z` with `Z`. */
export function iamTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('Z', '000Z');
}

function listed(entry: Domain | Project | User, self: string) {
  return { id: entry.id, name: entry.name, enabled: true, description: '', links: { self } };
}

function linksTo(self: string) {
  return { self, next: null, previous: null };
}
