import { lookup } from 'node:dns/promises';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import {
  type OutboundReader,
  WEBHOOK_BOUNDS,
  type WebhookBounds,
  type WebhookFailure,
  type WebhookOutcome,
  type Webhooks,
} from '../app/outbound/webhooks.ts';
import { nodeHttp } from '../std/node-http.ts';
import { systemCode } from '../std/system-code.ts';
import type { AddressRules } from './address-rules.ts';

/** Finds all addresses of a host name; the system's resolver except in tests. */
export type ResolveHost = (host: string) => Promise<readonly string[]>;

const systemResolve: ResolveHost = async (host) => {
  return (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address);
};

class CallFailed extends Error {
  readonly reason: WebhookFailure;

  constructor(reason: WebhookFailure, options?: { cause: unknown }) {
    super(reason, options);
    this.reason = reason;
  }
}

/**
 * Creates the outbound client. It looks the host up, all its addresses must be allowed, and the connection is made to the
 * first: a name that changes in between, or leads inside, reaches nothing. Each call has its own connection and no agent,
 * so neither a pool nor a proxy variable of the environment matters.
 * @see OWASP, Server Side Request Forgery Prevention
 */
export function createWebhooks(
  rules: AddressRules,
  resolveHost: ResolveHost = systemResolve,
): Webhooks & OutboundReader {
  async function call(url: string, sent: Sent, bounds: WebhookBounds): Promise<WebhookOutcome> {
    const signals = [AbortSignal.timeout(bounds.timeoutMs), bounds.signal];
    const deadline = AbortSignal.any(signals.filter((signal) => signal !== undefined));
    try {
      const target = URL.parse(url);
      if (target === null || rules.refuseUrl(target) !== undefined) throw new CallFailed('not-allowed');
      const address = await beforeDeadline(deadline, findAddress(target, rules, resolveHost));
      const message = await send({ ...sent, target, address, signal: deadline, rules });
      return {
        kind: 'answered',
        status: message.statusCode ?? 0,
        body: await readResponse(message, bounds),
      };
    } catch (error) {
      return { kind: 'failed', reason: deadline.aborted ? 'timed-out' : reasonOf(error) };
    }
  }

  return {
    post: (url, body, headers, bounds = WEBHOOK_BOUNDS) =>
      call(
        url,
        { method: 'POST', body, headers: { ...headers, 'content-length': Buffer.byteLength(body) } },
        bounds,
      ),
    get: (url, { authorities, ...bounds }) =>
      call(url, { method: 'GET', body: '', headers: { accept: 'application/json' }, authorities }, bounds),
  };
}

async function findAddress(target: URL, rules: AddressRules, resolveHost: ResolveHost): Promise<string> {
  const host = target.hostname.replace(/^\[|\]$/g, '');
  // A look-up is never made for a literal address, so it has to be checked here.
  const addresses = isIP(host) === 0 ? await resolveHost(host).catch(() => []) : [host];
  const [first] = addresses;
  if (first === undefined) throw new CallFailed('unresolvable');
  if (!addresses.every((address) => rules.allowsAddress(address))) throw new CallFailed('not-allowed');
  return first;
}

/** What is sent, and whom the server's certificate has to be from. */
interface Sent {
  readonly method: 'GET' | 'POST';
  readonly body: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly authorities?: string | undefined;
}

interface Call extends Sent {
  readonly target: URL;
  readonly address: string;
  readonly signal: AbortSignal;
  readonly rules: AddressRules;
}

function send(call: Call): Promise<IncomingMessage> {
  const { target, address, authorities, body, headers, method, signal, rules } = call;
  const pinned: LookupFunction = (_host, options, done) => {
    const family = isIP(address);
    if (options.all === true) done(null, [{ address, family }]);
    else done(null, address, family);
  };
  const options: RequestOptions = {
    method,
    agent: false,
    lookup: pinned,
    signal,
    maxHeaderSize: 16_384,
    rejectUnauthorized: true,
    headers: { ...headers, connection: 'close' },
    ...(authorities !== undefined && { ca: authorities }),
  };
  return new Promise((resolve, reject) => {
    const open = target.protocol === 'https:' ? httpsRequest : nodeHttp.request;
    const request = open(target, options, resolve);
    request.on('error', reject);
    request.on('socket', (socket) => {
      // The body waits for this: nothing is sent to an unchecked address.
      socket.once(target.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
        if (rules.allowsAddress(socket.remoteAddress ?? '')) request.end(body);
        else request.destroy(new CallFailed('not-allowed'));
      });
    });
  });
}

/** The whole response, which must be small. */
async function readResponse(response: IncomingMessage, { responseBytesMax }: WebhookBounds): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += (chunk as Buffer).length;
    if (bytes > responseBytesMax) {
      response.destroy();
      throw new CallFailed('answer-too-large');
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** The result, unless the deadline comes first; work still under way is then abandoned. */
function beforeDeadline<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new CallFailed('timed-out'));
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function reasonOf(error: unknown): WebhookFailure {
  if (error instanceof CallFailed) return error.reason;
  const code = systemCode(error);
  return /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_/.test(code) ? 'tls-failed' : 'unreachable';
}
