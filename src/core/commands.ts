import type { KeyCommand, KeyDecision, KeyResult, KeyScope } from './key.ts';
import { decideKey } from './key-rules.ts';
import type { SecretCommand, SecretDecision, SecretResult, SecretScope } from './secret.ts';
import { decideSecret } from './secret-rules.ts';

/**
 * The kinds of aggregate, each with what its rules see, the commands that change it, what they decide and what
 * they answer. A new resource adds a row here, to `decide` below and to each engine's table of loaders and savers.
 */
export interface Aggregates {
  secret: { scope: SecretScope; command: SecretCommand; decision: SecretDecision; result: SecretResult };
  key: { scope: KeyScope; command: KeyCommand; decision: KeyDecision; result: KeyResult };
}

export type AggregateKind = keyof Aggregates;
export type Command = Aggregates[AggregateKind]['command'];
/** What `change(command)` answers. */
export type ResultOf<C extends Command> = Aggregates[C['aggregate']]['result'];

/** The rules of each kind of aggregate. Pure and synchronous; they run inside the write transaction. */
export const decide: {
  readonly [A in AggregateKind]: (
    scope: Aggregates[A]['scope'],
    command: Aggregates[A]['command'],
  ) => Aggregates[A]['decision'];
} = { secret: decideSecret, key: decideKey };
