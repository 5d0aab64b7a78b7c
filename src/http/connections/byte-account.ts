import { type SecretError, unavailable } from '../../core/errors.ts';

/** How much an account may hold, and how many may wait for it. */
export interface AccountLimits {
  /** Bytes in all. */
  readonly max: number;
  /** Bytes of one holder, unless in a single piece. */
  readonly shareMax: number;
  readonly waitersMax: number;
  /** Whether a holder's own slow peers make room for it when only its share is full. */
  readonly endsOwn: boolean;
}

/** Bytes that are held for a user. */
export interface Hold {
  readonly holder: string;
  readonly bytes: number;
  /** Gives them up if they are waiting for a slow peer; returns whether it did. Called only when others wait for them. */
  end(): boolean;
}

/** Bytes of this process that are held for its peers. */
export interface ByteAccount {
  used(): number;
  usedBy(holder: string): number;
  /** Holds bytes; false when there is no room, not even after ending slow peers. */
  keep(hold: Hold): boolean;
  /** Holds bytes that exist already and cannot be refused, even beyond the limits. */
  keepAnyway(hold: Hold): void;
  /** No effect on bytes that are not held. */
  release(hold: Hold): void;
  /** Calls back when there is room for so many more bytes: at once, in turn, or with unavailable after a while. */
  whenRoom(need: Need, ready: (error?: SecretError) => void): void;
}

/** Bytes to be held. */
export interface Need {
  readonly holder: string;
  readonly bytes: number;
  /** True if only the holder's share counts. */
  readonly isOfShare?: boolean;
}

interface Waiter extends Need {
  readonly sinceMs: number;
  ready(error?: SecretError): void;
}

/** How long to wait for room, how old a hold must be to be ended for others, and how often both are checked. */
const WAIT = Object.freeze({ maxMs: 5_000, patienceMs: 2_000, intervalMs: 250 });

/**
 * Counts bytes, in all and for each holder. Those who find no room wait in turn; holders at their share do not hold up
 * others. While any wait, old holds of slow or idle peers are ended.
 * @see docs/adr/0027-bytes-of-peers.md
 */
export function createByteAccount(limits: AccountLimits): ByteAccount {
  const holds = createHolds(limits);
  const waiters = new Set<Waiter>();
  let watch: NodeJS.Timeout | undefined;
  let isServing = false;

  /** One in each turn of the event loop, so that the next one sees what this one has taken. */
  function serve(): void {
    isServing = false;
    for (const waiter of waiters) {
      if (!holds.hasRoom(waiter)) continue;
      waiters.delete(waiter);
      waiter.ready();
      serveSoon();
      return;
    }
  }

  function serveSoon(): void {
    if (isServing || waiters.size === 0) return;
    isServing = true;
    setImmediate(serve);
  }

  function look(): void {
    const earliestMs = performance.now() - WAIT.maxMs;
    for (const waiter of waiters) {
      holds.endSlow(waiter);
      if (waiter.sinceMs > earliestMs) continue;
      waiters.delete(waiter);
      waiter.ready(unavailable('no room for its bytes came free'));
    }
    serveSoon();
    if (waiters.size > 0) return;
    clearInterval(watch);
    watch = undefined;
  }

  return {
    used: holds.used,
    usedBy: holds.usedBy,
    keep: holds.keep,
    keepAnyway: holds.add,
    release(hold) {
      holds.remove(hold);
      serveSoon();
    },
    whenRoom(need, ready) {
      if (holds.hasRoom(need)) {
        ready();
      } else if (waiters.size >= limits.waitersMax) {
        ready(unavailable('too many wait for room already'));
      } else {
        waiters.add({ ...need, sinceMs: performance.now(), ready });
        watch ??= setInterval(look, WAIT.intervalMs).unref();
      }
    },
  };
}

/** Holds in the order of their beginning. */
function createHolds(limits: AccountLimits) {
  const holds = new Map<Hold, number>();
  const tally = createTally();

  /** Missing bytes: of the whole, and of the holder's share. */
  function missing({ holder, bytes, isOfShare = false }: Need): { all: number; share: number } {
    const own = tally.usedBy(holder);
    return {
      all: isOfShare ? 0 : tally.used() + bytes - limits.max,
      share: own === 0 ? 0 : own + bytes - limits.shareMax,
    };
  }

  function remove(hold: Hold): void {
    if (!holds.delete(hold)) return;
    tally.add(hold.holder, -hold.bytes);
  }

  function hasRoom(need: Need): boolean {
    const { all, share } = missing(need);
    return all <= 0 && share <= 0;
  }

  /** Ends holds that are in the way, oldest first. */
  function endSlow(need: Need): void {
    let { all, share } = missing(need);
    if (share > 0 && !limits.endsOwn) return;
    const latestMs = performance.now() - WAIT.patienceMs;
    for (const [hold, sinceMs] of holds) {
      if (sinceMs > latestMs || (all <= 0 && share <= 0)) return;
      const isOwn = hold.holder === need.holder;
      if ((share > 0 && !isOwn) || !hold.end()) continue;
      remove(hold);
      all -= hold.bytes;
      if (isOwn) share -= hold.bytes;
    }
  }

  function add(hold: Hold): void {
    holds.set(hold, performance.now());
    tally.add(hold.holder, hold.bytes);
  }

  function keep(hold: Hold): boolean {
    if (!hasRoom(hold)) endSlow(hold);
    if (!hasRoom(hold)) return false;
    add(hold);
    return true;
  }

  return { used: tally.used, usedBy: tally.usedBy, hasRoom, add, keep, remove, endSlow };
}

/** Bytes in all, and of each holder with any. */
function createTally() {
  const byHolder = new Map<string, number>();
  let used = 0;
  return {
    used: () => used,
    usedBy: (holder: string) => byHolder.get(holder) ?? 0,
    add(holder: string, bytes: number): void {
      used += bytes;
      const sum = (byHolder.get(holder) ?? 0) + bytes;
      if (sum > 0) byHolder.set(holder, sum);
      else byHolder.delete(holder);
    },
  };
}
