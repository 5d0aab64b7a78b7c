/**
 * Why the server cannot start or continue: something that it needs is `taken` or out of reach, the data are `damaged`, or
 * the `configuration` is wrong. Each kind has its own exit code.
 */
export type StartErrorKind = 'taken' | 'damaged' | 'configuration';

/** A reason not to start, in one line for the operator. Never holds a key, a password or a value. */
export class StartError extends Error {
  readonly kind: StartErrorKind;

  constructor(kind: StartErrorKind, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'StartError';
    this.kind = kind;
  }
}
