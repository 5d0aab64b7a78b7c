import type { Caller, IdentityBody, IdentityService } from '../../app/ports/deps.ts';
import { SecretError } from '../../core/errors.ts';
import { type AuthenticatorDeps, readToken } from '../authenticator.ts';
import type { User } from '../identities/identities.ts';
import type { TokenClaims } from './token.ts';

type TokenDeps = Pick<AuthenticatorDeps, 'realms' | 'tokenKey'>;

/** What a token says, in wire form. */
export type Describe = (
  claims: Omit<TokenClaims, 'id'>,
  user: User,
  shown: { readonly baseUrl: string; readonly noCatalog: boolean },
) => IdentityBody;

/** What callers ask about tokens that they name: what one says, and its end. */
export function createSubjects(
  deps: TokenDeps,
  describe: Describe,
): Pick<IdentityService, 'showToken' | 'revokeToken'> {
  return {
    showToken(caller, input) {
      const { claims, user } = readSubject(deps, caller, input.token);
      return describe(claims, user, input);
    },
    async revokeToken(caller, token, store) {
      const { claims, realm } = readSubject(deps, caller, token);
      const { expiresAtMs: expireTimeMs, id, userId } = claims;
      if (userId !== caller.userId) throw new SecretError('subject-token-foreign');
      await realm.revoked.keep({ id, userId, expireTimeMs }, realm.clock.nowMs(), store);
    },
  };
}

/** What the token says. One of another domain is none to the caller. Throws subject-token-invalid. */
function readSubject(deps: TokenDeps, { domainId, world }: Caller, token: string) {
  try {
    const found = readToken(deps, token);
    if (found.claims.world === world && found.claims.domainId === domainId) return found;
  } catch (error) {
    if (!(error instanceof SecretError)) throw error;
  }
  throw new SecretError('subject-token-invalid');
}
