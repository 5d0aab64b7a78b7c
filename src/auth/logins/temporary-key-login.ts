import { SecretError } from '../../core/errors.ts';
import { LOGIN_LIMITS, memberOf, objectIn, optionalObjectIn, textIn } from './login.ts';

/** A well-formed request for a temporary access key. */
export interface TemporaryKeyLogin {
  /** Undefined: the credentials are in the headers. */
  readonly token: string | undefined;
  readonly durationMs: number;
  /** The policy that narrows it, as it came. */
  readonly policy: object | undefined;
}

/** @see IAM API, CreateTemporaryAccessKeyByToken, duration_seconds */
const DURATION_SECONDS = Object.freeze({ min: 900, max: 86_400, otherwise: 900 });

/**
 * Reads the body of POST /v3.0/OS-CREDENTIAL/securitytokens. Unknown members are ignored. Throws login-invalid.
 * @see IAM API, CreateTemporaryAccessKeyByToken
 */
export function readTemporaryKeyLogin(body: unknown): TemporaryKeyLogin {
  const identity = objectIn(objectIn(body, 'auth'), 'identity');
  const methods = memberOf(identity, 'methods');
  if (!Array.isArray(methods) || methods.length > LOGIN_LIMITS.methods || !methods.includes('token')) {
    throw new SecretError('login-invalid', 'methods must hold token.');
  }
  const token = optionalObjectIn(identity, 'token');
  return {
    token: textIn(token, 'id', LOGIN_LIMITS.token),
    durationMs: readSeconds(memberOf(token, 'duration_seconds') ?? DURATION_SECONDS.otherwise) * 1_000,
    policy: optionalObjectIn(identity, 'policy'),
  };
}

/** The documents' own examples write the number as a text. */
function readSeconds(given: unknown): number {
  const isWritten = typeof given === 'string' && /^\d{1,6}$/.test(given);
  const seconds = isWritten ? Number(given) : given;
  const { max, min } = DURATION_SECONDS;
  if (typeof seconds === 'number' && Number.isInteger(seconds) && seconds >= min && seconds <= max) {
    return seconds;
  }
  throw new SecretError('login-invalid', `duration_seconds must be a whole number from ${min} to ${max}.`);
}
