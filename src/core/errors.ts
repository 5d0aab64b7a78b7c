/**
 * Every way in which an operation can fail, as a closed union: a code that has no entry in the wire table
 * of `http/error-table.ts` does not compile.
 */
export type ErrorCode =
  // The caller's request
  | 'invalid-parameter'
  | 'invalid-request'
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
  // Who is calling
  | 'unauthenticated'
  | 'credentials-unsupported'
  | 'token-expired'
  | 'project-forbidden'
  | 'throttled'
  | 'login-refused'
  | 'login-invalid'
  | 'subject-token-invalid'
  | 'password-fixed'
  // The way to the operation
  | 'route-not-found'
  | 'method-not-allowed'
  | 'request-malformed'
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

/**
 * The one error class of the domain.
 *
 * `message` is shown to the caller behind the code's fixed sentence, so it must never hold a secret value, a
 * key, a token, a path or anything from the database; the empty string adds nothing.
 */
export class SecretError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message = '', options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'SecretError';
    this.code = code;
  }
}

/** Shorthand for the commonest refusal: names the parameter and says what it must be. */
export function invalidParameter(name: string, rule: string): SecretError {
  return new SecretError('invalid-parameter', `${name} ${rule}.`);
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
