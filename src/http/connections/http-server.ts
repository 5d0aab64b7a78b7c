import { constants } from 'node:crypto';
import type { RequestListener, Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { nodeHttp } from '../../std/node-http.ts';
import * as limits from '../wire/limits.ts';
import type { ClientAuthorities } from './client-authorities.ts';
import { PiecewiseResponse } from './response.ts';
import { inTurn } from './turns.ts';

/** What the server speaks TLS with. */
export interface TlsOptions {
  /** PEM. */
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Absent: clients are asked for no certificate. */
  readonly clientAuthorities?: ClientAuthorities | undefined;
}

/** The settings of handshakes. Another certificate in a later handshake of a connection would not be seen: there is none. */
export function contextOf({ cert, key, clientAuthorities }: TlsOptions): SecureContextOptions {
  return {
    cert,
    key,
    minVersion: 'TLSv1.2',
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ...(clientAuthorities && { ca: [...clientAuthorities.ca] }),
    ...(clientAuthorities && clientAuthorities.crl.length > 0 && { crl: [...clientAuthorities.crl] }),
  };
}

/**
 * Creates Node's server, with a bound for everything that a peer may do slowly or not at all. With PEM texts it speaks
 * TLS.
 */
export function createHttpServer(listener: RequestListener, tls: TlsOptions | undefined): Server {
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
    ? (createTlsServer(
        // Who shows no certificate, or a wrong one, is served as far as other credentials reach.
        {
          ...settings,
          ...contextOf(tls),
          requestCert: tls.clientAuthorities !== undefined,
          rejectUnauthorized: false,
        },
        handler,
      ) as unknown as Server)
    : nodeHttp.createServer(settings, handler);
  // An unknown expectation is ignored, as RFC 9110 allows, instead of answered in Node's shape.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.maxRequestsPerSocket = limits.REQUESTS_PER_CONNECTION_MAX;
  // Node silently drops headers beyond this; one too many is enough for the hook that refuses them.
  server.maxHeadersCount = limits.HEADERS_MAX + 1;
  return server;
}
