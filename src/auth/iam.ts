import type { KeyObject } from 'node:crypto';
import type { Caller, Clock } from '../app/ports.ts';
import { SecretError } from '../core/errors.ts';
import { readToken } from './authenticator.ts';
import {
  type DomainsBody,
  domainsBody,
  type ProjectsBody,
  projectsBody,
  type TokenBody,
  tokenBody,
  type UsersBody,
  usersBody,
} from './iam-bodies.ts';
import type { Directory, User, UserQuery } from './identities.ts';
import { type Login, type LoginScope, readLogin } from './login.ts';
import type { PasswordChecker } from './password-checker.ts';
import { credentialMark, issueToken, TOKEN_VALIDITY_MS, type TokenClaims } from './token.ts';

/** What the IAM slice works with. */
export interface IamDeps {
  readonly directory: () => Directory;
  readonly clock: Clock;
  readonly tokenKey: KeyObject;
  readonly passwords: PasswordChecker;
  /** Region id shown in the catalogue. */
  readonly region: string;
}

/**
 * The few IAM calls that CSMS clients make. Bodies are in wire form. `baseUrl` is the server's address as the caller knows
 * it, `scheme://host[:port]` without a final slash.
 */
export interface Iam {
  /**
   * POST /v3/auth/tokens. `address` is the peer's, for the throttle.
   * Throws login-invalid, login-refused, throttled.
   */
  createTokenFor(input: {
    readonly body: unknown;
    readonly address: string;
    readonly baseUrl: string;
    readonly noCatalog: boolean;
  }): Promise<{ readonly token: string; readonly body: TokenBody }>;
  /** GET /v3/auth/tokens: what the token says. Throws unauthenticated, token-expired. */
  showToken(input: {
    readonly token: string;
    readonly baseUrl: string;
    readonly noCatalog: boolean;
  }): TokenBody;
  /** GET /v3/projects: the caller's projects, whatever the token's scope, in the order of the identities file. */
  listProjects(
    caller: Caller,
    query: {
      readonly baseUrl: string;
      readonly name?: string | undefined;
      readonly domainId?: string | undefined;
    },
  ): ProjectsBody;
  /** GET /v3/auth/domains: the caller's own domain. */
  listDomains(caller: Caller, query: { readonly baseUrl: string }): DomainsBody;
  /** GET /v3/users: the caller alone, since nobody may look at others here. */
  listUsers(
    caller: Caller,
    query: { readonly baseUrl: string; readonly name?: string | undefined },
  ): UsersBody;
}

/** Makes the IAM slice. Nothing is kept but what the password checker keeps. */
export function createIam(deps: IamDeps): Iam {
  function describe(
    claims: TokenClaims,
    user: User,
    { baseUrl, noCatalog }: { readonly baseUrl: string; readonly noCatalog: boolean },
  ): TokenBody {
    const site = noCatalog ? undefined : { baseUrl, region: deps.region };
    return tokenBody(claims, user, site);
  }

  return {
    async createTokenFor(input) {
      const login = readLogin(input.body);
      const user = await checkLogin(deps, login, input.address);
      const scope = findScope(user, deps.directory(), login.scope);
      if (scope === undefined) throw new SecretError('login-refused');
      const issuedAtMs = deps.clock.nowMs();
      const claims: TokenClaims = {
        userId: user.id,
        domainId: user.domainId,
        ...scope,
        issuedAtMs,
        expiresAtMs: issuedAtMs + TOKEN_VALIDITY_MS,
        credentialMark: credentialMark(deps.tokenKey, user),
      };
      return {
        token: issueToken(deps.tokenKey, claims),
        body: describe(claims, user, input),
      };
    },
    showToken(input) {
      const { claims, user } = readToken(deps, input.token);
      return describe(claims, user, input);
    },
    listProjects(caller, query) {
      const user = deps.directory().findUserById(caller.userId);
      const projects = (user === undefined ? [] : deps.directory().projectsOf(user))
        .filter((project) => (query.name ?? project.name) === project.name)
        .filter((project) => (query.domainId ?? project.domainId) === project.domainId);
      return projectsBody(query.baseUrl, projects);
    },
    listDomains(caller, { baseUrl }) {
      return domainsBody(baseUrl, deps.directory().domains.get(caller.domainId));
    },
    listUsers(caller, query) {
      const user = deps.directory().findUserById(caller.userId);
      const isListed = (query.name ?? user?.name) === user?.name;
      return usersBody(query.baseUrl, isListed ? user : undefined);
    },
  };
}

/** Unknown users and wrong passwords are counted the same and get the same answer. */
async function checkLogin(deps: IamDeps, login: Login, address: string): Promise<User> {
  const user = deps.directory().findUser(login.user);
  const isRight = await deps.passwords.check({
    principal: principalOf(deps.directory(), login.user, user),
    address,
    phc: user?.passwordHash,
    password: login.password,
  });
  if (user !== undefined && isRight) return user;
  throw new SecretError('login-refused', '', { logReason: refusalOf(user) });
}

function refusalOf(user: User | undefined): string {
  if (user === undefined) return 'no such user';
  return user.passwordHash === undefined ? 'the user has no password' : 'wrong password';
}

/** The name under which the throttle counts a user's failures. Pure. */
export function principalOfUser(user: Pick<User, 'domainId' | 'name'>): string {
  return JSON.stringify([user.domainId, user.name]);
}

/** One name for all ways to write it, whether the user exists or not: otherwise the throttle would tell which. */
function principalOf(directory: Directory, query: UserQuery, user: User | undefined): string {
  const { userId, userName, domainId, domainName } = query;
  if (user !== undefined) return principalOfUser(user);
  if (userId !== undefined) return JSON.stringify([userId]);
  const named = [...directory.domains.values()].find((domain) => domain.name === domainName);
  return JSON.stringify([domainId ?? named?.id ?? domainName, userName]);
}

/** Undefined when the user may not go there, or when there is no such place: the caller learns no difference. */
function findScope(
  user: User,
  directory: Directory,
  wanted: LoginScope | undefined,
): Pick<TokenClaims, 'scope' | 'projectId'> | undefined {
  if (wanted === undefined) return { scope: 'unscoped', projectId: undefined };
  const { domainId = user.domainId, domainName = user.domainName } = wanted;
  if (domainId !== user.domainId || domainName !== user.domainName) return undefined;
  if (wanted.kind === 'domain') return { scope: 'domain', projectId: undefined };
  const { projectId, projectName } = wanted;
  const project = directory
    .projectsOf(user)
    .find(({ id, name }) => (projectId ?? id) === id && (projectName ?? name) === name);
  return project === undefined ? undefined : { scope: 'project', projectId: project.id };
}
