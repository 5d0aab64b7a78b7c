import http, { type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import { CsmsError } from './csms-error.ts';
import type { CsmsAddress } from './types.ts';

/** The longest call of the control API takes a minute. */
const SILENCE_MS_MAX = 180_000;

/** A request to the control API. */
export interface ControlCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below `/_csms`. */
  readonly path: string;
  /** Text is sent as it is, anything else as JSON. */
  readonly body?: unknown;
}

/** Calls the control API and returns the text of the response. Throws CsmsError for a refusal, else Error. */
export type Control = (call: ControlCall) => Promise<string>;

/**
 * Creates a client of the control API. It is not `fetch`, which test environments replace by that of a page, and pages are
 * refused; and each call has a connection of its own, so that none keeps the program alive or meets one that has just
 * been closed.
 */
export function createControl({ endpoint, controlToken }: CsmsAddress): Control {
  const base = endpoint.replace(/\/+$/, '');
  return async ({ method, path, body }) => {
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
    const bytes = Buffer.from(text);
    const headers = {
      authorization: `Bearer ${controlToken}`,
      'content-type': typeof body === 'string' ? 'application/yaml' : 'application/json',
      'content-length': bytes.length,
    };
    const response = await send(new URL(`${base}/_csms${path}`), { method, headers }, bytes);
    if (response.status >= 400) throw refusal(response, `${method} /_csms${path}`);
    return response.text;
  };
}

interface Response {
  readonly status: number;
  readonly text: string;
}

function send(url: URL, options: RequestOptions, body: Buffer): Promise<Response> {
  const { request } = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const fail = (cause: Error & { readonly code?: string }) => {
      const reason = cause.code ?? cause.message;
      reject(new Error(`csms-server at ${url.origin} cannot be reached (${reason})`, { cause }));
    };
    const sent = request(url, { ...options, agent: false, timeout: SILENCE_MS_MAX }, (response) => {
      readText(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), fail);
    });
    sent.on('timeout', () => sent.destroy(new Error('it does not answer')));
    sent.on('error', fail);
    sent.end(body);
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function refusal({ status, text }: Response, call: string): CsmsError {
  const answer = parse(text);
  const { error_code: code, error_msg: reason } = (answer ?? {}) as Record<string, string | undefined>;
  const message = reason ?? 'no reason given';
  return new CsmsError(`${call}: ${status}${code === undefined ? '' : ` ${code}`}: ${message}`, {
    status,
    code,
    answer,
  });
}

/** What is no JSON comes from another server, or from a proxy before this one. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
