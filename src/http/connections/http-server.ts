import type { RequestListener, Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { nodeHttp } from '../../std/node-http.ts';
import * as limits from '../wire/limits.ts';
import { Answer } from './answer.ts';
import { inTurn } from './turns.ts';

/** Makes Node's server, with a bound for everything that a peer may do slowly or not at all. PEM texts make it one for TLS. */
export function createHttpServer(
  listener: RequestListener,
  tls: { readonly cert: Buffer; readonly key: Buffer } | undefined,
): Server {
  const handler = inTurn(listener);
  const settings = {
    maxHeaderSize: limits.HEADER_BYTES_MAX,
    headersTimeout: limits.TIMEOUT_MS.headers,
    requestTimeout: limits.TIMEOUT_MS.request,
    keepAliveTimeout: limits.TIMEOUT_MS.keepAlive,
    ServerResponse: Answer,
    connectionsCheckingInterval: limits.TIMEOUT_MS.check,
    handshakeTimeout: limits.TIMEOUT_MS.handshake,
    // Node's own refusal has no request id; our hook refuses the same.
    requireHostHeader: false,
  };
  // An https.Server is an http.Server in everything that is used here.
  const server = tls
    ? (createTlsServer({ ...settings, ...tls, minVersion: 'TLSv1.2' }, handler) as unknown as Server)
    : nodeHttp.createServer(settings, handler);
  // An expectation that nobody knows is passed over, as RFC 9110 allows, instead of answered in Node's own shape.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.maxRequestsPerSocket = limits.REQUESTS_PER_CONNECTION_MAX;
  // What is beyond Node drops without a word; that there is one too many is enough for the hook that refuses.
  server.maxHeadersCount = limits.HEADERS_MAX + 1;
  return server;
}
