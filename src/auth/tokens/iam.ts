import type { KeyObject } from 'node:crypto';
import type { Caller, IdentityService } from '../../app/ports/deps.ts';
import { SecretError } from '../../core/errors.ts';
import { readToken } from '../authenticator.ts';
import type { Directory, User, UserQuery } from '../identities/identities.ts';
import { type Login, readLogin } from '../logins/login.ts';
import type { PasswordChecker } from '../logins/password-checker.ts';
import { principalOfUser } from '../logins/throttle.ts';
import { type Found, type Realms, worldOf } from '../realm.ts';
import { domainsBody, projectsBody, tokenBody, usersBody } from './bodies.ts';
import { catalogBody, endpointsBody, servicesBody, versionBody } from './catalogue.ts';
import { requireNarrower, requireScope } from './scope.ts';
import { createSubjects } from './subjects.ts';
import { credentialMark, issueToken, type TokenClaims } from './token.ts';

/** What the IAM slice works with. */
export interface IamDeps {
  readonly realms: Realms;
  readonly tokenKey: KeyObject;
  readonly passwords: PasswordChecker;
  /** Region id shown in the catalogue. */
  readonly region: string;
  /** How long a token is good for. */
  readonly tokenLifetimeMs: number;
}

/** Creates the identity service. It keeps no state except the password checker's. */
export function createIam(deps: IamDeps) {
  const { region } = deps;
  return {
    async createTokenFor(input) {
      const login = readLogin(input.body);
      const { user, held, realm } = await identify(deps, login, input.address);
      const scope = requireScope(user, login.scope);
      if (held !== undefined) requireNarrower(held, scope);
      const issuedAtMs = realm.clock.nowMs();
      const claims: Omit<TokenClaims, 'id'> = {
        world: realm.world,
        method: login.method,
        userId: user.id,
        domainId: user.domainId,
        ...scope,
        issuedAtMs,
        // However often a token is exchanged, it expires with the first one.
        expiresAtMs: held?.expiresAtMs ?? issuedAtMs + deps.tokenLifetimeMs,
        credentialMark: credentialMark(deps.tokenKey, user, realm),
        federation: held?.federation,
      };
      return {
        token: issueToken(deps.tokenKey, claims),
        issuedAtMs,
        body: describeToken(claims, user, { ...input, region }),
      };
    },
    ...createSubjects(deps, (claims, user, input) => describeToken(claims, user, { ...input, region })),
    listProjects(caller, query) {
      const user = principalOfCaller(deps, caller);
      const projects = user?.projects.filter(({ name }) => (query.name ?? name) === name);
      return projectsBody(query, projects ?? []);
    },
    listServices: ({ baseUrl, type }) => servicesBody({ baseUrl, region }, { type }),
    listEndpoints: ({ baseUrl, ...wanted }) => endpointsBody({ baseUrl, region }, wanted),
    showCatalog: ({ baseUrl }) => catalogBody({ baseUrl, region }),
    showVersion: ({ baseUrl }) => versionBody(baseUrl),
    listDomains(caller, { baseUrl }) {
      return domainsBody(baseUrl, worldOf(deps.realms, caller).directory().domains.get(caller.domainId));
    },
    listUsers(caller, query) {
      const user = principalOfCaller(deps, caller);
      const isListed = (query.name ?? user?.name) === user?.name;
      return usersBody(query.baseUrl, isListed ? user : undefined);
    },
  } satisfies Omit<IdentityService, 'createTokenForIdToken'>;
}

/** What a token says, in wire form. */
export function describeToken(
  claims: Omit<TokenClaims, 'id'>,
  user: User,
  {
    baseUrl,
    noCatalog,
    region,
  }: { readonly baseUrl: string; readonly noCatalog: boolean; readonly region: string },
) {
  return tokenBody(claims, user, noCatalog ? undefined : { baseUrl, region });
}

/** Who a caller is at present. */
function principalOfCaller({ realms }: IamDeps, caller: Caller): User | undefined {
  return worldOf(realms, caller).directory().findPrincipal(caller);
}

/** Who asks for a token, and the claims of the token shown for it. */
async function identify(
  deps: IamDeps,
  login: Login,
  address: string,
): Promise<Found & { readonly held: TokenClaims | undefined }> {
  if (login.method === 'password') return { ...(await checkLogin(deps, login, address)), held: undefined };
  const { claims: held, ...known } = readToken(deps, login.token);
  return { ...known, held };
}

/** Unknown users and wrong passwords count the same and get the same error. */
async function checkLogin(
  { passwords, realms }: IamDeps,
  login: Extract<Login, { method: 'password' }>,
  address: string,
): Promise<Found> {
  const { main } = realms;
  const { password, user: query } = login;
  const directory = main.directory();
  const user = directory.findUser(query);
  const principal = principalOf(directory, query, user);
  const found = await passwords.find(realms, { query, password, address }, async () => {
    const isRight = await passwords.check({ principal, address, phc: user?.passwordHash, password });
    return isRight && user !== undefined ? { user, realm: main } : undefined;
  });
  if (found !== undefined) return found;
  throw new SecretError('login-refused', '', { logReason: refusalOf(user) });
}

function refusalOf(user: User | undefined): string {
  if (user === undefined) return 'no such user';
  return user.passwordHash === undefined ? 'the user has no password' : 'wrong password';
}

/** One name for all ways to write it, whether the user exists or not: otherwise the throttle would reveal which. */
function principalOf(directory: Directory, query: UserQuery, user: User | undefined): string {
  const { userId, userName, domainId, domainName } = query;
  if (user !== undefined) return principalOfUser(user);
  if (userId !== undefined) return JSON.stringify([userId]);
  const named = [...directory.domains.values()].find((domain) => domain.name === domainName);
  return JSON.stringify([domainId ?? named?.id ?? domainName, userName]);
}
