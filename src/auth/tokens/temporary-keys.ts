import type { Authenticator, RawRequest } from '../../app/ports/deps.ts';
import type { TemporaryKeys } from '../../app/ports/temporary-keys.ts';
import { SecretError } from '../../core/errors.ts';
import { LETTERS, randomText } from '../../std/random-text.ts';
import { FileError } from '../../yaml/file-error.ts';
import { type AuthenticatorDeps, readToken } from '../authenticator.ts';
import { requireCertificate } from '../certificates.ts';
import { readTemporaryKeyLogin } from '../logins/temporary-key-login.ts';
import { type Found, findAccessKey } from '../realm.ts';
import { parseAuthorization } from '../signatures/authorization.ts';
import { iamTime } from './bodies.ts';
import { accessKeyMark, issueSecurityToken, narrowingOf, type SessionClaims } from './security-token.ts';
import { credentialMark } from './token.ts';

/** What temporary access keys are issued with. */
export interface TemporaryKeyDeps
  extends Pick<AuthenticatorDeps, 'realms' | 'tokenKey' | 'machineClock'>,
    Authenticator {}

/** Bytes of JSON that a policy may have: it goes with every request, in a header. */
const POLICY_BYTES_MAX = 2_048;
/** How the ids of temporary access keys begin, as in the cloud. */
const PREFIX = 'HST';

/** Who asks, and what the new key gets from the credentials that are shown. */
type Source = Found &
  Pick<SessionClaims, 'projectId' | 'sourceKeyId' | 'mark' | 'federation'> & {
    /** When the credentials themselves expire. */
    readonly endMs: number;
  };

/**
 * Creates the issue of temporary access keys. A signature goes before a token in the headers, and that before one in the
 * body. A key reaches what its token reaches (one without a project: all of the user's) and ends with it at the latest.
 * Nothing is stored. @see docs/adr/0075-temporary-access-keys.md
 */
export function createTemporaryKeys(deps: TemporaryKeyDeps): TemporaryKeys {
  return {
    issue({ admit, body, request }) {
      const { 'x-auth-token': header } = request.headers;
      const inHeaders = bySignature(deps, request) ?? (header ? byToken(deps, request, header) : undefined);
      const { durationMs, policy, token } = readTemporaryKeyLogin(body());
      const source = inHeaders ?? byToken(deps, request, token);
      const { endMs, federation, mark, projectId, realm, sourceKeyId, user } = source;
      admit({ world: realm.world, userId: user.id });
      const expiresAtMs = Math.min(realm.clock.nowMs() + durationMs, endMs);
      const accessKeyId = `${PREFIX}${randomText(17, `${LETTERS}0123456789`)}`;
      const key = issueSecurityToken(deps.tokenKey, {
        world: realm.world,
        accessKeyId,
        userId: user.id,
        domainId: user.domainId,
        projectId,
        expiresAtMs,
        sourceKeyId,
        mark,
        federation,
        policy: policy && checkPolicy(policy),
      });
      const { secretKey: secret, securityToken: securitytoken } = key;
      const expires_at = iamTime(expiresAtMs);
      return { credential: { access: accessKeyId, secret, securitytoken, expires_at } };
    },
  };
}

/** Undefined for a request that is not signed. Throws temporary-key-refused, and what authentication throws. */
function bySignature(deps: TemporaryKeyDeps, request: RawRequest): Source | undefined {
  const { authorization } = request.headers;
  if (typeof authorization !== 'string' || parseAuthorization(authorization) === undefined) return undefined;
  const { accessKeyId = '' } = deps.authenticate(request);
  const found = findAccessKey(deps.realms, accessKeyId);
  if (found === undefined) throw new SecretError('temporary-key-refused');
  const { key, realm, user } = found;
  const mark = accessKeyMark(deps.tokenKey, key, realm);
  const none = { projectId: undefined, federation: undefined, endMs: Number.POSITIVE_INFINITY };
  return { ...none, realm, user, mark, sourceKeyId: accessKeyId };
}

function byToken(
  deps: TemporaryKeyDeps,
  request: RawRequest,
  token: string | readonly string[] | undefined,
): Source {
  if (token === undefined) {
    const logReason = 'the request has no credentials';
    throw new SecretError('unauthenticated', 'x-auth-token not found', { logReason });
  }
  const { claims, realm, user } = readToken(deps, String(token));
  requireCertificate(deps, user, request);
  const mark = credentialMark(deps.tokenKey, user, realm);
  const { expiresAtMs: endMs, federation, projectId } = claims;
  return { realm, user, mark, projectId, sourceKeyId: undefined, federation, endMs };
}

/** The policy as JSON. Throws login-invalid with the member that is wrong. */
function checkPolicy(policy: object): string {
  const text = JSON.stringify(policy);
  if (Buffer.byteLength(text) > POLICY_BYTES_MAX) {
    throw new SecretError('login-invalid', `policy must have at most ${POLICY_BYTES_MAX} bytes of JSON.`);
  }
  try {
    narrowingOf(text);
    return text;
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const { key, reason } = error;
    const member = key === '(file)' ? '' : `${key}: `;
    throw new SecretError('login-invalid', `policy: ${member}${reason}`);
  }
}
