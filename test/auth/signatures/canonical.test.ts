import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalModes,
  canonicalRequest,
  type PathMode,
  type PlusMode,
  readHeaders,
} from '../../../src/auth/signatures/canonical.ts';

function canonical(
  target: string,
  path: PathMode = 'decode',
  plus: PlusMode = 'literal',
): string | undefined {
  const parts = { method: 'GET', target, signedHeaders: ['x-sdk-date'], values: ['d'], payloadHash: 'h' };
  return canonicalRequest(parts, { path, plus });
}

/** Path and query of the canonical request. */
function lines(target: string, path?: PathMode, plus?: PlusMode): readonly string[] {
  return (canonical(target, path, plus) ?? '').split('\n').slice(1, 3);
}

describe('the canonical path', () => {
  it.each([
    ['/', '/'],
    ['/v1', '/v1/'],
    ['/v1/', '/v1/'],
    ['//a//', '//a//'],
    ['/a/../b/./c', '/a/../b/./c/'],
    ['/a%2Fb', '/a%2Fb/'],
    ['/a%2fb', '/a%2Fb/'],
    ['/%7e-_.~', '/~-_.~/'],
    ['/%C3%A9', '/%C3%A9/'],
    ['/%ff', '/%FF/'],
    ["/a!b'(c)*", '/a%21b%27%28c%29%2A/'],
    ['/a+b', '/a%2Bb/'],
    ['/a:b@c', '/a%3Ab%40c/'],
    ['/%00', '/%00/'],
  ])('of %j is %j', (target, wanted) => {
    expect(lines(target)[0]).toBe(wanted);
  });

  it('is encoded as it stands in mode raw', () => {
    expect(lines('/v1/%7Bproject_id%7D/x', 'raw')[0]).toBe('/v1/%257Bproject_id%257D/x/');
  });
});

describe('the canonical query', () => {
  it.each([
    ['/?', ''],
    ['/?&&', ''],
    ['/?a', 'a='],
    ['/?a=', 'a='],
    ['/?=b', '=b'],
    ['/?a=b=c', 'a=b%3Dc'],
    ['/?b=2&a=1&a=0', 'a=0&a=1&b=2'],
    ['/?a=%20&a=+&a=*', 'a=%20&a=%2A&a=%2B'],
    ['/?%C3%A9=1&z=2&Z=3', 'Z=3&z=2&%C3%A9=1'],
    ['/?a=/?:', 'a=%2F%3F%3A'],
    ['/?__proto__=1&constructor', '__proto__=1&constructor='],
  ])('of %j is %j', (target, wanted) => {
    expect(lines(target)[1]).toBe(wanted);
  });

  it('sorts on bytes before they are encoded', () => {
    // `{` (7B) comes after `a` (61), though it is written `%7B`, and `%` (25) would come before it.
    expect(lines('/?~=1&%7B=2&a=3')[1]).toBe('a=3&%7B=2&~=1');
  });

  it('reads + as a blank when told to, but never %2B', () => {
    expect(lines('/?a=x+y%2Bz', 'decode', 'blank')[1]).toBe('a=x%20y%2Bz');
  });
});

describe('the ways to read a target', () => {
  it.each([
    ['/a', ['decode literal']],
    ['/a%41', ['decode literal']],
    ['/a?b=c+d', ['decode literal', 'decode blank']],
    ['/v1/%7Bproject_id%7D/secrets', ['decode literal', 'raw literal']],
    ['/v1.0/%7Bproject_id%7D/kms/list-keys?a=+', ['decode literal', 'raw literal']],
    ['/v1/%7Bproject_id%7D', ['decode literal', 'raw literal']],
    ['/v1/p/%7Bsecret_name%7D', ['decode literal']],
    ['/v1/a%7Bproject_id%7D/b', ['decode literal']],
    ['/v1/%7bproject_id%7d/b', ['decode literal']],
    ['/v1/my%20key/b?a=b+c', ['decode literal', 'decode blank']],
    ['/v1?/%7Bproject_id%7D/', ['decode literal']],
  ])('of %j are %j', (target, wanted) => {
    expect(canonicalModes(target).map(({ path, plus }) => `${path} ${plus}`)).toEqual(wanted);
  });
});

describe('a malformed target', () => {
  it.each([
    '',
    '*',
    'a',
    'http://h/a',
    '?a',
    '/%',
    '/%4',
    '/%zz',
    '/a?b=%',
    '/a?%g0=1',
    '/%%41',
    '/a#',
    '/a#b?c',
    '/a?b#c',
    '/\u00c3\u00a9',
    '/a?\u00e9',
    '/a\u0000',
  ])('has no canonical request: %j', (target) => {
    expect(canonical(target)).toBeUndefined();
  });

  it('never throws, whatever the target is', () => {
    const anything = fc
      .array(fc.nat(0xffff), { maxLength: 300 })
      .map((units) => String.fromCharCode(...units));
    const texts = fc.oneof(anything, fc.string({ maxLength: 300 }));
    fc.assert(
      fc.property(texts, (text) => {
        for (const mode of canonicalModes(text)) canonicalRequest({ ...PARTS, target: text }, mode);
        for (const mode of canonicalModes(`/${text}`))
          canonicalRequest({ ...PARTS, target: `/${text}` }, mode);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is canonical only once: a canonical path and query read again stay what they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', maxLength: 200 }), (text) => {
        const target = `/${text.replaceAll(/[%#]/g, '')}`;
        const [path = '', query = ''] = lines(target);
        expect(lines(`${path}?${query}`)).toEqual([path, query]);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('header fields', () => {
  it('are found by lower-case name, in the order asked for; the first repeated one is named', () => {
    const raw = ['Host', 'h', 'X-B', '3', 'X-A', ' 1\t', 'x-a', '2', 'x-b', '4', 'odd'];
    expect(readHeaders(raw, ['x-a', 'absent', 'host'])).toEqual({
      values: ['1', undefined, 'h'],
      doubled: 'x-a',
    });
    expect(readHeaders(raw, ['host', 'x-b', 'x-a'])).toEqual({ values: ['h', '3', '1'], doubled: 'x-b' });
    expect(readHeaders(raw, ['host'])).toEqual({ values: ['h'], doubled: undefined });
    expect(readHeaders(['x-a', '', 'x-a', '1'], ['x-a'])).toEqual({ values: [''], doubled: 'x-a' });
  });
});

const PARTS = { method: 'GET', target: '/', signedHeaders: [], values: [], payloadHash: '' };
