/** What is known of a refusal beside its text. */
export interface CsmsRefusal {
  /** HTTP status of the response; absent when the start was refused. */
  readonly status?: number | undefined;
  /** The response's `error_code`, such as `not-found`. */
  readonly code?: string | undefined;
  /** The whole response: of a list that was waited for in vain also what there is of it. */
  readonly answer?: unknown;
  /** How the server's process ended; present when the start was refused. */
  readonly exitCode?: number | undefined;
}

/**
 * A refusal: of a call, with `status` and `code`, or of the start, with the line that the server printed as its message.
 * A server that cannot be reached is an ordinary Error.
 */
export class CsmsError extends Error {
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly answer: unknown;
  readonly exitCode: number | undefined;

  constructor(message: string, { answer, code, exitCode, status }: CsmsRefusal) {
    super(message);
    this.name = 'CsmsError';
    this.status = status;
    this.code = code;
    this.answer = answer;
    this.exitCode = exitCode;
  }
}
