import type { OutboundReader } from '../../app/outbound/webhooks.ts';
import type { Log } from '../../app/ports/deps.ts';
import { createBoundedMap } from '../../std/bounded-map.ts';
import { KEY_SET_LIMITS, readKeySet } from './key-set.ts';
import type { KeySource, PublicKey } from './providers.ts';

/** The public keys of issuers. */
export interface KeySets {
  /**
   * The keys as they are known: those that were fetched are fetched again when they are older than KEYS_FRESH_MS, and go
   * on counting while that fails, up to KEYS_AGE_MAX_MS. Undefined when there are none that count.
   */
  present(source: KeySource): Promise<readonly PublicKey[] | undefined>;
  /**
   * Later keys, for a token whose key is not among the present ones. Undefined when there are none: keys of a file, and
   * keys that were asked for less than KEYS_PAUSE_MS ago, however many tokens come that nobody has signed.
   */
  later(source: KeySource): Promise<readonly PublicKey[] | undefined>;
}

/** Ages in milliseconds by a clock that nobody sets. */
export const KEYS_FRESH_MS = 10 * 60_000;
export const KEYS_AGE_MAX_MS = 6 * 3_600_000;
/** Between two calls of one address. */
export const KEYS_PAUSE_MS = 30_000;
/** A call from the look-up of the host to the last byte. */
const TIMEOUT_MS = 5_000;
/** Addresses that are kept; an identities file with more asks more often. */
const SETS_MAX = 256;

type FetchedSource = KeySource & { kind: 'uri' };

interface FetchedSet {
  keys: readonly PublicKey[];
  /** When it was fetched last, and when that was last tried. */
  fetchedAtMs: number;
  triedAtMs: number;
  /** The call under way, which all who wait share. */
  pending: Promise<boolean> | undefined;
}

/** What fetching takes. */
interface KeySetsDeps {
  readonly reader: OutboundReader;
  readonly monotonicMs: () => number;
  readonly log: Log;
}

/** Creates the key sets, without any yet. */
export function createKeySets(deps: KeySetsDeps): KeySets {
  const { monotonicMs } = deps;
  const sets = createBoundedMap<string, FetchedSet>(SETS_MAX);

  function setOf({ uri, authorities = '' }: FetchedSource): FetchedSet {
    const name = `${uri}\n${authorities}`;
    const never = Number.NEGATIVE_INFINITY;
    const set = sets.get(name) ?? { keys: [], fetchedAtMs: never, triedAtMs: never, pending: undefined };
    sets.set(name, set);
    return set;
  }

  /** False when they could not be fetched, or it is too early to try. */
  function fetchAgain(source: FetchedSource): Promise<boolean> {
    const set = setOf(source);
    if (set.pending !== undefined) return set.pending;
    if (monotonicMs() - set.triedAtMs < KEYS_PAUSE_MS) return Promise.resolve(false);
    set.pending = fetchInto(set, source, deps).finally(() => {
      set.pending = undefined;
    });
    return set.pending;
  }

  return {
    async present(source) {
      if (source.kind === 'file') return source.keys;
      const set = setOf(source);
      if (monotonicMs() - set.fetchedAtMs >= KEYS_FRESH_MS) await fetchAgain(source);
      return monotonicMs() - set.fetchedAtMs < KEYS_AGE_MAX_MS ? set.keys : undefined;
    },
    async later(source) {
      if (source.kind === 'file' || !(await fetchAgain(source))) return undefined;
      return setOf(source).keys;
    },
  };
}

/** False, and a line in the log, when they cannot be fetched. */
async function fetchInto(
  set: FetchedSet,
  { uri, authorities }: FetchedSource,
  { reader, monotonicMs, log }: KeySetsDeps,
): Promise<boolean> {
  set.triedAtMs = monotonicMs();
  const bounds = { timeoutMs: TIMEOUT_MS, responseBytesMax: KEY_SET_LIMITS.bytes };
  const outcome = await reader.get(uri, { ...bounds, authorities });
  const text = outcome.kind === 'answered' && outcome.status === 200 ? outcome.body : undefined;
  const fetched = text && readKeySet(Buffer.from(text).toString('utf8'));
  if (fetched === undefined) {
    const reason = outcome.kind === 'failed' ? outcome.reason : `status ${outcome.status}, or no key set`;
    log.warn(
      { uri, reason },
      'the keys of an identity provider cannot be fetched; former ones count for a while',
    );
    return false;
  }
  set.keys = fetched.keys;
  set.fetchedAtMs = monotonicMs();
  return true;
}
