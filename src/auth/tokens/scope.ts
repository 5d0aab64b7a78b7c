import { SecretError } from '../../core/errors.ts';
import type { User } from '../identities/identities.ts';
import type { LoginScope } from '../logins/login.ts';
import type { TokenClaims } from './token.ts';

/** What a token is issued for. */
export type GrantedScope = Pick<TokenClaims, 'scope' | 'projectId'>;

/** Most projects that a reason names. */
const NAMED_MAX = 5;

/** The requested scope, if the user may have it. Does not reveal whether it exists. Throws scope-refused. */
export function requireScope(user: User, wanted: LoginScope | undefined): GrantedScope {
  if (wanted === undefined) return { scope: 'unscoped', projectId: undefined };
  const { domainId = user.domainId, domainName = user.domainName } = wanted;
  if (domainId !== user.domainId || domainName !== user.domainName) {
    throw refused(`the scope names another domain than the user's (${user.domainName})`);
  }
  if (wanted.kind === 'domain') return { scope: 'domain', projectId: undefined };
  const { projectId, projectName } = wanted;
  const own = user.projects;
  const project = own.find(({ id, name }) => (projectId ?? id) === id && (projectName ?? name) === name);
  if (project !== undefined) return { scope: 'project', projectId: project.id };
  const names = own.slice(0, NAMED_MAX).map(({ name }) => name);
  throw refused(
    `no project ${projectName ?? projectId} in this domain (there is: ${names.join(', ') || 'none for this user'})`,
  );
}

/**
 * Refuses a scope wider than that of the token that asks for it: a token of one project stays in it.
 * Throws scope-refused.
 */
export function requireNarrower(held: GrantedScope, wanted: GrantedScope): void {
  if (held.scope !== 'project' || held.projectId === wanted.projectId) return;
  throw refused('the token is for one project and reaches nothing else');
}

function refused(logReason: string): SecretError {
  return new SecretError('scope-refused', '', { logReason });
}
