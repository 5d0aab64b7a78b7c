import type { Claim } from '../app/ports.ts';
import { SecretError } from '../core/errors.ts';
import { type AuthenticatorDeps, readToken } from './authenticator.ts';
import { parseAuthorization } from './authorization.ts';

/** The headers of a request, by lower-case name. */
type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Makes what tells whose a request says it is before its body is there: a token proves it, an access key only names somebody
 * until the signature is verified. Undefined when it cannot be anybody's; authentication then says why.
 */
export function createClaimReader(
  deps: Pick<AuthenticatorDeps, 'directory' | 'clock' | 'tokenKey'>,
): (headers: Headers) => Claim | undefined {
  function read({ authorization, 'x-auth-token': token }: Headers): Claim | undefined {
    const parsed = typeof authorization === 'string' ? parseAuthorization(authorization) : undefined;
    if (parsed !== undefined) {
      const found = deps.directory().findAccessKey(parsed.accessKeyId);
      return found && { userId: found.user.id, isProven: false };
    }
    if (typeof token !== 'string' || token === '') return undefined;
    return { userId: readToken(deps, token).user.id, isProven: true };
  }

  return (headers) => {
    try {
      return read(headers);
    } catch (error) {
      if (error instanceof SecretError) return undefined;
      throw error;
    }
  };
}
