import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parse } from 'yaml';
import operations from '../contract/operations.json' with { type: 'json' };

const ROOT = join(import.meta.dirname, '../..');
const CACHE = join(ROOT, '.cache/matrix');

/** Where record.ts leaves one file for each file of HTTP tests. */
export const HTTP_RESULTS = join(CACHE, 'http');
/** Where test/clients/server.sh leaves one file for each client's suite. */
const CLIENT_RESULTS = join(CACHE, 'clients');

/** One operation of the vendor's documents. `source` is where it is described. */
export interface ReferenceOperation {
  readonly operationId: string;
  readonly source: 'CSMS' | 'documents only' | 'KMS';
  readonly method: string;
  readonly path: string;
  /** Which of the two error bodies the documents show. */
  readonly errors: 'flat' | 'nested';
}

/** The 45 operations of CSMS, the three that only its documents have, and the 23 of KMS. */
// The JSON's strings have no literal types; test/contract/matrix.test.ts checks what they may be.
export const REFERENCE = Object.entries(operations).flatMap(([source, calls]) =>
  Object.entries(calls).map(([operationId, call]) => {
    const [method, path, errors] = call.split(' ');
    return { operationId, source, method, path, errors } as ReferenceOperation;
  }),
);

/** One operation of openapi.yaml. */
export interface ServedOperation {
  readonly operationId: string;
  readonly method: string;
  readonly path: string;
  readonly tag: string;
}

/** What a client had from an operation: `done` when at least one call was a success. */
export type ClientOutcome = 'done' | 'refused';

/** The operations of the committed openapi.yaml, in its order. */
export function servedOperations(): ServedOperation[] {
  const document = parse(readFileSync(join(ROOT, 'openapi.yaml'), 'utf8')) as {
    paths: Record<string, Record<string, { operationId: string; tags: string[] }>>;
  };
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId, tags }]) => ({
      operationId,
      method: method.toUpperCase(),
      path,
      tag: tags[0] ?? '',
    })),
  );
}

/** Where the results of a file of tests lie: several folders have a file of the same name. */
export function resultsName(testPath: string): string {
  return `${relative(ROOT, testPath).replaceAll('/', '~')}.json`;
}

/** Operation id -> number of HTTP tests that call it. Throws when no results are there. */
export function httpTestCounts(): Map<string, number> {
  if (!existsSync(HTTP_RESULTS)) throw new Error('no results of HTTP tests: run npm run matrix');
  const counts = new Map<string, number>();
  for (const file of readdirSync(HTTP_RESULTS)) {
    // What a file of tests left behind that is no longer there does not count.
    if (!existsSync(join(ROOT, file.replace(/\.json$/, '').replaceAll('~', '/')))) continue;
    const tests = JSON.parse(readFileSync(join(HTTP_RESULTS, file), 'utf8')) as Record<string, string[]>;
    for (const [operationId, names] of Object.entries(tests))
      counts.set(operationId, (counts.get(operationId) ?? 0) + names.length);
  }
  return counts;
}

/** Suites that do not count: what one runs counts for the suites of its languages, and the other is no part of the gate. */
const UNCOUNTED: readonly string[] = ['pages', 'external-secrets'];

/** The suites of real clients, by the names of their folders. */
export function clientSuites(): string[] {
  const folder = join(ROOT, 'test/clients');
  return readdirSync(folder).filter(
    (name) => !UNCOUNTED.includes(name) && existsSync(join(folder, name, 'run.sh')),
  );
}

/** Operation id -> outcome of one client's suite. Throws when the suite has left no results. */
export function clientOutcomes(suite: string): Map<string, ClientOutcome> {
  const file = join(CLIENT_RESULTS, suite);
  if (!existsSync(file)) throw new Error(`no results of ${suite}: run test/clients/${suite}/run.sh`);
  const served = new Map(
    servedOperations().map(({ operationId, method, path }) => [`${method} ${path}`, operationId]),
  );
  const outcomes = new Map<string, ClientOutcome>();
  // Lines such as `  12 GET /v1/:project_id/secrets 200`: count, method, route, status.
  for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
    const [, method, route = '', status] = line.trim().split(/\s+/);
    const operationId = served.get(`${method} ${route.replaceAll(/:(\w+)/g, '{$1}')}`);
    if (operationId === undefined) continue;
    if (Number(status) < 300) outcomes.set(operationId, 'done');
    else if (!outcomes.has(operationId)) outcomes.set(operationId, 'refused');
  }
  return outcomes;
}
