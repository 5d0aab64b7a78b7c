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
    if (response.status < 200 || response.status >= 300) throw refusal(response, `${method} /_csms${path}`);
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
  // The cast asks for what may be absent.
  const { error_code: code, error_msg: reason = 'this is no control API' } = Object(answer) as {
    error_code?: string;
    error_msg?: string;
  };
  const word = code === undefined ? '' : ` ${code}`;
  return new CsmsError(`${call}: ${status}${word}: ${reason}`, { status, code, answer });
}

/** The response of a call that was not refused. Throws CsmsError for what is no JSON, and so from another server. */
export function parseAnswer<T>(text: string): T {
  const answer = parse(text);
  if (answer === undefined)
    throw new CsmsError('the endpoint has no control API: its response is no JSON', {});
  // The cast is what the control API promises.
  return answer as T;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
