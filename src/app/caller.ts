import type { CallerActor, Principal } from '../core/actor.ts';
import type { OperationId } from '../core/operations.ts';
import type { Policies } from '../core/policy/policies.ts';
import type { Rights } from '../core/rights.ts';

/** Where a federated caller comes from. @see docs/adr/0076-workload-identity.md */
export interface Federation {
  /** The identity provider that vouched for it. */
  readonly providerId: string;
  /** The provider's rule that let it in: another text of the rule has another id. */
  readonly ruleId: string;
  /** Who it is there: the `sub` of its ID token. */
  readonly subject: string;
}

/** Who is calling, after authentication. */
export interface Caller extends Principal {
  /** Projects that the credentials reach. */
  readonly projectIds: ReadonlySet<string>;
  /** What decides over it; absent: it may do everything. */
  readonly permissions?: Permissions | undefined;
  /** Absent for the credentials of a user of the identities. */
  readonly federation?: Federation | undefined;
}

/** What decides over a caller, and what it is besides. */
export interface Permissions {
  /** The user’s own policies and those of its groups; undefined: no policies are used, and it may do everything. */
  readonly policies: Policies | undefined;
  /** Policies that temporary credentials came with: they have to allow it too. */
  readonly narrowing?: Policies | undefined;
  readonly domainName: string;
  readonly groupIds: readonly string[];
  /** Names of its projects, by id. */
  readonly projectNames: ReadonlyMap<string, string>;
  /** When its token was issued, epoch milliseconds; absent for signatures. */
  readonly tokenIssuedAtMs?: number | undefined;
}

/** A caller, and how the proof of its identity reads the request. */
export interface ProvenCaller extends Caller {
  /** What a `+` in the query means: itself in a signed request, elsewhere a space, as in forms. */
  readonly plus: 'literal' | 'blank';
}

/** What is known of a request besides its sender. */
export interface ReceivedRequest {
  readonly operation: OperationId;
  readonly requestId: string;
  /** The peer's. */
  readonly address: string;
  /** Milliseconds since it arrived. */
  readonly elapsedMs: number;
  readonly connection: RequestConnection;
}

/** The connection that a request came over. */
export interface RequestConnection {
  /** True once it is gone, and the client with it. */
  readonly destroyed: boolean;
}

/** The caller as the actor of one request; `nowMs` is the time by the clock of its data. */
export function actorOf(caller: Caller, request: ReceivedRequest, nowMs: number): CallerActor {
  const { accessKeyId, domainId, method, userId, userName, world } = caller;
  const { address, elapsedMs, operation, requestId } = request;
  const receivedMs = Math.round(nowMs - elapsedMs);
  return {
    kind: 'caller',
    operation,
    requestId,
    address,
    receivedMs,
    world,
    domainId,
    userId,
    userName,
    method,
    accessKeyId,
  };
}

/** The actor with what its policies leave open. */
export function withRights(actor: CallerActor, rights: Rights): CallerActor {
  return { ...actor, rights };
}

/** The name under which a user's share of anything is counted: the same id in another world is another user. */
export function shareOf({ world, userId }: Pick<Caller, 'world' | 'userId'>): string {
  return `${world}/${userId}`;
}
