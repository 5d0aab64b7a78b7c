/** Why the control API refuses something, by its own words. */
export type ControlCode =
  | 'invalid'
  | 'seed-invalid'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'timeout'
  | 'world-exists'
  | 'credentials-taken'
  | 'too-many-worlds'
  | 'no-seed'
  | 'main-stays'
  | 'too-large'
  | 'internal';

/** The status of each code. */
export const CONTROL_STATUS: Readonly<Record<ControlCode, number>> = Object.freeze({
  invalid: 400,
  'seed-invalid': 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  timeout: 408,
  'world-exists': 409,
  'credentials-taken': 409,
  'too-many-worlds': 409,
  'no-seed': 409,
  'main-stays': 409,
  'too-large': 413,
  internal: 500,
});

/** A refusal of the control API. `more` are further members of the response's body; none of it holds a secret. */
export class ControlError extends Error {
  readonly code: ControlCode;
  readonly more: Readonly<Record<string, unknown>>;

  constructor(code: ControlCode, message: string, more: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.more = more;
  }
}

/** The refusal of a wrong member: its text begins with the member's name and does not repeat the value. */
export function invalidMember(name: string, rule: string): ControlError {
  return new ControlError('invalid', `${name} ${rule}`);
}

/** The refusal of a world that has no room in memory. @see IMAGE_BYTES_MAX */
export function worldTooLarge(): ControlError {
  return new ControlError('too-large', 'the world has more than 256 MiB');
}
