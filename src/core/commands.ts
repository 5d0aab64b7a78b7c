import { decideClock } from './clock.ts';
import { decideContents } from './contents.ts';
import { decideEvent } from './events/events.ts';
import { decideNotification } from './events/notifications.ts';
import { decideSigningKey } from './events/signing-key.ts';
import { decideGrant } from './identity/grants.ts';
import { decideRevocation } from './identity/revocations.ts';
import { decideKey } from './kms/rules.ts';
import { decideTask } from './rotation/rules.ts';
import { decideChecker } from './secrets/checker.ts';
import { decideSecret } from './secrets/rules.ts';

/**
 * The rules of each kind of aggregate: from what they see and a command they make a decision. Pure and
 * synchronous; they run inside the write transaction. A new kind adds a row here, and its descriptor in `storage/kinds.ts`.
 */
export const decide = {
  secret: decideSecret,
  grant: decideGrant,
  event: decideEvent,
  notification: decideNotification,
  'signing-key': decideSigningKey,
  task: decideTask,
  key: decideKey,
  checker: decideChecker,
  clock: decideClock,
  revocation: decideRevocation,
  contents: decideContents,
} as const;

type Rules = typeof decide;

/** Names a kind of aggregate. */
export type AggregateKind = keyof Rules;

/** For each kind: what its rules see, the commands that change it, what they decide and what they return. */
export type Aggregates = {
  readonly [A in AggregateKind]: {
    readonly scope: Parameters<Rules[A]>[0];
    readonly command: Parameters<Rules[A]>[1];
    readonly decision: ReturnType<Rules[A]>;
    readonly result: ReturnType<Rules[A]>['result'];
  };
};

/** Every change, as plain data. */
export type Command = Aggregates[AggregateKind]['command'];
/** What `change(command)` returns. */
export type ResultOf<C extends Command> = Aggregates[C['aggregate']]['result'];
