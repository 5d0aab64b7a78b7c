import type {} from '@fastify/swagger';
import type { FastifyRequest } from 'fastify';
import type { Caller, Deps } from '../../app/ports/deps.ts';
import type { OperationId } from '../../core/operations.ts';

// What the hooks of server.ts add to Fastify's own types.
declare module 'fastify' {
  interface FastifyRequest {
    /** The body's bytes as received; empty without a body. Set before authentication. */
    rawBody: Buffer;
    /** True when there was a body that nobody could have authenticated, so it was not kept. */
    isBodyDropped: boolean;
    /** The server's address as this caller knows it, without a final slash; for addresses in answers. */
    readonly baseUrl: string;
    /** Set once the route is found and its headers are sound. */
    labels: RouteLabels | undefined;
    /** Set by authentication; routes of the API run only after it. */
    caller: Caller;
    /** What this caller's request works with. */
    deps: Deps;
    /** Set when the answer is an error. */
    refusal: Refusal | undefined;
  }
  interface FastifyReply {
    /** Keeps so many bytes for an answer that is sent while it is made. Throws unavailable. */
    keepBytes(bytes: number): void;
  }
  interface FastifyContextConfig {
    /** The shape of the route's error bodies; flat unless said. */
    errorFamily?: ErrorFamily;
    /** Clients may leave the body out altogether: it then counts as `{}`. */
    isBodyOptional?: boolean;
    /** For what only reads and may answer with more than 4 KiB: about how many bytes. */
    answerBytes?: AnswerBytes;
    /** For what changes something and may answer with more than 4 KiB: how many bytes at most. */
    changeAnswerBytes?: AnswerBytes;
  }
}

/**
 * The shape of an error's body. `nested` is the one of tags, events, rotation and keys, with the same at the top for the
 * clients that look only there; `kms` is the same with the codes of the key service; IAM's own calls answer as the
 * identity service does.
 */
export type ErrorFamily = 'flat' | 'nested' | 'kms' | 'iam';

/** Why a request was refused, for its line in the log. */
export interface Refusal {
  /** The code on the wire; where the body has none, the program's own. */
  readonly code: string;
  readonly reason: string | undefined;
}

/** How many bytes the answer to a validated request will have: so many are set aside while it is made. */
export type AnswerBytes = (request: FastifyRequest) => number;

/** What logs and metrics call a route. */
export interface RouteLabels {
  /** The pattern, never the path; undefined when no route was found. */
  readonly url: string | undefined;
  /** `none` for what is no operation of the API. */
  readonly operation: OperationId | 'none';
  readonly bodyBytesMax: number | undefined;
  /** True for what asks for no credentials. */
  readonly isOpen: boolean;
  readonly isBodyOptional: boolean;
  readonly answerBytes: AnswerBytes | undefined;
  readonly changeAnswerBytes: AnswerBytes | undefined;
}

/** A request without a body. */
export const NO_BODY: Buffer = Buffer.alloc(0);
