import type { Awaitable } from '../app/ports/deps.ts';
import type { Actor } from '../core/actor.ts';
import type { Attributes } from '../core/attributes.ts';
import type { AggregateKind, Command, ResultOf } from '../core/commands.ts';
import { type Permit, permit as settled } from '../core/permit.ts';
import type { Allow } from './allow.ts';
import { type Asking, ask } from './asking.ts';
import type { Carried } from './carriers.ts';
import type { Engine, Loaded } from './engine.ts';
import { kindOf } from './kinds.ts';

/**
 * Records a change: who made it, on what, and what was decided, facts included. Runs in the transaction, when all is
 * saved; what it throws undoes the change. It decides itself whether anything was changed.
 */
export type Recorder = (actor: Actor, command: Command, carried: Carried<AggregateKind>) => Awaitable<void>;

/** Watches over changes. Absent `permit`: what the policies of actors leave open is settled. Absent `record`: no records are kept. */
export interface Oversight {
  readonly permit?: Permit | undefined;
  readonly record?: Recorder | undefined;
}

/**
 * Carries out one command inside the engine's transaction: load, permit, decide, save, record. Throws what the rules and
 * `record` throw, what `permit` returns, and damaged.
 */
export function* carry<C extends Command>(
  engine: Engine<Loaded>,
  command: C,
  { actor, permit = permitOf(actor), record }: Oversight & { readonly actor: Actor },
): Asking<ResultOf<C>> {
  const allow =
    permit &&
    ((attributes?: Attributes, key?: Parameters<Allow>[1]) => {
      const wanted = key ? ({ aggregate: 'key', kind: 'look-up', ...key } as const) : command;
      const refusal = permit(actor, wanted, attributes);
      if (refusal !== undefined) throw refusal;
    });
  const carried = yield* kindOf(command).carry(engine, command, allow);
  if (record !== undefined) yield* ask(record(actor, command, carried));
  // Each kind's rules have the results of its commands, which the compiler cannot follow through the union.
  return carried.decision.result as ResultOf<C>;
}

/** Undefined where nothing is open, which is so for most actors: nothing is looked up for it. */
function permitOf(actor: Actor): Permit | undefined {
  return actor.kind === 'caller' && actor.rights !== undefined ? settled : undefined;
}
