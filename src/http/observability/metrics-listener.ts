import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StartError } from '../../app/start-error.ts';
import { nodeHttp } from '../../std/node-http.ts';
import type { Site } from '../connections/site.ts';
import { METRICS } from '../wire/limits.ts';
import type { Metrics } from './metrics.ts';

/** A listener that serves the metrics and nothing else. */
export interface MetricsListener {
  /** The address that was bound. */
  readonly address: string;
  readonly port: number;
  /** Ends it with all its connections. */
  close(): Promise<void>;
}

/**
 * Listens for collectors of metrics. It accepts few, short connections, and uses the rest of the server at most once a
 * second. Throws StartError (taken) that names the setting.
 */
export async function listenForMetrics(
  { host, port }: { readonly host: string; readonly port: number },
  { metrics, site }: { readonly metrics: Metrics; readonly site: Site },
): Promise<MetricsListener> {
  const read = remember(() => metrics.read());
  const server = nodeHttp.createServer(
    {
      headersTimeout: METRICS.timeoutMs,
      requestTimeout: METRICS.timeoutMs,
      keepAliveTimeout: METRICS.timeoutMs,
      connectionsCheckingInterval: METRICS.timeoutMs / 5,
      maxHeaderSize: METRICS.headerBytesMax,
    },
    (request, response) => {
      answer(request, response, { read, site }).catch(() => response.destroy());
    },
  );
  server.maxConnections = METRICS.connectionsMax;
  // Many requests in one packet would all be answered before any response is read.
  server.maxRequestsPerSocket = 1;
  // Covers what the other limits do not: a peer that does not read or does not close.
  server.setTimeout(METRICS.timeoutMs, (socket) => socket.destroy());
  server.on('clientError', (_error, socket) => socket.destroy());
  await listen(server, { host, port });
  const { address, port: boundPort } = server.address() as AddressInfo;
  return {
    address,
    port: boundPort,
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { read, site }: { readonly read: Metrics['read']; readonly site: Site },
): Promise<void> {
  const { method = '', url = '' } = request;
  if (!isAllowed(request, site)) return refuse(response, 403);
  if (url.split('?')[0] !== '/metrics') return refuse(response, 404);
  if (method !== 'GET' && method !== 'HEAD') return refuse(response.setHeader('allow', 'GET, HEAD'), 405);
  const { text, mediaType } = await read();
  response.writeHead(200, {
    'content-type': mediaType,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(method === 'HEAD' ? undefined : text);
}

function isAllowed(request: IncomingMessage, site: Site): boolean {
  try {
    site.check(request);
    return true;
  } catch {
    return false;
  }
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-length': 0 }).end();
}

/** Repeats the last response for a while, so that frequent requests cost nothing. */
function remember(read: Metrics['read']): Metrics['read'] {
  let last: ReturnType<Metrics['read']> | undefined;
  let untilMs = 0;
  return () => {
    const nowMs = performance.now();
    if (last === undefined || nowMs >= untilMs) {
      untilMs = nowMs + METRICS.freshMs;
      last = read();
      last.catch(() => {
        last = undefined;
      });
    }
    return last;
  };
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    // For the life of the server: a connection that cannot be accepted, for lack of memory, must not end the process.
    server.on('error', (cause: Error & { code?: string }) => {
      const reason = cause.code === 'EADDRINUSE' ? 'is in use' : `cannot be listened on (${cause.code})`;
      reject(new StartError('taken', `CSMS_METRICS: ${host}:${port} ${reason}`, { cause }));
    });
    server.listen({ host, port }, resolve);
  });
}
