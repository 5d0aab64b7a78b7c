import { describe, expect, it } from 'vitest';
import { StartError } from '../../src/app/start-error.ts';
import { readLimits } from '../../src/config/setting-values.ts';
import { DEFAULT_LIMITS } from '../../src/core/limits.ts';

const TIB = 2 ** 40;

describe('CSMS_LIMITS', () => {
  it.each([
    ['free-bytes=0', 0],
    ['free-bytes=1048576', 1_048_576],
    [`tags=3,free-bytes=${TIB}`, TIB],
    ['tags=3', undefined],
    [undefined, undefined],
  ])('%s: %s bytes have to be free', (text, freeBytesMin) => {
    expect(readLimits(text).freeBytesMin).toBe(freeBytesMin);
  });

  it.each([`free-bytes=${TIB + 1}`, 'free-bytes=-1', 'free-bytes=', 'free-bytes=64M', 'freeBytes=1'])(
    '%s is refused',
    (text) => {
      expect(() => readLimits(text)).toThrow(StartError);
    },
  );

  it('keeps the room apart from the quotas', () => {
    expect(readLimits('free-bytes=1').limits).toEqual(DEFAULT_LIMITS);
  });
});
