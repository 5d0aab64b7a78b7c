import type {} from '@fastify/swagger';
import type { FastifyRequest } from 'fastify';
import type { Caller, Deps } from '../../app/ports/deps.ts';
import type { OperationId } from '../../core/operations.ts';

// What the hooks of server.ts add to Fastify's own types.
declare module 'fastify' {
  interface FastifyRequest {
    /** The body's bytes as received; empty without a body. Set before authentication. */
    rawBody: Buffer;
    /** True when there was a body that could not be any user's, so it was not kept. */
    isBodyDropped: boolean;
    /** The server's address as this caller uses it, without a final slash; for addresses in responses. */
    readonly baseUrl: string;
    /** Set once the route is found and its headers are valid. */
    labels: RouteLabels | undefined;
    /** Set by authentication; routes of the API run only after it. */
    caller: Caller;
    /** What this caller's request works with. */
    deps: Deps;
    /** Set when the response is an error. */
    refusal: Refusal | undefined;
  }
  interface FastifyReply {
    /** Holds so many bytes for a streamed response. Throws unavailable. */
    keepBytes(bytes: number): void;
  }
  interface FastifyContextConfig {
    /** The shape of the route's error bodies; default flat. */
    errorFamily?: ErrorFamily;
    /** Clients may omit the body: it then counts as `{}`. */
    isBodyOptional?: boolean;
    /** For reads whose response may exceed 4 KiB: about how many bytes. */
    responseBytes?: ResponseBytes;
    /** For changes whose response may exceed 4 KiB: how many bytes at most. */
    changeResponseBytes?: ResponseBytes;
  }
}

/**
 * The shape of an error's body. `nested` is that of tags, events, rotation and keys, with the same at the top for clients
 * that look only there; `kms` is the same with the codes of the key service; `iam` is the identity service's.
 */
export type ErrorFamily = 'flat' | 'nested' | 'kms' | 'iam';

/** Why a request was refused, for its log line. */
export interface Refusal {
  /** The code on the wire; where the body has none, the program's. */
  readonly code: string;
  readonly reason: string | undefined;
}

/** How many bytes the response to a validated request will have: they are reserved for it. */
export type ResponseBytes = (request: FastifyRequest) => number;

/** A route's names in logs and metrics. */
export interface RouteLabels {
  /** The pattern, never the path; undefined when no route was found. */
  readonly url: string | undefined;
  /** `none` for routes that are not operations of the API. */
  readonly operation: OperationId | 'none';
  readonly bodyBytesMax: number | undefined;
  /** True for routes that need no credentials. */
  readonly isOpen: boolean;
  readonly isBodyOptional: boolean;
  readonly responseBytes: ResponseBytes | undefined;
  readonly changeResponseBytes: ResponseBytes | undefined;
}

/** A request without a body. */
export const NO_BODY: Buffer = Buffer.alloc(0);
