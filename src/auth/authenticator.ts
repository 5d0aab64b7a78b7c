import { type KeyObject, randomBytes } from 'node:crypto';
import type { Authenticator, ClientCertificate, Clock, ProvenCaller, RawRequest } from '../app/ports/deps.ts';
import { invalidParameter, SecretError } from '../core/errors.ts';
import { requireCertificate, requireCertificateOwner } from './certificates.ts';
import type { User } from './identities/identities.ts';
import { permissionsOf } from './permissions.ts';
import { findAccessKey, type Realm, type Realms } from './realm.ts';
import { type FoundSession, findSession } from './sessions.ts';
import { createRequestKey } from './signatures/algorithms.ts';
import { type ParsedAuthorization, parseAuthorization } from './signatures/authorization.ts';
import { formatSdkDate, parseSdkDate } from './signatures/sdk-date.ts';
import { type UnsignedPayload, verifySignature } from './signatures/signature.ts';
import { credentialMark, type TokenClaims, unreadableToken, verifyToken } from './tokens/token.ts';

/** What an authenticator works with. */
export interface AuthenticatorDeps {
  readonly realms: Realms;
  /** HMAC key of the tokens. */
  readonly tokenKey: KeyObject;
  /** What a signer without a clock of its own goes by; tests may have moved the world's. */
  readonly machineClock: Clock;
  /** How far X-Sdk-Date may be from the world's clock, or from the machine's, either way; default CLOCK_WINDOW_MS. */
  readonly windowMs?: number;
  readonly unsignedPayload: UnsignedPayload;
}

/** @see API Gateway, AK/SK signing: dates more than 15 minutes away are refused */
export const CLOCK_WINDOW_MS = 15 * 60_000;
/** The part of a refusal that repeats the request. */
const ECHO = /, canonicalRequest:.*$/s;

/**
 * Creates an authenticator. A signature (`Authorization: SDK-*` or `V11-*`) takes precedence over X-Auth-Token, and
 * either over a client certificate. X-Security-Token belongs to a temporary access key, and to no other.
 * @see API Gateway, error codes, for the wording of the refusals
 */
export function createAuthenticator(deps: AuthenticatorDeps): Authenticator {
  // Unknown access keys are checked against this one, so that they cost as much as a wrong signature.
  const nobody = createRequestKey({ accessKeyId: 'nobody', secretKey: randomBytes(32).toString('hex') });

  function bySignature(request: RawRequest, authorization: ParsedAuthorization): ProvenCaller {
    const { accessKeyId } = authorization;
    const { 'x-security-token': securityToken } = request.headers;
    const permanent = findAccessKey(deps.realms, accessKeyId);
    const temporary = permanent ? undefined : findSession(deps, accessKeyId, securityToken);
    const found = permanent ?? temporary;
    const verdict = verifySignature({
      request,
      authorization,
      key: found?.key ?? nobody,
      unsignedPayload: deps.unsignedPayload,
    });
    if (found === undefined) {
      throw refused(`Get secretKey failed,ak:${accessKeyId},err:ak not exist`, 'the access key is not known');
    }
    if (!verdict.isAuthentic) throw refused(verdict.reason, verdict.reason.replace(ECHO, ''));
    checkWindow(verdict.date, [found.realm.clock, deps.machineClock], deps.windowMs);
    if (permanent !== undefined && (securityToken ?? '') !== '') throw strayToken();
    // Signed for a path other than the one that the router sees, so the request must not be carried out.
    if (verdict.mode === 'raw') throw missingProject();
    const { realm, user } = found;
    requireCertificate(deps, user, request);
    return {
      ...whoIs(user, realm.world),
      projectIds: user.projectIds,
      permissions: permissionsOf(realm.directory(), user),
      ...(temporary && narrowed(temporary)),
      method: 'signature',
      accessKeyId,
      plus: verdict.plus,
    };
  }

  return {
    authenticate(request) {
      const { authorization, 'x-auth-token': token } = request.headers;
      const isPresent = authorization !== undefined && authorization !== '';
      const parsed = typeof authorization === 'string' ? parseAuthorization(authorization) : undefined;
      if (parsed !== undefined) return bySignature(request, parsed);
      if (typeof token === 'string' && token !== '') return byToken(deps, token, request);
      if (isPresent || Array.isArray(token)) throw unreadableToken();
      if (request.certificate !== undefined) return byCertificate(deps, request.certificate);
      throw refused('x-auth-token not found', 'the request has no credentials');
    },
  };
}

