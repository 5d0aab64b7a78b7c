import type { Claim, ClientCertificate } from '../app/ports/deps.ts';
import { SecretError } from '../core/errors.ts';
import { type AuthenticatorDeps, readToken } from './authenticator.ts';
import { requireCertificateOwner } from './certificates.ts';
import { findAccessKey } from './realm.ts';
import { findSession } from './sessions.ts';
import { parseAuthorization } from './signatures/authorization.ts';

/** The headers of a request, by lower-case name. */
type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Creates a reader of whom a request claims to be from, before its body has arrived: a token or a certificate proves it,
 * an access key only names a user until the signature is verified. Undefined when no user fits; authentication then says
 * why.
 */
export function createClaimReader(
  deps: Pick<AuthenticatorDeps, 'realms' | 'tokenKey' | 'machineClock'>,
): (headers: Headers, certificate?: ClientCertificate) => Claim | undefined {
  function read(
    { authorization, 'x-auth-token': token, 'x-security-token': securityToken }: Headers,
    certificate: ClientCertificate | undefined,
  ): Claim | undefined {
    const parsed = typeof authorization === 'string' ? parseAuthorization(authorization) : undefined;
    if (parsed !== undefined) {
      const { accessKeyId } = parsed;
      const found = findAccessKey(deps.realms, accessKeyId) ?? findSession(deps, accessKeyId, securityToken);
      return found && { world: found.realm.world, userId: found.user.id, isProven: false };
    }
    if (token === undefined || token === '') return certificate && byCertificate(certificate);
    if (typeof token !== 'string') return undefined;
    const { world, userId } = readToken(deps, token).claims;
    return { world, userId, isProven: true };
  }

  function byCertificate(certificate: ClientCertificate): Claim {
    const { realm, user } = requireCertificateOwner(deps, certificate);
    return { world: realm.world, userId: user.id, isProven: true };
  }

  return (headers, certificate) => {
    try {
      return read(headers, certificate);
    } catch (error) {
      if (error instanceof SecretError) return undefined;
      throw error;
    }
  };
}
