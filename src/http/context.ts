import type {} from '@fastify/swagger';
import type { FastifyRequest } from 'fastify';
import type { Caller, Deps } from '../app/ports.ts';
import type { ErrorFamily } from './error-handler.ts';
import type { Refusal } from './log.ts';

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
  interface FastifyContextConfig {
    /** The shape of the route's error bodies; flat unless said. */
    errorFamily?: ErrorFamily;
    /** For what may answer with megabytes. */
    answerBytes?: AnswerBytes;
  }
}

/** About how many bytes the answer to a validated request will have: so many are set aside while it is made. */
export type AnswerBytes = (request: FastifyRequest) => number;

/** What logs and metrics call a route. */
export interface RouteLabels {
  /** The pattern, never the path; undefined when no route was found. */
  readonly url: string | undefined;
  /** `none` for what is no operation of the API. */
  readonly operation: string;
  readonly bodyBytesMax: number | undefined;
  /** True for what asks for no credentials. */
  readonly isOpen: boolean;
  readonly answerBytes: AnswerBytes | undefined;
}

/** A request without a body. */
export const NO_BODY: Buffer = Buffer.alloc(0);