function byToken(deps: AuthenticatorDeps, token: string, request: RawRequest): ProvenCaller {
  const { claims, realm, user } = readToken(deps, token);
  requireCertificate(deps, user, request);
  const permissions = permissionsOf(realm.directory(), user);
  return {
    ...whoIs(user, claims.world),
    permissions: { ...permissions, tokenIssuedAtMs: claims.issuedAtMs },
    projectIds: new Set(claims.projectId === undefined ? [] : [claims.projectId]),
    method: 'token',
    accessKeyId: undefined,
    federation: claims.federation,
    plus: 'blank',
  };
}

function byCertificate(deps: AuthenticatorDeps, certificate: ClientCertificate): ProvenCaller {
  const { user, realm } = requireCertificateOwner(deps, certificate);
  return {
    ...whoIs(user, realm.world),
    permissions: permissionsOf(realm.directory(), user),
    projectIds: user.projectIds,
    method: 'certificate',
    accessKeyId: undefined,
    plus: 'blank',
  };
}

/** What a temporary access key changes of what its user is as a caller. */
function narrowed({ realm, session, user }: FoundSession) {
  const { claims, narrowing } = session;
  const { federation, projectId } = claims;
  return {
    projectIds: projectId === undefined ? user.projectIds : new Set([projectId]),
    permissions: { ...permissionsOf(realm.directory(), user), narrowing },
    federation,
  };
}

function whoIs({ domainId, id: userId, name: userName }: User, world: string) {
  return { world, domainId, userId, userName };
}

/**
 * Checks a token against the present directory of its world: it is invalid when its user is gone, has changed the
 * password, or has lost the token's project, when it is revoked, and when the rule or the provider that it was issued by
 * is gone.
 * Throws unauthenticated, token-expired.
 */
export function readToken(
  deps: Pick<AuthenticatorDeps, 'realms' | 'tokenKey'>,
  token: string,
): { readonly claims: TokenClaims; readonly user: User; readonly realm: Realm } {
  const claims = verifyToken(deps.tokenKey, token);
  const realm = deps.realms.find(claims.world);
  if (realm === undefined) throw unreadableToken();
  if (realm.revoked.has(claims.id)) throw unreadableToken();
  if (realm.clock.nowMs() >= claims.expiresAtMs) throw new SecretError('token-expired');
  const user = realm.directory().findPrincipal(claims);
  if (user === undefined || user.domainId !== claims.domainId) throw unreadableToken();
  if (claims.credentialMark !== credentialMark(deps.tokenKey, user, realm)) throw unreadableToken();
  if (claims.projectId !== undefined && !user.projectIds.has(claims.projectId)) throw unreadableToken();
  return { claims, user, realm };
}

/** Accepts a date near one of the clocks. The refusal names the time of the first. */
function checkWindow(date: string, clocks: readonly [Clock, Clock], windowMs = CLOCK_WINDOW_MS): void {
  const signedAtMs = parseSdkDate(date);
  if (signedAtMs === undefined) {
    throw refused('calc aksk signature fail:X-Sdk-Date must be YYYYMMDDTHHMMSSZ', 'X-Sdk-Date is malformed');
  }
  if (clocks.some((clock) => Math.abs(clock.nowMs() - signedAtMs) <= windowMs)) return;
  const times = `signature time:${date},server time:${formatSdkDate(clocks[0].nowMs())}`;
  throw refused(
    `calc aksk signature fail:signature expired, ${times}`,
    `the signature has expired, ${times}`,
  );
}

function strayToken(): SecretError {
  const logReason = 'X-Security-Token came with a permanent access key: is one left in the environment?';
  return new SecretError('unauthenticated', 'decrypt token fail', { logReason });
}

function missingProject(): SecretError {
  return invalidParameter('project_id', 'is missing: the client was built without a project id');
}

/** `logReason`: the same without the caller's text, which may be a misplaced secret. */
function refused(reason: string, logReason: string): SecretError {
  return new SecretError('unauthenticated', reason, { logReason });
}
