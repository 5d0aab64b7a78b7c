import { describe, expect, it } from 'vitest';
import { parseCommandLine, UsageError } from '../../src/cli/flags.ts';

const ALLOWED = new Set(['d', 'json', 'owner']);

describe('a command line', () => {
  it.each<[string, string[], string[], Record<string, string>]>([
    ['a value of its own', ['--owner', '5', 'a'], ['a'], { owner: '5' }],
    ['a value behind =, empty too', ['--owner=', 'a'], ['a'], { owner: '' }],
    ['a value that looks like a flag', ['--owner', '-5'], [], { owner: '-5' }],
    ['a switch', ['--json', 'a'], ['a'], { json: '1' }],
    ['a switch with a value', ['--json=0'], [], { json: '0' }],
    ['a short flag', ['-d', '@x'], [], { d: '@x' }],
    ['a short flag with =', ['-d={"a":1}'], [], { d: '{"a":1}' }],
    ['a lone dash', ['-'], ['-'], {}],
    ['what follows --', ['a', '--', '--json'], ['a', '--json'], {}],
  ])('is taken apart: %s', (_, args, positionals, flags) => {
    const parsed = parseCommandLine(args, ALLOWED);
    expect(parsed.positionals).toEqual(positionals);
    expect(Object.fromEntries(parsed.flags)).toEqual(flags);
  });

  it.each<[string, string[]]>([
    ['unknown flag --colour', ['--colour=red']],
    ['unknown flag -x', ['-x']],
    ['unknown flag --__proto__', ['--__proto__']],
    ['--owner is given twice', ['--owner', '1', '--owner=2']],
    ['--d is given twice', ['-d', '1', '--d', '2']],
    ['--owner needs a value', ['a', '--owner']],
    ['--d needs a value', ['-d']],
  ])('is refused: %s', (message, args) => {
    expect(() => parseCommandLine(args, ALLOWED)).toThrow(new UsageError(message));
  });
});
