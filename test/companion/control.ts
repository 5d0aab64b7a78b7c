import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { TestServer } from '../support/server.ts';

/** The control token of servers in these tests. */
export const TOKEN = 'control-token-of-tests';

/** A response of the control API. */
export interface ControlAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it
  readonly json: any;
}

/** What a request to the control API has beside method and path. */
export interface ControlRequest {
  /** JSON; text, or a stream of it, as it is. */
  readonly body?: object | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Sends a request to the control API of a server that listens; `path` is below `/_csms/worlds`. */
export async function control(
  { baseUrl }: Pick<TestServer, 'baseUrl'>,
  method: 'DELETE' | 'GET' | 'PATCH' | 'POST' | 'PUT',
  path: string,
  { body, headers = {}, signal }: ControlRequest = {},
): Promise<ControlAnswer> {
  const open = baseUrl.startsWith('https:') ? tlsRequest : request;
  const outgoing = open(`${baseUrl}/_csms/worlds${path}`, {
    method,
    rejectUnauthorized: false,
    headers: { authorization: `Bearer ${TOKEN}`, ...headers },
    ...(signal !== undefined && { signal }),
  });
  if (body instanceof Readable) body.pipe(outgoing);
  else outgoing.end(typeof body === 'object' ? JSON.stringify(body) : body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const payload = await text(response);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: payload,
    json: jsonOf(payload),
  };
}

function jsonOf(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    return undefined;
  }
}
