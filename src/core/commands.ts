import { type ClockCommand, type ClockDecision, type ClockRecord, decideClock } from './clock.ts';
import {
  decideEvent,
  type EventCommand,
  type EventDecision,
  type EventScope,
  type SecretEvent,
} from './events/events.ts';
import {
  decideNotification,
  type NotificationCommand,
  type NotificationDecision,
  type NotificationScope,
} from './events/notifications.ts';
import {
  decideSigningKey,
  type SigningKey,
  type SigningKeyCommand,
  type SigningKeyDecision,
  type SigningKeyScope,
} from './events/signing-key.ts';
import {
  decideGrant,
  type GrantCommand,
  type GrantDecision,
  type GrantResult,
  type GrantScope,
} from './identity/grants.ts';
import type { KeyCommand, KeyDecision, KeyResult, KeyScope } from './kms/keys.ts';
import { decideKey } from './kms/rules.ts';
import { decideTask } from './rotation/rules.ts';
import type { TaskCommand, TaskDecision, TaskResult, TaskScope } from './rotation/tasks.ts';
import {
  type CheckerCommand,
  type CheckerConfig,
  type CheckerDecision,
  type CheckerScope,
  decideChecker,
} from './secrets/checker.ts';
import type { SecretDecision } from './secrets/decision.ts';
import { decideSecret } from './secrets/rules.ts';
import type { SecretCommand, SecretResult, SecretScope } from './secrets/secrets.ts';

/**
 * The kinds of aggregate, each with what its rules see, the commands that change it, what they decide and what a change
 * returns. A new resource adds a row here, to `decide` below and to each engine's table of loaders and savers.
 */
export interface Aggregates {
  secret: { scope: SecretScope; command: SecretCommand; decision: SecretDecision; result: SecretResult };
  event: {
    scope: EventScope;
    command: EventCommand;
    decision: EventDecision;
    result: SecretEvent | undefined;
  };
  notification: {
    scope: NotificationScope;
    command: NotificationCommand;
    decision: NotificationDecision;
    result: NotificationDecision['result'];
  };
  'signing-key': {
    scope: SigningKeyScope;
    command: SigningKeyCommand;
    decision: SigningKeyDecision;
    result: SigningKey;
  };
  task: { scope: TaskScope; command: TaskCommand; decision: TaskDecision; result: TaskResult };
  grant: { scope: GrantScope; command: GrantCommand; decision: GrantDecision; result: GrantResult };
  key: { scope: KeyScope; command: KeyCommand; decision: KeyDecision; result: KeyResult };
  checker: {
    scope: CheckerScope;
    command: CheckerCommand;
    decision: CheckerDecision;
    result: CheckerConfig;
  };
  /** Sees nothing: the former record does not matter. */
  clock: {
    scope: object;
    command: ClockCommand;
    decision: ClockDecision;
    result: ClockRecord;
  };
}

export type AggregateKind = keyof Aggregates;
export type Command = Aggregates[AggregateKind]['command'];
/** What `change(command)` returns. */
export type ResultOf<C extends Command> = Aggregates[C['aggregate']]['result'];

/** The rules of each kind of aggregate. Pure and synchronous: they run inside the write transaction. */
export const decide: {
  readonly [A in AggregateKind]: (
    scope: Aggregates[A]['scope'],
    command: Aggregates[A]['command'],
  ) => Aggregates[A]['decision'];
} = {
  secret: decideSecret,
  grant: decideGrant,
  event: decideEvent,
  notification: decideNotification,
  'signing-key': decideSigningKey,
  task: decideTask,
  key: decideKey,
  checker: decideChecker,
  clock: decideClock,
};
