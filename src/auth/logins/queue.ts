import { SecretError } from '../../core/errors.ts';
import { type Claimant, createFairLine, type FairLine } from './fair-line.ts';

/** Who requests a turn. */
export interface LoginClaimant extends Claimant {
  /** This member has logged in from this group before. */
  readonly isFamiliar: boolean;
}

/** Runs costly checks, a few at a time, so that logins can neither starve the server nor each other. */
export interface LoginQueue {
  /** Whether a check would have to wait at this moment. */
  isBusy(): boolean;
  /** Runs the work when its turn comes, and returns its result. Throws throttled when it loses its place. */
  run<T>(claimant: LoginClaimant, work: () => Promise<T>): Promise<T>;
}

interface Turn {
  readonly begin: () => void;
  readonly refuse: (error: SecretError) => void;
}

/** After so many turns in a row of familiar members, a stranger has one. */
const FAMILIAR_TURNS_MAX = 3;

/**
 * Creates a queue that runs `concurrent` works at once (default 2 of Node's 4 pool threads) and in which `waitingMax` may
 * wait (default 128, in each of two lines: familiar members and strangers). The familiar go first, so no crowd of
 * strangers can block them, and leave every fourth turn to strangers. In each line, groups take turns.
 * @see docs/behaviour/logins.md
 */
export function createLoginQueue(
  options: { readonly concurrent?: number; readonly waitingMax?: number } = {},
): LoginQueue {
  const { concurrent = 2, waitingMax = 128 } = options;
  const familiar = createFairLine<Turn>(waitingMax);
  const strangers = createFairLine<Turn>(waitingMax);
  let running = 0;
  let familiarTurns = 0;

  async function waitForTurn(claimant: LoginClaimant): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const line = claimant.isFamiliar ? familiar : strangers;
      const displaced = line.add(claimant, { begin: resolve, refuse: reject });
      displaced?.refuse(new SecretError('throttled', 'Too many logins at once.'));
    });
  }

  function nextTurn(): Turn | undefined {
    const isStrangersTurn = familiarTurns >= FAMILIAR_TURNS_MAX && strangers.size() > 0;
    const lines: FairLine<Turn>[] = isStrangersTurn ? [strangers] : [familiar, strangers];
    const [line] = lines.filter(({ size }) => size() > 0);
    familiarTurns = line === familiar ? familiarTurns + 1 : 0;
    return line?.next();
  }

  function leave(): void {
    const turn = nextTurn();
    // A finished work passes its place on, so `running` does not change.
    if (turn === undefined) running -= 1;
    else turn.begin();
  }

  return {
    isBusy: () => running >= concurrent,
    async run(claimant, work) {
      if (running < concurrent) running += 1;
      else await waitForTurn(claimant);
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}
