import { hash } from 'node:crypto';
import type { Pattern } from '../pattern.ts';

/** Rules of one world at most, spent ones included. */
export const FAULTS_MAX = 100;

/** Which requests a rule is for: all that are given must fit. */
export interface FaultPatterns {
  readonly operation?: Pattern | undefined;
  readonly method?: Pattern | undefined;
  readonly path?: Pattern | undefined;
  readonly name?: Pattern | undefined;
  readonly user?: Pattern | undefined;
}

/** What happens in place of the response. */
export type FaultOutcome =
  | { readonly kind: 'status'; readonly status: number; readonly code: string; readonly message: string }
  | { readonly kind: 'reset' };

/** How a rule spoils what it fits. */
export interface FaultEffect {
  /** Absent: the response itself, only later. */
  readonly outcome?: FaultOutcome | undefined;
  /** Comes first, in milliseconds of the machine's time. */
  readonly latencyMs: number;
  /** Whether the request is carried out before that. */
  readonly when: 'before' | 'after';
}

/** A rule before it has an id. */
export interface FaultDraft {
  readonly patterns: FaultPatterns;
  readonly effect: FaultEffect;
  /** Faults until it is spent; absent: no end. */
  readonly times?: number | undefined;
  /** Milliseconds until it is gone; absent: it stays. */
  readonly ttlMs?: number | undefined;
  /** Absent: it decides every time. */
  readonly chance?: { readonly probability: number; readonly seed: number | string } | undefined;
  /** Its members as they are shown. */
  readonly shown: Readonly<Record<string, unknown>>;
}

/** A rule as it is shown. */
export interface FaultRow {
  readonly id: string;
  /** Faults so far. */
  readonly hits: number;
  readonly [member: string]: unknown;
}

/** What rules are compared with: a request, or a call to the outside, which has an operation and perhaps a name. */
export interface FaultSubject {
  readonly isCall: boolean;
  readonly operation: string;
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  readonly user?: string | undefined;
  /** The secret's name; found on demand, since that may mean reading a body. */
  readonly name: () => string | undefined;
}

/** One decision of a rule. */
export interface Fault extends FaultEffect {
  readonly id: string;
}

/** The rules of one world. */
export interface Faults {
  /** Undefined when there are FAULTS_MAX already. */
  add(draft: FaultDraft): FaultRow | undefined;
  /** Oldest first. */
  list(): readonly FaultRow[];
  /** False when there is no such rule. */
  remove(id: string): boolean;
  clear(): void;
  /** Counts a request or call as a hit of the rule that decides on it; undefined: none does. */
  decide(subject: FaultSubject): Fault | undefined;
}

interface Rule {
  readonly id: string;
  readonly draft: FaultDraft;
  readonly endMs: number;
  hits: number;
  /** Requests that fitted and were left to chance. */
  draws: number;
}

/**
 * Creates an empty list of rules. The oldest rule that fits decides, unless it is spent or chance leaves the request out.
 * `monotonicMs`: the machine's time, by which rules end.
 */
export function createFaults(monotonicMs: () => number): Faults {
  const rules = new Map<string, Rule>();
  let lastNumber = 0;

  function present(): Rule[] {
    const nowMs = monotonicMs();
    for (const { id, endMs } of rules.values()) if (endMs <= nowMs) rules.delete(id);
    return [...rules.values()];
  }

  return {
    add(draft) {
      if (present().length >= FAULTS_MAX) return undefined;
      lastNumber += 1;
      const id = `f${lastNumber}`;
      const rule = {
        id,
        draft,
        endMs: monotonicMs() + (draft.ttlMs ?? Number.POSITIVE_INFINITY),
        hits: 0,
        draws: 0,
      };
      rules.set(id, rule);
      return rowOf(rule);
    },
    list: () => present().map(rowOf),
    remove(id) {
      present();
      return rules.delete(id);
    },
    clear: () => rules.clear(),
    decide(subject) {
      if (rules.size === 0) return undefined;
      // Each rule that fits draws, whether an older one has decided or not: its decisions depend on what fits it alone.
      const deciding = present().filter((rule) => fits(rule.draft, subject) && !isSpent(rule) && draw(rule));
      const [oldest] = deciding;
      if (oldest === undefined) return undefined;
      oldest.hits += 1;
      return { id: oldest.id, ...oldest.draft.effect };
    },
  };
}

function rowOf({ id, hits, draft }: Rule): FaultRow {
  return { id, hits, ...draft.shown };
}

function isSpent({ draft: { times }, hits }: Rule): boolean {
  return times !== undefined && hits >= times;
}

function fits({ effect, patterns }: FaultDraft, subject: FaultSubject): boolean {
  // No pattern means every request; calls are only spoiled by name, and cannot be late.
  if (subject.isCall && (patterns.operation === undefined || effect.latencyMs > 0)) return false;
  if (subject.isCall && effect.outcome === undefined) return false;
  return (
    fitsText(patterns.operation, subject.operation) &&
    fitsText(patterns.method, subject.method) &&
    fitsText(patterns.path, subject.path) &&
    fitsText(patterns.user, subject.user) &&
    (patterns.name === undefined || fitsText(patterns.name, subject.name()))
  );
}

function fitsText(pattern: Pattern | undefined, text: string | undefined): boolean {
  return pattern === undefined || (text !== undefined && pattern(text));
}

/** A number for each draw that depends on the seed alone, less than 1. */
function draw(rule: Rule): boolean {
  const { chance } = rule.draft;
  if (chance === undefined) return true;
  rule.draws += 1;
  const drawn = hash('sha256', `${chance.seed} ${rule.draws}`, 'buffer').readUInt32BE() / 2 ** 32;
  return drawn < chance.probability;
}
