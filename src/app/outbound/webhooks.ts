/** The outcome of one call to a webhook. */
export type WebhookOutcome =
  | { readonly kind: 'answered'; readonly status: number; readonly body: Uint8Array }
  | { readonly kind: 'failed'; readonly reason: WebhookFailure };

/** Why a webhook did not respond: words for logs and task messages, without any address. */
export type WebhookFailure =
  | 'not-allowed'
  | 'unresolvable'
  | 'unreachable'
  | 'tls-failed'
  | 'timed-out'
  | 'answer-too-large'
  // It was not called: it did not respond lately, and another call is trying it.
  | 'silent';

/** Bounds of one call. */
export interface WebhookBounds {
  /** From the look-up of the host to the last byte of the response. */
  readonly timeoutMs: number;
  readonly responseBytesMax: number;
  /** Ends the call before its time; the outcome is `timed-out`. */
  readonly signal?: AbortSignal;
}

/** Bounds of a call whose response is not read. */
export const WEBHOOK_BOUNDS: WebhookBounds = Object.freeze({ timeoutMs: 5_000, responseBytesMax: 4_096 });

/**
 * The only way out of the process. Calls nothing that the operator did not allow, follows no redirect (a 3xx is a
 * response like any other), uses no proxy. Never rejects.
 */
export interface Webhooks {
  post(
    url: string,
    body: string,
    headers: Readonly<Record<string, string>>,
    bounds?: WebhookBounds,
  ): Promise<WebhookOutcome>;
}

/** Reads what is at an address that the operator allowed; all that holds for webhooks holds for it. */
export interface OutboundReader {
  /** `authorities`: PEM of those that the server's certificate has to be from, in place of the public ones. */
  get(
    url: string,
    bounds: WebhookBounds & { readonly authorities?: string | undefined },
  ): Promise<WebhookOutcome>;
}

/** The endpoints of a topic or a function, from the operator's hooks.yaml. */
export interface Hook {
  /** At least one; checked against the allowed hosts. */
  readonly urls: readonly string[];
  /** HMAC-SHA256 over the text under the hook's own secret, lower-case hex. */
  sign(text: string): string;
}

/** The operator's hooks.yaml as it is now; reloaded while the server runs, so look up each time. */
export interface Hooks {
  /** By the URN of a notification topic. */
  findTopic(urn: string): Hook | undefined;
  /** By the URN of a rotation function. */
  findFunction(urn: string): Hook | undefined;
}

/** Name of the server's own signature header. */
export const SIGNATURE_HEADER = 'X-CSMS-Signature';

/**
 * The signature header's value: `t=<unix seconds>,v1=<hex>`, where the HMAC covers `<unix seconds>.<body>`. A receiver
 * checks it in constant time and refuses one that is older than a few minutes.
 */
export function signatureHeader(hook: Hook, body: string, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1_000);
  return `t=${seconds},v1=${hook.sign(`${seconds}.${body}`)}`;
}
