import type { ControlSettings } from './client.ts';
import { destinationAt, reach } from './reach.ts';

/** The longest call of the control API takes a minute. */
const CALL_MS_MAX = 180_000;

/** The control API refused something. */
export class ControlRefusal extends Error {
  /** Its own word for it, such as `world-exists`; empty for a server that has no control API. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'ControlRefusal';
    this.code = code;
  }
}

/** A request to the control API; `path` is below `/_csms/worlds`, and a body that is text is sent as it is. */
export interface ControlRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
}

/**
 * Calls the control API and returns the response's text. Throws ControlRefusal, after printing the response where it is
 * wanted as JSON; StartError when the server cannot be reached.
 */
export async function callControl(
  { endpoint, controlToken }: ControlSettings,
  { method, path, body }: ControlRequest,
  flags: ReadonlyMap<string, string>,
): Promise<string> {
  const { url } = destinationAt(endpoint, `/_csms/worlds${path}`);
  const response = await reach(url, {
    method,
    headers: { Authorization: `Bearer ${controlToken}` },
    body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    timeoutMs: CALL_MS_MAX,
  });
  if (response.status < 400) return response.text;
  if (flags.has('json')) process.stdout.write(`${response.text}\n`);
  throw refusalIn(response);
}

/** A world in a path. */
export function worldPath(name: string): string {
  return `/${encodeURIComponent(name)}`;
}

function refusalIn({ status, text }: { readonly status: number; readonly text: string }): ControlRefusal {
  const { error_code: code, error_msg: reason } = membersOf(text);
  if (typeof code !== 'string' || typeof reason !== 'string') {
    return new ControlRefusal('', `CSMS_ENDPOINT has no control API: it answers ${status}`);
  }
  return new ControlRefusal(code, code === 'seed-invalid' ? reason : `${status} ${code}: ${reason}`);
}

/** None, of what is no JSON: another server, or a proxy before this one, has answered. */
function membersOf(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
