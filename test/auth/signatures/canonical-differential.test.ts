import { createRequire } from 'node:module';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type CanonicalMode,
  canonicalModes,
  canonicalRequest,
} from '../../../src/auth/signatures/canonical.ts';
import { checkTarget, readQuery } from '../../../src/http/connections/target.ts';
import { PARAMETER_CHARACTERS_MAX } from '../../../src/http/wire/limits.ts';
import { openapiDocument } from '../../support/answers.ts';

/** The part of Fastify's own router that this test drives. */
interface Router {
  on(method: string, path: string, handler: (...found: unknown[]) => void): void;
  lookup(request: { readonly method: string; readonly url: string }, response: object): void;
}
const fromFastify = createRequire(createRequire(import.meta.url).resolve('fastify'));
const createRouter = fromFastify('find-my-way') as (options: object) => Router;

const TARGETS = 60_000;
const PROJECT = 'a1'.repeat(16);
const ID = '12345678-1234-1234-1234-123456789012';
const BASES = [
  ['DELETE', `/v1/${PROJECT}/csms/${ID}/tags/`],
  ['GET', `/v1/${PROJECT}/secrets/`],
  ['DELETE', `/v1/${PROJECT}/secrets/`],
  ['GET', `/v1/${PROJECT}/secrets`],
  ['GET', '/v1/csms/users/'],
  ['GET', `/v1/${PROJECT}/csms/tasks`],
  ['GET', `/v1/${PROJECT}/secrets/ab/versions/`],
] as const;
const PIECES = [
  ...[
    'a',
    'b',
    'ab',
    'v1',
    '%23',
    '#',
    '%2F',
    '%2f',
    '/',
    '//',
    '.',
    '..',
    '%2e',
    '%2E',
    '%2e%2e',
    '?',
    '%3F',
  ],
  ...[
    '%3f',
    '&',
    '%26',
    '=',
    '%3D',
    '+',
    '%2B',
    '%20',
    '%25',
    '%2520',
    '%252F',
    ';',
    '%3B',
    'limit=1',
    'limit=2',
  ],
  ...[
    'marker=a',
    'marker=b',
    '%C3%A9',
    '\u00c3\u00a9',
    '%ff',
    '%FF',
    '%00',
    ':',
    '%3A',
    '@',
    '~',
    '%7E',
    '*',
    "'",
  ],
  ...['(', ',', '!', '$', '|', '{', '}', '%7B', '%257B', '%7Bproject_id%7D', '%', '%zz'],
];

let router: Router;
let found: unknown;

beforeAll(async () => {
  router = createRouter({
    maxParamLength: PARAMETER_CHARACTERS_MAX,
    caseSensitive: true,
    querystringParser: (query: string) => readQuery(query),
    defaultRoute: () => {
      found = undefined;
    },
  });
  for (const [path, operations] of Object.entries((await openapiDocument()).paths)) {
    for (const method of Object.keys(operations)) {
      router.on(
        method.toUpperCase(),
        path.replaceAll(/\{(\w+)\}/g, ':$1'),
        (_request, _response, parameters) => {
          found = [path, parameters];
        },
      );
    }
  }
});

/** What the server would do for a request that was signed in this mode; undefined when it refuses it in any case. */
function meaningOf(method: string, target: string, mode: CanonicalMode): string | undefined {
  // The authenticator refuses what was signed so, and no parameter of a path may be empty.
  if (mode.path === 'raw' || target.split('?', 1)[0]?.endsWith('/')) return undefined;
  try {
    checkTarget(target);
  } catch {
    return undefined;
  }
  found = undefined;
  router.lookup({ method, url: target }, {});
  const query = Object.entries(readQuery(target.split('?').slice(1).join('?'), mode.plus));
  // Two values of one parameter are refused, in whatever order they come.
  const sorted = query.map(([name, value]) => [name, [value].flat().sort()]).sort();
  return JSON.stringify([found, sorted]);
}

/** The same numbers in each run. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

describe('a signature', () => {
  it('is never valid for two requests that the server understands differently', () => {
    const next = numbersFrom(1);
    const meanings = new Map<string, { readonly target: string; readonly meaning: string }>();
    const disagreements: unknown[] = [];
    for (let count = 0; count < TARGETS; count += 1) {
      const [method, base] = BASES[next(BASES.length)]!;
      const target = base + Array.from({ length: 1 + next(5) }, () => PIECES[next(PIECES.length)]).join('');
      for (const mode of canonicalModes(target)) {
        const parts = { method, target, signedHeaders: ['x-sdk-date'], values: ['d'], payloadHash: 'h' };
        const canonical = canonicalRequest(parts, mode);
        const meaning = meaningOf(method, target, mode);
        if (canonical === undefined || meaning === undefined) continue;
        const first = meanings.get(canonical);
        if (first === undefined) meanings.set(canonical, { target, meaning });
        else if (first.meaning !== meaning) disagreements.push([first, { target, meaning }]);
      }
    }
    expect(meanings.size).toBeGreaterThan(10_000);
    expect(disagreements).toEqual([]);
  });
});
