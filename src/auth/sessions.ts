import type { KeyObject } from 'node:crypto';
import { SecretError } from '../core/errors.ts';
import type { User } from './identities/identities.ts';
import type { Found, Realm, Realms } from './realm.ts';
import type { RequestKey } from './signatures/algorithms.ts';
import {
  accessKeyMark,
  type Session,
  type SessionClaims,
  verifySecurityToken,
} from './tokens/security-token.ts';
import { credentialMark, unreadableToken } from './tokens/token.ts';

/** A temporary access key with its owner. */
export interface FoundSession extends Found {
  readonly key: RequestKey;
  readonly session: Session;
}

interface SessionDeps {
  readonly realms: Realms;
  readonly tokenKey: KeyObject;
}

/**
 * The temporary access key that a security token belongs to; undefined without a token. It is void when its user, its
 * project or the key, the password or the rule behind it is gone or another one.
 * Throws unauthenticated (also for the token of another key), token-expired.
 */
export function findSession(
  deps: SessionDeps,
  accessKeyId: string,
  token: string | readonly string[] | undefined,
): FoundSession | undefined {
  if (token === undefined || token === '') return undefined;
  if (typeof token !== 'string') throw unreadableToken();
  const session = verifySecurityToken(deps.tokenKey, token);
  const { claims, key } = session;
  if (claims.accessKeyId !== accessKeyId) throw unreadableToken();
  const realm = deps.realms.find(claims.world);
  if (realm === undefined) throw unreadableToken();
  if (realm.clock.nowMs() >= claims.expiresAtMs) throw new SecretError('token-expired');
  const user = ownerOf(deps, claims, realm);
  if (user === undefined || user.domainId !== claims.domainId) throw unreadableToken();
  if (claims.projectId !== undefined && !user.projectIds.has(claims.projectId)) throw unreadableToken();
  return { key, realm, session, user };
}

/** Whose key it is, while what it was obtained with is still as it was. */
function ownerOf({ tokenKey }: SessionDeps, claims: SessionClaims, realm: Realm): User | undefined {
  const { mark, sourceKeyId, userId } = claims;
  if (sourceKeyId === undefined) {
    const user = realm.directory().findPrincipal(claims);
    return user && credentialMark(tokenKey, user, realm) === mark ? user : undefined;
  }
  const source = realm.directory().findAccessKey(sourceKeyId);
  if (source?.user.id !== userId) return undefined;
  return accessKeyMark(tokenKey, source.key, realm) === mark ? source.user : undefined;
}
