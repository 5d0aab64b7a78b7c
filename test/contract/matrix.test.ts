import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DIFFERENCES } from '../matrix/differences.ts';
import { REFERENCE, servedOperations } from '../matrix/results.ts';
import notServed from './not-served.json' with { type: 'json' };

const NOT_SERVED: ReadonlySet<string> = new Set(notServed);
const served = servedOperations();
const matrix = readFileSync(new URL('../../docs/api-matrix.md', import.meta.url), 'utf8');
/** The lines of the matrix: operation id -> its method and path, and whether it says that the server has it. */
const rows = new Map(
  [...matrix.matchAll(/^\| `(\w+)` \| `([A-Z]+ [^`]+)` \| (yes|no) \|/gm)].map(
    ([, id = '', call, here]) => [id, { call, here }] as const,
  ),
);

describe('the list of operations', () => {
  it('has 45 of CSMS, three that only the documents have, and 23 of KMS', () => {
    const count = (name: string) => REFERENCE.filter(({ source }) => source === name).length;
    expect([count('CSMS'), count('documents only'), count('KMS'), REFERENCE.length]).toEqual([45, 3, 23, 71]);
    expect(new Set(REFERENCE.map(({ operationId }) => operationId)).size).toBe(71);
    for (const { method, path, errors } of REFERENCE) {
      expect(`${method} ${path} ${errors}`).toMatch(
        /^(DELETE|GET|POST|PUT) \/v1(\.0)?\/[\w{}./-]+ (flat|nested)$/,
      );
    }
  });

  it('has the operations that the server lacks', () => {
    const ids = REFERENCE.map(({ operationId }) => operationId);
    expect([...NOT_SERVED].filter((id) => !ids.includes(id))).toEqual([]);
  });
});

describe('openapi.yaml', () => {
  const calls = new Map(served.map(({ operationId, method, path }) => [operationId, `${method} ${path}`]));

  it.each(REFERENCE.filter(({ operationId }) => !NOT_SERVED.has(operationId)))(
    'has $operationId under the documents’ method and path',
    ({ operationId, method, path }) => {
      expect(calls.get(operationId)).toBe(`${method} ${path}`);
    },
  );

  it('has none of those that not-served.json lists: take out what is served now', () => {
    expect([...NOT_SERVED].filter((id) => calls.has(id))).toEqual([]);
  });
});

describe('docs/api-matrix.md', () => {
  it.each(REFERENCE)('has $operationId; npm run matrix writes it', ({ operationId, method, path }) => {
    expect(rows.get(operationId)).toEqual({
      call: `${method} ${path}`,
      here: NOT_SERVED.has(operationId) ? 'no' : 'yes',
    });
  });

  it.each(served)('has $operationId, which the server answers', ({ operationId, method, path }) => {
    expect(rows.get(operationId)).toEqual({ call: `${method} ${path}`, here: 'yes' });
  });

  it('has nothing else', () => {
    const ids = [...REFERENCE, ...served].map(({ operationId }) => operationId);
    expect([...rows.keys()].sort()).toEqual([...new Set(ids)].sort());
  });

  it('tells the differences as they are kept', () => {
    expect(Object.keys(DIFFERENCES).filter((id) => !rows.has(id))).toEqual([]);
    for (const [id, text] of Object.entries(DIFFERENCES)) {
      expect(text, id).not.toMatch(/[|\n]/);
      const line = matrix.split('\n').find((candidate) => candidate.startsWith(`| \`${id}\` |`));
      expect(line?.split(' | ').at(-1)).toBe(`${NOT_SERVED.has(id) ? 'Not there yet.' : text} |`);
    }
  });
});
