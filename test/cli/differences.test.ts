import { describe, expect, it } from 'vitest';
import { differencesOf } from '../../src/cli/differences.ts';

const NONE: ReadonlySet<string> = new Set();

/** What differs between two bodies. */
function between(first: unknown, second: unknown, ignored = NONE): string[] {
  const answer = (body: unknown) => ({ status: 200, text: JSON.stringify(body) });
  return differencesOf(answer(first), answer(second), ignored);
}

describe('two responses differ', () => {
  it('not by the order of members', () => {
    expect(between({ a: 1, b: [{ c: null }] }, { b: [{ c: null }], a: 1 })).toEqual([]);
  });

  it('by status, and by each member, one level or many below', () => {
    const first = { status: 200, text: '{"secret": {"tags": ["x", "y"]}, "n": 1}' };
    const second = { status: 400, text: '{"secret": {"tags": ["x"]}, "n": "1", "more": {}}' };
    expect(differencesOf(first, second, NONE)).toEqual([
      'status: 200, 400',
      'secret.tags[1]: "y", absent',
      'n: 1, "1"',
      'more: absent, {}',
    ]);
  });

  it('by a list in place of a mapping, and null in place of either', () => {
    expect(between({ a: [] }, { a: {} })).toEqual(['a: [], {}']);
    expect(between({ a: null }, { a: {} })).toEqual(['a: null, {}']);
  });

  it('by a body that is no JSON, or none', () => {
    expect(
      differencesOf({ status: 204, text: '' }, { status: 204, text: '<html>' }, new Set(['body'])),
    ).toEqual(['body: absent, "<html>"']);
    expect(differencesOf({ status: 204, text: '' }, { status: 204, text: '' }, NONE)).toEqual([]);
  });

  it('not by a member that may differ, but by its absence', () => {
    const ignored = new Set(['id']);
    expect(between([{ id: 1, a: { id: 2 } }], [{ id: 3, a: { id: 4 } }], ignored)).toEqual([]);
    expect(between([{ id: 1 }], [{}], ignored)).toEqual(['[0].id: 1, absent']);
  });

  it('by long values, of which a line shows the beginning', () => {
    expect(between('x'.repeat(500), 'y')).toEqual([`body: "${'x'.repeat(119)}..., "y"`]);
  });
});
