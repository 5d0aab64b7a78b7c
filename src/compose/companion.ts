import type { Additions } from '../http/server-options.ts';
import type { ServerProcess, Start } from './process.ts';
import type { WorldParts, Worlds } from './world.ts';

/** What dev adds to a server for tests: worlds beside main, and control over all of them. */
export interface Companion extends Additions {
  /** What main is made of, in place of `parts`. */
  mainParts(parts: WorldParts): WorldParts;
  /** Called with main before the server listens; worlds are added from then on. Throws StartError, FileError. */
  begin(worlds: Worlds): Promise<void>;
  /** Ends the worlds beside main. */
  close(): Promise<void>;
}

/** A start that may bring a companion. */
export interface CompanionStart extends Start {
  /** Called once the process has everything but worlds. Absent: one world, and no control. */
  readonly createCompanion?: ((shared: ServerProcess) => Promise<Companion>) | undefined;
}
