// Random requests, signed by the core's own signer and sent over a bare socket exactly as signed: none is refused for
// its signature. The same requests with one thing changed after signing: each is.
import assert from 'node:assert/strict';
import { createHash, randomInt } from 'node:crypto';
import { connect } from 'node:net';
import { stringify } from 'node:querystring';
import { describe, it } from 'node:test';
import { AK, AKSKSigner, credentials, ENDPOINT, PROJECT_ID } from './sdk.mjs';

const REQUESTS = 500;
const SEED = Number(process.env.FUZZ_SEED ?? randomInt(1, 2 ** 32));
const SECRETS = `/v1/${PROJECT_ID}/secrets`;
const ROUTES = [
  [SECRETS, ['GET', 'POST']],
  [`${SECRETS}/*`, ['GET', 'PUT', 'DELETE']],
  [`${SECRETS}/*/versions/*`, ['GET', 'PUT']],
  [`${SECRETS}/*/stages/*`, ['GET', 'PUT', 'DELETE']],
  [`${SECRETS}/*/scheduled-deleted-tasks/cancel`, ['POST']],
  ['/v3/projects', ['GET']],
];
const NAMES = [
  'abcXYZ019-_.~',
  ' !"#$%&\'()*+,/:;<=>?@[\\]^`{|}',
  '\t\n\r\u0000\u007f',
  'äéß\u0085\u00a0',
  '凭据Ωж\u2028',
];
// The core sorts names by UTF-16 units and not by bytes, so what is beyond the first plane stays out of names.
const TEXTS = [...NAMES, '🔑🏳🧿'];
// Left alone by the core's URL parser; it encodes others twice, and a percent sign in a way that no server can follow.
const SEGMENT = 'abcXYZ019-_.~!()*+,;$&=@:';
// One blank, quote or letter beyond ASCII is as good as all.
const HEADER = 'abcXYZ019!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~é凭';

/** A small seeded generator (mulberry32): a failing run can be repeated with FUZZ_SEED. */
function generator(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound) => Math.floor(next() * bound);
  const pick = (list) => list[below(list.length)];
  const text = (alphabets, max, min = 0) =>
    Array.from({ length: min + below(max - min + 1) }, () => pick([...pick(alphabets)])).join('');
  return { below, pick, text, chance: (share) => next() < share };
}

function signedRequest(random) {
  const [route, methods] = random.pick(ROUTES);
  const path = route.replaceAll('*', () => random.text([SEGMENT], 20, 1));
  const queryParams = {};
  for (let count = random.below(6); count > 0; count -= 1) {
    const values = [
      random.text(TEXTS, 20),
      random.below(1e6),
      Array.from({ length: 3 }, () => random.text(NAMES, 5)),
    ];
    queryParams[random.text(NAMES, 10, 1)] = random.pick(values);
  }
  const headers = { 'content-type': 'application/json' };
  if (random.chance(0.7)) headers['X-Project-Id'] = PROJECT_ID;
  for (let count = random.below(4); count > 0; count -= 1) {
    headers[`X-${random.text(['abcxyz'], 10, 1)}`] = random.text([HEADER], 20, 1);
  }
  const data = random.chance(0.4) ? undefined : { name: random.text(TEXTS, 30), list: [random.below(9), {}] };
  const request = {
    method: random.pick(methods),
    endpoint: `${ENDPOINT}${path}`,
    queryParams,
    headers,
    data,
  };
  const sent = AKSKSigner.sign(request, credentials());
  // What axios is told to write: the core hands it this very serializer.
  const query = stringify(queryParams);
  return {
    method: request.method,
    methods,
    target: query === '' ? path : `${path}?${query}`,
    headers: Object.entries(sent),
    body: data === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(data)),
  };
}

/** Sends bytes as they are and answers the status; one connection for each request. */
function statusOf({ method, target, headers, body }) {
  const lines = [`${method} ${target} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  if (body.length > 0 || method !== 'GET') lines.push(`Content-Length: ${body.length}`);
  const { hostname, port } = new URL(ENDPOINT);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    socket.once('error', reject);
    socket.once('data', (chunk) => {
      socket.destroy();
      resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(chunk.toString('latin1'))?.[1]));
    });
    socket.write(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]));
  });
}

const replaceHeader = (request, wanted, change) => {
  request.headers = request.headers.map(([name, value]) => [name, name === wanted ? change(value) : value]);
};
const MUTATIONS = {
  signature: (request, random) =>
    replaceHeader(request, 'Authorization', (value) => {
      const place = value.length - 1 - random.below(64);
      return `${value.slice(0, place)}${value[place] === '0' ? '1' : '0'}${value.slice(place + 1)}`;
    }),
  'access key': (request) => replaceHeader(request, 'Authorization', (value) => value.replace(AK, `${AK}x`)),
  date: (request) =>
    replaceHeader(request, 'X-Sdk-Date', (value) =>
      value.replace(/\d(?=Z)/, (digit) => String((Number(digit) + 1) % 10)),
    ),
  // Another one that the server answers to.
  host: (request) => replaceHeader(request, 'host', () => 'localhost'),
  'signed header': (request) => replaceHeader(request, 'content-type', (value) => `${value};charset=utf-8`),
  query: (request) => {
    request.target += request.target.includes('?') ? '&added=' : '?added=';
  },
  method: (request) => {
    const other = request.methods.find((method) => method !== request.method);
    if (other === undefined) request.target += '?added=';
    else request.method = other;
  },
  body: (request) => {
    request.body = createHash('sha256').update(request.body).digest();
  },
};

describe(`random requests, seed ${SEED}`, () => {
  it('are never refused for their signature', async () => {
    const random = generator(SEED);
    for (let number = 0; number < REQUESTS; number += 1) {
      const request = signedRequest(random);
      const status = await statusOf(request);
      assert.ok(
        status !== 401 && status < 500,
        JSON.stringify({ number, status, ...request, body: String(request.body) }),
      );
    }
  });

  it('are always refused when something is changed after signing', async () => {
    const random = generator(SEED + 1);
    const mutations = Object.entries(MUTATIONS);
    for (let number = 0; number < REQUESTS; number += 1) {
      const request = signedRequest(random);
      const [name, mutate] = mutations[number % mutations.length];
      mutate(request, random);
      const status = await statusOf(request);
      assert.equal(status, 401, JSON.stringify({ number, name, ...request, body: String(request.body) }));
    }
  });
});
