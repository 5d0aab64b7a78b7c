import {
  decideEvent,
  type EventCommand,
  type EventDecision,
  type EventScope,
  type SecretEvent,
} from './event.ts';
import { decideJob, type JobCommand, type JobDecision, type JobResult, type JobScope } from './job.ts';
import { decideKey, type Key, type KeyCommand, type KeyDecision, type KeyScope } from './key.ts';
import {
  decideNotification,
  type NotificationCommand,
  type NotificationDecision,
  type NotificationScope,
} from './notification.ts';
import type { SecretCommand, SecretDecision, SecretResult, SecretScope } from './secret.ts';
import { decideSecret } from './secret-rules.ts';
import {
  decideSigningKey,
  type SigningKey,
  type SigningKeyCommand,
  type SigningKeyDecision,
  type SigningKeyScope,
} from './signing-key.ts';
import type { TaskCommand, TaskDecision, TaskResult, TaskScope } from './task.ts';
import { decideTask } from './task-rules.ts';

/**
 * The kinds of aggregate, each with what its rules see, the commands that change it, what they decide and what
 * they answer. A new resource adds a row here, to `decide` below and to each engine's table of loaders and savers.
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
  job: { scope: JobScope; command: JobCommand; decision: JobDecision; result: JobResult };
  key: { scope: KeyScope; command: KeyCommand; decision: KeyDecision; result: Key };
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
} = {
  secret: decideSecret,
  event: decideEvent,
  notification: decideNotification,
  'signing-key': decideSigningKey,
  task: decideTask,
  job: decideJob,
  key: decideKey,
};
