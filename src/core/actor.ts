import type { OperationId } from './operations.ts';
import type { Rights } from './rights.ts';

/** A user, as its credentials name it. */
export interface Principal {
  /** The world that the credentials belong to: data with keys and a clock of their own. */
  readonly world: string;
  readonly domainId: string;
  readonly userId: string;
  readonly userName: string;
  readonly method: 'signature' | 'token' | 'certificate';
  /** Access key id of a signed request; for logs. */
  readonly accessKeyId: string | undefined;
}

/** A user by one of its requests. */
export interface CallerActor extends Principal {
  readonly kind: 'caller';
  readonly operation: OperationId;
  readonly requestId: string;
  /** The peer's. */
  readonly address: string;
  /** When the request came, epoch milliseconds. */
  readonly receivedMs: number;
  /** What its policies leave open until resources are found; absent: nothing. */
  readonly rights?: Rights | undefined;
}

/** The server itself, by one of its background jobs. */
export interface SystemActor {
  readonly kind: 'system';
  readonly job: string;
}

/** Who makes a change or opens a value. Plain data: it goes with the change to the thread that writes. */
export type Actor = CallerActor | SystemActor;
