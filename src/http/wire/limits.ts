/** Bytes of a request body: 64 KiB of control characters are 393,218 bytes as JSON. */
export const BODY_BYTES_MAX = 524_288;
/** Bytes of a body with whole secrets: the blob of a restore, and a batch. */
export const LARGE_BODY_BYTES_MAX = 8_388_608;
/** Members and elements of a body; a full import of 1,000 secrets has fewer than half as many. */
export const BODY_VALUES_MAX = 50_000;
/** Bodies up to here are parsed without counting: so few bytes cannot hold more values. */
export const SHORT_BODY_BYTES_MAX = 65_536;
/** Bytes of a body that asks for a token; a real one has a tenth. */
export const LOGIN_BODY_BYTES_MAX = 16_384;
/** Bodies up to here are not accounted for: all connections together may send so many bytes. */
export const BODY_BYTES_FREE = 4_096;
/**
 * Bytes of all longer bodies together. Before authentication these, 4 KiB for each connection and a chunk for each that
 * waits make 32 MiB.
 */
export const BODIES = Object.freeze({
  unproven: Object.freeze({ max: 16_777_216, shareMax: 8_388_608, waitersMax: 128, endsOwn: true }),
  proven: Object.freeze({ max: 67_108_864, shareMax: 16_777_216, waitersMax: 256, endsOwn: true }),
});
/**
 * Responses up to here are not accounted for; texts are measured in characters, which may be three times as many bytes.
 */
export const RESPONSE_BYTES_FREE = 4_096;
/**
 * Bytes of longer responses to reads that have not left the process; with those to changes and the short ones of all
 * connections 64 MiB. As many may wait as there are connections.
 */
export const UNREAD_RESPONSES = Object.freeze({
  max: 29_360_128,
  shareMax: 16_777_216,
  waitersMax: 2_064,
  endsOwn: false,
});
/** The same for changes. */
export const CHANGE_RESPONSES = Object.freeze({
  max: 12_582_912,
  shareMax: 8_388_608,
  waitersMax: 2_064,
  endsOwn: false,
});
/** Bytes of a list that is made whole before it is sent; a longer one is streamed. */
export const WHOLE_RESPONSE_BYTES_MAX = 1_048_576;
/** Bytes of a response that shows a secret: a description and a configuration of control characters grow six times. */
export const SECRET_RESPONSE_BYTES_MAX = 24_576;
/** Bytes of all request headers; the cloud's gateway allows 32 KiB for one. */
export const HEADER_BYTES_MAX = 32_768;
export const HEADERS_MAX = 100;
/** Characters of one path parameter: a tag key of 128 Unicode characters, percent-encoded. */
export const PARAMETER_CHARACTERS_MAX = 2_048;

/** Parameters of a query; no operation has more than eight. */
export const QUERY_PAIRS_MAX = 64;

/** Time limits in milliseconds. */
export const TIMEOUT_MS = Object.freeze({
  /** A request's headers. */
  headers: 10_000,
  /** A whole request; Fastify switches Node's own limit off. */
  request: 15_000,
  /** Between two requests on one connection. */
  keepAlive: 65_000,
  /** How late any of these may be noticed. */
  check: 1_000,
  /** A peer that takes nothing of its response. */
  unread: 10_000,
  /** The bytes of a refusal, before the connection is destroyed. */
  refusal: 500,
  /** A TLS handshake. */
  handshake: 10_000,
  /** Open requests when the server stops; the storage has the rest of ten seconds. */
  drain: 7_000,
  /** Between two checks for connections that have become unused while the server stops. */
  sweep: 50,
});

/** After so many a connection is closed, so that long-lived clients are spread anew. */
export const REQUESTS_PER_CONNECTION_MAX = 10_000;
/** Requests of a connection that wait for the response to an earlier one, and the lines of their headers. */
export const AHEAD = Object.freeze({ requestsMax: 64, headersMax: 1_024 });
/** Chunks of a request body, in addition to one for every so many bytes; no known client sends more. */
export const CHUNKS = Object.freeze({ free: 256, bytesMin: 64 });
/** Open connections: in all, of one address, and additional ones that may only ask about health. */
export const CONNECTIONS = Object.freeze({
  max: 2_000,
  perAddressMax: 256,
  reserveMax: 64,
  reservePerAddressMax: 8,
});

/** So many connections are a crowd, which has left when no more than so many remain. */
export const CROWD = Object.freeze({ from: 1_000, goneAt: 200 });

/** Beyond these, requests get 503 until the load falls: lateness of a timer, and memory in use. */
export const PRESSURE = Object.freeze({ intervalMs: 500, delayMsMax: 1_000, memoryShareMax: 0.95 });

/** The listener for metrics: few clients read them, and each reading takes a moment of the server's thread. */
export const METRICS = Object.freeze({
  connectionsMax: 16,
  timeoutMs: 10_000,
  headerBytesMax: 8_192,
  /** How long a response is repeated. */
  freshMs: 1_000,
});
