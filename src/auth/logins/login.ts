import { SecretError } from '../../core/errors.ts';
import type { UserQuery } from '../identities/identities.ts';

/** The scope that a login requests. */
export interface LoginScope {
  readonly kind: 'project' | 'domain';
  readonly projectId?: string | undefined;
  readonly projectName?: string | undefined;
  readonly domainId?: string | undefined;
  readonly domainName?: string | undefined;
}

/** A well-formed request for a token. */
export type Login = (
  | { readonly method: 'password'; readonly user: UserQuery; readonly password: string }
  | { readonly method: 'token'; readonly token: string }
) & {
  /** Undefined: a token for the account, without scope. */
  readonly scope: LoginScope | undefined;
};

/** A well-formed request for a token in exchange for one of an identity provider. */
export interface IdTokenLogin extends Pick<Login, 'scope'> {
  readonly idToken: string;
}

/** Characters of a name or id, of a password, of a token, of an ID token, and entries of `methods`. */
export const LOGIN_LIMITS = Object.freeze({
  name: 128,
  password: 1_024,
  token: 4_096,
  idToken: 12_288,
  methods: 8,
});

/** OpenStack clients send this word where others omit the scope. */
const UNSCOPED = 'unscoped';

/**
 * Reads the body of POST /v3/auth/tokens. Unknown members are ignored; a user is named by id, or by name and domain; a
 * project takes precedence over a domain, and a password over a token.
 * Throws login-invalid, without details, as the real service does.
 * @see IAM API, POST /v3/auth/tokens
 */
export function readLogin(body: unknown): Login {
  const auth = objectIn(body, 'auth');
  const identity = objectIn(auth, 'identity');
  const methods = memberOf(identity, 'methods');
  if (!Array.isArray(methods) || methods.length > LOGIN_LIMITS.methods) throw invalid();
  const scope = scopeIn(auth);
  if (methods.includes('password')) {
    return { method: 'password', ...readPassword(objectIn(objectIn(identity, 'password'), 'user')), scope };
  }
  if (!methods.includes('token')) throw invalid();
  const token = textIn(objectIn(identity, 'token'), 'id', LOGIN_LIMITS.token);
  if (token === undefined) throw invalid();
  return { method: 'token', token, scope };
}

/**
 * Reads the body of POST /v3.0/OS-AUTH/id-token/tokens. Throws id-token-invalid, without details.
 * @see IAM API, CreateTokenWithIdToken
 */
export function readIdTokenLogin(body: unknown): IdTokenLogin {
  try {
    const auth = objectIn(body, 'auth');
    const idToken = textIn(objectIn(auth, 'id_token'), 'id', LOGIN_LIMITS.idToken);
    if (idToken === undefined) throw invalid();
    return { idToken, scope: scopeIn(auth) };
  } catch (cause) {
    throw new SecretError('id-token-invalid', '', { cause });
  }
}

function scopeIn(auth: object): LoginScope | undefined {
  return memberOf(auth, 'scope') === UNSCOPED ? undefined : readScope(optionalObjectIn(auth, 'scope'));
}

function readPassword(user: object): { readonly user: UserQuery; readonly password: string } {
  const domain = optionalObjectIn(user, 'domain');
  const query: UserQuery = {
    userId: textIn(user, 'id'),
    userName: textIn(user, 'name'),
    domainId: textIn(domain, 'id'),
    domainName: textIn(domain, 'name'),
  };
  const isNamed = query.userName !== undefined && (query.domainId ?? query.domainName) !== undefined;
  if (query.userId === undefined && !isNamed) throw invalid();
  const password = textIn(user, 'password', LOGIN_LIMITS.password);
  if (password === undefined) throw invalid();
  return { user: query, password };
}

function readScope(scope: object | undefined): LoginScope | undefined {
  const project = optionalObjectIn(scope, 'project');
  const domain = optionalObjectIn(project ?? scope, 'domain');
  const domainId = textIn(domain, 'id');
  const domainName = textIn(domain, 'name');
  if (project !== undefined) {
    const projectId = textIn(project, 'id');
    const projectName = textIn(project, 'name');
    if (projectId === undefined && projectName === undefined) throw invalid();
    return { kind: 'project', projectId, projectName, domainId, domainName };
  }
  if (domain === undefined) return undefined;
  if (domainId === undefined && domainName === undefined) throw invalid();
  return { kind: 'domain', domainId, domainName };
}

/** The member, an object. Throws login-invalid. */
export function objectIn(parent: unknown, name: string): object {
  const member = optionalObjectIn(parent, name);
  if (member === undefined) throw invalid();
  return member;
}

/** The same, where it may be absent. */
export function optionalObjectIn(parent: unknown, name: string): object | undefined {
  const member = memberOf(parent, name);
  if (member === undefined) return undefined;
  if (typeof member !== 'object' || member === null || Array.isArray(member)) throw invalid();
  return member;
}

/** 1 to `charactersMax` characters, or undefined when the member is absent. */
export function textIn(
  parent: unknown,
  name: string,
  charactersMax: number = LOGIN_LIMITS.name,
): string | undefined {
  const member = memberOf(parent, name);
  if (member === undefined) return undefined;
  if (typeof member !== 'string' || member === '' || member.length > charactersMax) throw invalid();
  return member;
}

/** Own members only: a body cannot reach the prototype. */
export function memberOf(parent: unknown, name: string): unknown {
  if (typeof parent !== 'object' || parent === null || !Object.hasOwn(parent, name)) return undefined;
  // The line before checks what the cast assumes.
  return (parent as Record<string, unknown>)[name];
}

function invalid(): SecretError {
  return new SecretError('login-invalid');
}
