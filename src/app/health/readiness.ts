import type { Deps } from '../ports/deps.ts';
import { openSamples } from './samples.ts';
import { isReadable, type Readiness } from './storage-status.ts';

/** How long the result of a test read holds: more frequent probes cost nothing. */
const FRESH_MS = 1_000;
/** Newest values that are opened, and as many others: one damaged value does not make a server unfit. */
const SAMPLES = 2;

/** What readiness is judged by. */
export interface ReadinessDeps extends Pick<Deps, 'store' | 'keyring'> {
  hasIdentities(): boolean;
  /** Milliseconds of a clock that only goes forward. */
  monotonicMs(): number;
}

/**
 * Creates the check behind `/readyz`: whether values can be read, tested by reading some, rows' checks and decryption
 * included. While another program has locked the database nothing is read, since a read might have to wait, and the
 * former result counts. Never rejects.
 */
export function createReadiness(deps: ReadinessDeps): () => Promise<Readiness> {
  let canRead: Promise<boolean> | undefined;
  let untilMs = 0;

  return async () => {
    const status = deps.store.storageStatus();
    const writes = status.refusal === undefined ? 'ok' : 'refused';
    if (!isReadable(status)) return { reason: 'storage', writes };
    if (!deps.hasIdentities()) return { reason: 'identities', writes };
    const nowMs = deps.monotonicMs();
    if (canRead === undefined || (nowMs >= untilMs && status.refusal !== 'locked')) {
      untilMs = nowMs + FRESH_MS;
      canRead = readSome(deps);
    }
    return { reason: (await canRead) ? undefined : 'storage', writes };
  };
}

async function readSome(deps: ReadinessDeps): Promise<boolean> {
  try {
    const { opened, damaged } = await openSamples(deps, SAMPLES);
    return opened > 0 || damaged === 0;
  } catch {
    return false;
  }
}
