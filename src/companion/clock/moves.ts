import type { JobRunner } from '../../app/jobs/runner.ts';
import type { MonotonicClock } from '../../app/jobs/trusted-time.ts';
import type { Store } from '../../app/ports/deps.ts';
import type { Pause } from '../../app/turns.ts';
import type { WorldClock } from './clock.ts';
import { noteExpiries } from './expiries.ts';
import type { Fired, Happenings } from './happenings.ts';
import { findToldExpiries, type ToldExpiries } from './told-expiries.ts';

/** Entries of one move, and how long it takes at most by the machine's time. */
export const MOVE_MAX = Object.freeze({ fired: 10_000, ms: 60_000 });

/** How a move ended. Times are epoch milliseconds, by the world's clock. */
export interface Moved {
  readonly fromMs: number;
  readonly nowMs: number;
  readonly isFrozen: boolean;
  /** Whether it came to its end, and nothing is left to be done. */
  readonly isSettled: boolean;
  readonly fired: readonly Fired[];
}

/** Moves a world's clock, one move after the other. */
export interface Moves {
  /**
   * Goes forward from due moment to due moment: the clock shows each until all is done that is due then.
   * `targetOf`: where to, by where the clock stands when its turn comes; what it throws is thrown. `ending`: the move ends
   * where it is.
   */
  advance(targetOf: (nowMs: number) => number, ending?: AbortSignal): Promise<Moved>;
  /** Shows that time at once and does what is due then. */
  set(toMs: number, ending?: AbortSignal): Promise<Moved>;
  /** Does work in its turn, while nothing moves the clock. */
  inTurn<T>(work: () => T | Promise<T>): Promise<T>;
}

/** What moves work with. */
export interface MovesDeps {
  readonly clock: WorldClock;
  readonly store: Store;
  readonly happenings: Happenings;
  /** The world's background work. */
  readonly runner: Pick<JobRunner, 'hold' | 'isFailing' | 'isUnderWay' | 'nextDueMs' | 'runDue'>;
  readonly monotonic: MonotonicClock;
  /** Lets others have the thread. */
  readonly pause: Pause;
  readonly max?: Readonly<Record<keyof typeof MOVE_MAX, number>>;
}

/** Creates the moves of one world's clock. */
export function createMoves(deps: MovesDeps): Moves {
  let latest: Promise<unknown> = Promise.resolve();

  function queue<T>(work: () => Promise<T>): Promise<T> {
    const turn = latest.then(work);
    latest = turn.catch(() => undefined);
    return turn;
  }

  return {
    advance: (targetOf, ending) => queue(() => move(deps, { targetOf, isAtOnce: false, ending })),
    set: (toMs, ending) => queue(() => move(deps, { targetOf: () => toMs, isAtOnce: true, ending })),
    inTurn: (work) => queue(async () => work()),
  };
}

interface Wish {
  targetOf(nowMs: number): number;
  readonly isAtOnce: boolean;
  readonly ending: AbortSignal | undefined;
}

async function move(deps: MovesDeps, { targetOf, isAtOnce, ending }: Wish): Promise<Moved> {
  const { clock, happenings, max = MOVE_MAX, runner } = deps;
  const [release, startTimer] = [clock.hold(), runner.hold()];
  happenings.begin();
  const limits = limitsOf(deps, ending);
  try {
    const fromMs = clock.nowMs();
    const toMs = targetOf(fromMs);
    const told = clock.wasSetBack
      ? await findToldExpiries(deps.store, happenings, { afterMs: fromMs, untilMs: toMs }, deps.pause)
      : undefined;
    if (isAtOnce) await show(deps, toMs, told);
    let isDone = await settle(deps, limits);
    while (isDone && clock.nowMs() < toMs) {
      await deps.pause();
      const nextMs = await runner.nextDueMs(clock.nowMs());
      await show(deps, Math.min(nextMs ?? toMs, told?.nextMs() ?? toMs, toMs), told);
      isDone = await settle(deps, limits);
    }
    const fired = happenings.take(max.fired);
    const isSettled = isDone && happenings.size === 0;
    // What ends later belongs to the next move.
    if (isSettled) happenings.end();
    return { fromMs, nowMs: clock.nowMs(), isFrozen: clock.isFrozen, isSettled, fired };
  } finally {
    limits.end();
    startTimer();
    release();
  }
}

/** Lets the clock show a moment, and notes the expiries that come with it. */
async function show(
  { clock, happenings, pause, store }: MovesDeps,
  momentMs: number,
  told: ToldExpiries | undefined,
): Promise<void> {
  await told?.pass(momentMs);
  await noteExpiries(store, happenings, { afterMs: clock.nowMs(), untilMs: momentMs }, pause);
  clock.set(momentMs);
}

/** Does all that is due by the clock, which stands; returns whether nothing is left. */
async function settle(deps: MovesDeps, { isOver, over }: Limits): Promise<boolean> {
  const { clock, runner } = deps;
  const nowMs = clock.nowMs();
  const goesOn = () => !isOver();
  for (;;) {
    // A run under way is not cut off: it ends later, and the next move waits for it.
    const made = await Promise.race([runner.runDue(nowMs, goesOn), over]);
    if (made === undefined || isOver()) return false;
    if (made === 0 && !runner.isUnderWay()) return !runner.isFailing();
  }
}

interface Limits {
  isOver(): boolean;
  /** Resolves when the time is over, or when the move is to end. */
  readonly over: Promise<undefined>;
  end(): void;
}

function limitsOf({ happenings, max = MOVE_MAX, monotonic }: MovesDeps, ending?: AbortSignal): Limits {
  const endMs = monotonic.nowMs() + max.ms;
  const { promise: over, resolve } = Promise.withResolvers<undefined>();
  const stop = () => resolve(undefined);
  const timer = setTimeout(stop, max.ms);
  ending?.addEventListener('abort', stop, { once: true });
  return {
    isOver: () => ending?.aborted === true || happenings.size >= max.fired || monotonic.nowMs() >= endMs,
    over,
    end() {
      clearTimeout(timer);
      ending?.removeEventListener('abort', stop);
    },
  };
}
