import type { RequestListener, Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { nodeHttp } from '../../std/node-http.ts';
import * as limits from '../wire/limits.ts';
import { PiecewiseResponse } from './response.ts';
import { inTurn } from './turns.ts';

/**
 * Creates Node's server, with a bound for everything that a peer may do slowly or not at all. With PEM texts it speaks
 * TLS.
 */
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
    ServerResponse: PiecewiseResponse,
    connectionsCheckingInterval: limits.TIMEOUT_MS.check,
    handshakeTimeout: limits.TIMEOUT_MS.handshake,
    // Node's refusal has no request id; our hook refuses the same.
    requireHostHeader: false,
  };
  // An https.Server has everything of an http.Server that is used here.
  const server = tls
    ? (createTlsServer({ ...settings, ...tls, minVersion: 'TLSv1.2' }, handler) as unknown as Server)
    : nodeHttp.createServer(settings, handler);
  // An unknown expectation is ignored, as RFC 9110 allows, instead of answered in Node's shape.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.maxRequestsPerSocket = limits.REQUESTS_PER_CONNECTION_MAX;
  // Node silently drops headers beyond this; one too many is enough for the hook that refuses them.
  server.maxHeadersCount = limits.HEADERS_MAX + 1;
  return server;
}
