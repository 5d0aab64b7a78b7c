import { DAY_MS } from '../../std/durations.ts';
import { SecretError } from '../errors.ts';

/** Revocations of one user that are kept at a time, so that nobody fills the memory or the disk with them. */
export const REVOCATIONS_PER_USER_MAX = 10_000;

/** How long a revocation is kept after its token has expired: a clock that is set back does not bring the token back. */
export const REVOCATION_KEPT_MS = DAY_MS;

/** A token that is refused although it has not expired. Times are epoch milliseconds. */
export interface Revocation {
  /** The token's own id, which tells nothing about the token. */
  readonly id: string;
  readonly userId: string;
  /** When the token expires. */
  readonly expireTimeMs: number;
}

/** What the rules for a revocation see. */
export interface RevocationScope {
  readonly current: Revocation | undefined;
  /** How many are kept of the user; needed to revoke a token. */
  readonly ofUser: number;
}

/** Every change of a revocation, as plain data. */
export type RevocationCommand = {
  readonly aggregate: 'revocation';
  readonly ref: { readonly id: string };
  readonly nowMs: number;
} & (
  | { readonly kind: 'revoke-token'; readonly userId: string; readonly expireTimeMs: number }
  | { readonly kind: 'remove-revocation' }
);

/** The revocation after the change (absent: removed); the same object as before when nothing changed. */
export interface RevocationDecision {
  readonly next: Revocation | undefined;
  readonly result: { readonly changed: boolean };
}

/**
 * Decides one command about one revocation. A token that is revoked already stays so; a revocation goes when its token has
 * been expired for a while, and no sooner, whatever asks for it. Throws throttled when the user has too many.
 */
export function decideRevocation(
  { current, ofUser }: RevocationScope,
  command: RevocationCommand,
): RevocationDecision {
  const { nowMs, ref } = command;
  switch (command.kind) {
    case 'revoke-token': {
      if (current !== undefined) return { next: current, result: { changed: false } };
      if (ofUser >= REVOCATIONS_PER_USER_MAX) {
        throw new SecretError(
          'throttled',
          'Too many tokens of this user are revoked: wait until some expire.',
        );
      }
      const { expireTimeMs, userId } = command;
      return { next: { id: ref.id, userId, expireTimeMs }, result: { changed: true } };
    }
    case 'remove-revocation': {
      const isOver = current !== undefined && current.expireTimeMs + REVOCATION_KEPT_MS < nowMs;
      return { next: isOver ? undefined : current, result: { changed: isOver } };
    }
    default:
      throw new Error(`unknown command ${(command satisfies never as RevocationCommand).kind}`);
  }
}
