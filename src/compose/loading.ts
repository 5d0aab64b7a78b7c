import type { IdentityPiece } from '../auth/identities/pieces.ts';
import type { IdentityWarning } from '../auth/identities/warnings.ts';
import type { HashChange } from '../auth/logins/password-change.ts';
import type { Seen } from '../files/reloadable.ts';
import type { HookEntry } from '../webhook/hooks-file.ts';

/** What a loader thread reads, or first changes and then reads. */
export type LoadingTask =
  | { readonly kind: 'identities'; readonly file: string; readonly webhookHosts: string }
  | {
      readonly kind: 'hash';
      readonly file: string;
      readonly webhookHosts: string;
      readonly change: HashChange;
    }
  | {
      readonly kind: 'hooks';
      readonly file: string;
      readonly mayBeAbsent: boolean;
      readonly webhookHosts: string;
    };

/** What a loader thread starts with. */
export interface LoaderInput {
  readonly task: LoadingTask;
  /** Whether files that others could read or write are refused. */
  readonly isStrict: boolean;
}

/** One entry of the files, or one file that was read. */
export type Piece =
  | { readonly seen: readonly [path: string, seen: Seen] }
  | { readonly hook: HookEntry }
  | { readonly identity: IdentityPiece };

/** Pieces of one message, a long one counted as several: receiving so many holds a thread for a few milliseconds. */
export const PIECES_MAX = 128;

/** Why the task failed. */
export interface LoadingFailure {
  readonly message: string;
  /** Set when the caller is to be told why. */
  readonly code: 'password-fixed' | undefined;
}

/** What is known at the end. */
export interface LoadingEnd {
  readonly failure?: LoadingFailure;
  /** Warnings about the identities. */
  readonly identityWarnings: readonly IdentityWarning[];
  /** Files that should not have been trusted. */
  readonly warnings: readonly string[];
}

/** One message of a loader thread; it sends the next when asked. */
export interface FromLoader {
  readonly pieces: readonly Piece[];
  /** In the last message. */
  readonly end?: LoadingEnd;
}
