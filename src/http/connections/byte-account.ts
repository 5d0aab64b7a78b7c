import { SecretError } from '../../core/errors.ts';

/** How much an account may hold, and how many may wait for it. */
export interface AccountLimits {
  /** Bytes in all. */
  readonly max: number;
  /** Bytes of one holder, unless it is a single piece. */
  readonly shareMax: number;
  readonly waitersMax: number;
  /** Whether a holder's own slow peers make room for it, where only its share is full. */
  readonly endsOwn: boolean;
}

/** Bytes that are kept for somebody. */
export interface Hold {
  readonly holder: string;
  readonly bytes: number;
  /** Gives them up when their owner is what they wait for; answers whether it did. Asked only when others wait for them. */
  end(): boolean;
}

/** Bytes of this process that are kept for its peers. */
export interface ByteAccount {
  used(): number;
  usedBy(holder: string): number;
  /** Keeps bytes; false when there is no room, not even after slow peers have gone. */
  keep(hold: Hold): boolean;
  /** Keeps bytes that are there already and cannot be refused, beyond the limits too. */
  keepAnyway(hold: Hold): void;
  /** Nothing for what was not kept, or is no longer. */
  release(hold: Hold): void;
  /** Calls back when there is room for so many bytes more: at once, in turn, or with unavailable after a while. */
  whenRoom(need: Need, ready: (error?: SecretError) => void): void;
}

/** Bytes that somebody wants to keep. */
export interface Need {
  readonly holder: string;
  readonly bytes: number;
  /** True where only the holder's share counts. */
  readonly isOfShare?: boolean;
}

interface Waiter extends Need {
  readonly sinceMs: number;
  ready(error?: SecretError): void;
}

/** How long somebody waits for room, how old what is in the way must be to be ended, and how often both is looked at. */
const WAIT = Object.freeze({ maxMs: 5_000, patienceMs: 2_000, intervalMs: 250 });

/**
 * Counts bytes, in all and for each holder. Who finds no room waits in turn; holders at their share do not hold up others.
 * While somebody waits, what has been held for long by a peer that is slow, or does nothing, is given up.
 * @see docs/adr/0027-bytes-of-peers.md
 */
export function createByteAccount(limits: AccountLimits): ByteAccount {
  const holds = createHolds(limits);
  const waiters = new Set<Waiter>();
  let watch: NodeJS.Timeout | undefined;
  let isServing = false;

  /** One in each turn of the loop, so that the next one finds what this one has taken. */
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
      waiter.ready(new SecretError('unavailable', '', { logReason: 'no room for its bytes came free' }));
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
        ready(new SecretError('unavailable', '', { logReason: 'too many wait for room already' }));
      } else {
        waiters.add({ ...need, sinceMs: performance.now(), ready });
        watch ??= setInterval(look, WAIT.intervalMs).unref();
      }
    },
  };
}

/** What is held, in the order in which it came. */
function createHolds(limits: AccountLimits) {
  const holds = new Map<Hold, number>();
  const tally = createTally();

  /** Bytes that are missing: of the whole, and of the holder's share. */
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

  /** Gives up what stands in the way of somebody, oldest first. */
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

/** Bytes in all, and of each holder that has some. */
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
