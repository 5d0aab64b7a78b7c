import type { Command, ResultOf } from '../core/commands.ts';
import type { Deps } from './ports/deps.ts';

/** What every change needs beside its command. */
export type ChangeDeps = Pick<Deps, 'actor' | 'choices' | 'clock' | 'store'>;

type Draft<C> = C extends Command
  ? Omit<C, 'nowMs' | 'limits' | 'versionCap'> & { readonly nowMs?: number }
  : never;

/** A command without the operator's bounds, and without its time unless that is not the present. */
export type CommandDraft = Draft<Command>;

type ResultOfDraft<D extends CommandDraft> = ResultOf<Extract<Command, { aggregate: D['aggregate'] }>>;

/**
 * Carries out a command for the actor, now and within the operator's bounds: the one way to change what is stored.
 * Throws what the rules throw; unavailable (queue full), storage-full, outcome-unknown.
 */
export function change<D extends CommandDraft>(deps: ChangeDeps, draft: D): Promise<ResultOfDraft<D>> {
  const { limits, versionCap } = deps.choices;
  const { nowMs = deps.clock.nowMs() } = draft;
  const command = { ...draft, nowMs, limits, versionCap };
  // A draft and these make a command; the compiler cannot add the missing parts to each kind of a union.
  return deps.store.change(command as unknown as Command, deps.actor) as Promise<ResultOfDraft<D>>;
}
