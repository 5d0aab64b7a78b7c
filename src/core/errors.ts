/**
 * Every way in which an operation can fail. A `refusal` is due to the request; a `failure` is the server's, whatever the
 * request. A code that has no entry in the wire table of `http/wire/error-table.ts` does not compile.
 */
const ERRORS = {
  // The caller's request
  'invalid-parameter': 'refusal',
  'parameter-missing': 'refusal',
  'invalid-body': 'refusal',
  'media-type': 'refusal',
  // Anything that belongs to a secret or a project and has no code of its own
  'resource-not-found': 'refusal',
  // Secrets, versions, stages
  'secret-not-found': 'refusal',
  'version-not-found': 'refusal',
  'stage-not-found': 'refusal',
  'secret-exists': 'refusal',
  'secret-not-enabled': 'refusal',
  'secret-pending-deletion': 'refusal',
  'deletion-already-scheduled': 'refusal',
  'deletion-not-scheduled': 'refusal',
  'stage-built-in': 'refusal',
  'secret-limit': 'refusal',
  'version-limit': 'refusal',
  'stage-limit': 'refusal',
  'tag-limit': 'refusal',
  'grant-limit': 'refusal',
  'key-unusable': 'refusal',
  // Events
  'event-exists': 'refusal',
  'event-limit': 'refusal',
  'event-referenced': 'refusal',
  // Keys
  'key-id-invalid': 'refusal',
  'key-not-found': 'refusal',
  'key-disabled': 'refusal',
  'key-pending-deletion': 'refusal',
  'key-default': 'refusal',
  'key-alias-exists': 'refusal',
  'key-alias-limit': 'refusal',
  'key-alias-not-found': 'refusal',
  'key-limit': 'refusal',
  'key-not-disabled': 'refusal',
  'key-not-enabled': 'refusal',
  'key-deletion-scheduled': 'refusal',
  'key-deletion-not-scheduled': 'refusal',
  'key-rotation-on': 'refusal',
  'key-rotation-off': 'refusal',
  'key-tag-limit': 'refusal',
  'key-tag-not-found': 'refusal',
  'ciphertext-invalid': 'refusal',
  'random-length-uneven': 'refusal',
  'data-key-length-uneven': 'refusal',
  'data-key-spec-invalid': 'refusal',
  'data-key-text-invalid': 'refusal',
  'data-key-hash-wrong': 'refusal',
  'data-key-plain-length-wrong': 'refusal',
  'data-key-cipher-length-wrong': 'refusal',
  // Who is calling
  unauthenticated: 'refusal',
  'credentials-unsupported': 'refusal',
  'token-expired': 'refusal',
  'project-forbidden': 'refusal',
  'action-forbidden': 'refusal',
  throttled: 'refusal',
  'login-refused': 'refusal',
  'scope-refused': 'refusal',
  'login-invalid': 'refusal',
  'id-token-refused': 'refusal',
  'id-token-invalid': 'refusal',
  'subject-token-invalid': 'refusal',
  'subject-token-foreign': 'refusal',
  'temporary-key-refused': 'refusal',
  'password-fixed': 'refusal',
  // The way to the operation
  'route-not-found': 'refusal',
  'method-not-allowed': 'refusal',
  'request-malformed': 'refusal',
  'host-foreign': 'refusal',
  'origin-foreign': 'refusal',
  'request-timeout': 'refusal',
  'body-too-large': 'refusal',
  'uri-too-large': 'refusal',
  'headers-too-large': 'refusal',
  // The server
  unavailable: 'failure',
  'storage-full': 'failure',
  'outcome-unknown': 'failure',
  damaged: 'failure',
  internal: 'failure',
  // Never leaves the process: the value must be sealed again under the secret's present key.
  'seal-outdated': 'failure',
} as const satisfies Record<string, 'refusal' | 'failure'>;

/** The name of one of them. */
export type ErrorCode = keyof typeof ERRORS;

/** What an error may say beside its code and message. */
export interface SecretErrorOptions {
  readonly cause?: unknown;
  readonly parameter?: string | undefined;
  readonly logReason?: string | undefined;
  readonly retryAfterSeconds?: number | undefined;
}

/**
 * The one error class of the domain.
 *
 * `message` is shown to the caller behind the code's fixed sentence, so it must never hold a secret value, a
 * key, a token, a path or anything from the database; the empty string adds nothing.
 */
export class SecretError extends Error {
  readonly code: ErrorCode;
  /** The parameter that is invalid, where one is: some services have a code for each. */
  readonly parameter: string | undefined;
  /** For the operator's log and not for the caller; held to the same rule as `message`. */
  readonly logReason: string | undefined;
  /** When to try the same again; undefined where that is unknown. */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message = '', options: SecretErrorOptions = {}) {
    super(message, options);
    this.name = 'SecretError';
    this.code = code;
    this.parameter = options.parameter;
    this.logReason = options.logReason;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** The most common refusal: names the parameter and says what it must be. */
export function invalidParameter(name: string, rule: string): SecretError {
  return new SecretError('invalid-parameter', `${name} ${rule}.`, { parameter: name });
}

/** The refusal of what cannot be done at present; only the operator's log says why. */
export function unavailable(logReason: string, cause?: unknown): SecretError {
  return new SecretError('unavailable', '', { logReason, cause });
}

/** The error's code; `internal` for one that is not of the domain. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof SecretError ? error.code : 'internal';
}

/** True when the request itself was refused, rather than the server being unable to work. */
export function isRefusal(error: unknown): error is SecretError {
  return error instanceof SecretError && ERRORS[error.code] === 'refusal';
}

/**
 * True when the error is about this one of several things and says nothing of the next: a refusal, or stored data that
 * fails its check.
 */
export function isOfOne(error: unknown): error is SecretError {
  return isRefusal(error) || isDamaged(error);
}

/** True for what is thrown when stored data fail their check. */
export function isDamaged(error: unknown): error is SecretError {
  return error instanceof SecretError && error.code === 'damaged';
}
