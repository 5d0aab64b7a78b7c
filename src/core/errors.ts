/**
 * Every way in which an operation can fail, as a closed union: a code that has no entry in the wire table
 * of `http/error-table.ts` does not compile.
 */
export type ErrorCode =
  // The caller's request
  | 'invalid-parameter'
  | 'parameter-missing'
  | 'invalid-body'
  | 'media-type'
  // Anything that hangs on a secret or a project and has no code of its own
  | 'resource-not-found'
  // Secrets, versions, stages
  | 'secret-not-found'
  | 'version-not-found'
  | 'stage-not-found'
  | 'secret-exists'
  | 'secret-not-enabled'
  | 'secret-pending-deletion'
  | 'deletion-already-scheduled'
  | 'deletion-not-scheduled'
  | 'stage-built-in'
  | 'secret-limit'
  | 'version-limit'
  | 'stage-limit'
  | 'tag-limit'
  | 'grant-limit'
  | 'key-unusable'
  // Events
  | 'event-exists'
  | 'event-limit'
  | 'event-referenced'
  // Keys
  | 'key-id-invalid'
  | 'key-not-found'
  | 'key-disabled'
  | 'key-pending-deletion'
  | 'key-default'
  | 'key-alias-exists'
  | 'key-alias-limit'
  | 'key-alias-not-found'
  | 'key-limit'
  | 'key-not-disabled'
  | 'key-not-enabled'
  | 'key-deletion-scheduled'
  | 'key-deletion-not-scheduled'
  | 'key-rotation-on'
  | 'key-rotation-off'
  | 'key-tag-limit'
  | 'key-tag-not-found'
  | 'ciphertext-invalid'
  | 'random-length-uneven'
  | 'data-key-length-uneven'
  | 'data-key-spec-invalid'
  | 'data-key-text-invalid'
  | 'data-key-hash-wrong'
  | 'data-key-plain-length-wrong'
  | 'data-key-cipher-length-wrong'
  // Who is calling
  | 'unauthenticated'
  | 'credentials-unsupported'
  | 'token-expired'
  | 'project-forbidden'
  | 'throttled'
  | 'login-refused'
  | 'scope-refused'
  | 'login-invalid'
  | 'subject-token-invalid'
  | 'password-fixed'
  // The way to the operation
  | 'route-not-found'
  | 'method-not-allowed'
  | 'request-malformed'
  | 'host-foreign'
  | 'origin-foreign'
  | 'request-timeout'
  | 'body-too-large'
  | 'uri-too-large'
  | 'headers-too-large'
  // The server
  | 'unavailable'
  | 'storage-full'
  | 'outcome-unknown'
  | 'damaged'
  | 'internal'
  // Never leaves the process: the value must be sealed again under the secret's present key.
  | 'seal-outdated';

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
  /** What the operator is told in the log and the caller is not; held to the same rule as `message`. */
  readonly logReason: string | undefined;
  /** When the same may be tried again; undefined where nobody knows. */
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

/** Shorthand for the commonest refusal: names the parameter and says what it must be. */
export function invalidParameter(name: string, rule: string): SecretError {
  return new SecretError('invalid-parameter', `${name} ${rule}.`, { parameter: name });
}

/** The error's code; `internal` for one that is not of the domain. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof SecretError ? error.code : 'internal';
}

/** Failures of the server, which no other request would have avoided. */
const FAILURES: ReadonlySet<ErrorCode> = new Set([
  'unavailable',
  'storage-full',
  'outcome-unknown',
  'damaged',
  'internal',
  'seal-outdated',
]);

/** True when something was refused for what was asked, and not for want of a working server. */
export function isRefusal(error: unknown): error is SecretError {
  return error instanceof SecretError && !FAILURES.has(error.code);
}

/** True when it says nothing of the next of several things: what was refused, and what does not pass its check. */
export function isOfOne(error: unknown): error is SecretError {
  return isRefusal(error) || (error instanceof SecretError && error.code === 'damaged');
}
