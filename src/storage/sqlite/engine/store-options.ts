import type { Worker } from 'node:worker_threads';
import type { RandomSource, Store } from '../../../app/ports/deps.ts';
import type { RowMac } from '../../row-mac.ts';
import type { OnDamage } from '../rows/damage.ts';
import type { ChangeCounters } from './change-counters.ts';
import type { ForkPoint, ForkPointOptions } from './fork-point.ts';

/** The embedded store, whose data can be copied. */
export interface SqliteStore extends Store {
  /** Its data at this moment. Throws unavailable, damaged. */
  forkPoint(): ForkPoint;
  /** Of the whole database. Throws unavailable. */
  sizeBytes(): number;
}

/** What the store needs besides the directory. */
export interface StoreOptions {
  readonly mac: RowMac;
  /** The thread that runs `runWriter`, already started, and what it counts its changes with. */
  readonly writer: StartedWriter;
  /** Called once when storage can no longer be trusted. */
  onFatal(reason: string): void;
  /** Called for rows that were skipped or replaced, each time. */
  readonly onDamage: OnDamage;
  /** Chooses samples. */
  readonly random: RandomSource;
  readonly discard?: ForkPointOptions['discard'];
}

/** A writer thread that may not be ready yet. */
export interface StartedWriter {
  readonly worker: Worker;
  readonly changes: ChangeCounters;
}
