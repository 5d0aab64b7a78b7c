import { describe, expect, it } from 'vitest';
import { createTurns } from '../../../src/app/turns.ts';
import { parseLongBody } from '../../../src/http/connections/long-bodies.ts';
import { BODY_VALUES_MAX } from '../../../src/http/wire/limits.ts';

const pause = createTurns().pauseOf('project');
const parse = (text: string) => parseLongBody(Buffer.from(text), pause);
const list = (values: number) => `[${Array.from({ length: values }, () => '1').join(',')}]`;

describe('a long body', () => {
  it('holds as many values as any operation can use, and no more', async () => {
    expect(await parse(list(BODY_VALUES_MAX - 1))).toHaveLength(BODY_VALUES_MAX - 1);
    expect(await parse(list(BODY_VALUES_MAX))).toHaveLength(BODY_VALUES_MAX);
    for (const text of [
      list(BODY_VALUES_MAX + 1),
      `${'['.repeat(BODY_VALUES_MAX + 1)}${']'.repeat(BODY_VALUES_MAX + 1)}`,
      `{"a":[${'{},'.repeat(BODY_VALUES_MAX)}1]}`,
      `{${Array.from({ length: BODY_VALUES_MAX + 1 }, (_, index) => `"k${index}":1`).join(',')}}`,
    ]) {
      await expect(parse(text)).rejects.toMatchObject({ code: 'invalid-body' });
    }
  });

  it.each([
    ['commas and brackets in a string', { text: ',[{'.repeat(300_000) }],
    ['quotes in a string', { text: '",["'.repeat(200_000) }],
    ['backslashes before quotes', { text: '\\"\\'.repeat(200_000), next: '\\' }],
    ['other letters than English ones', { text: 'ä漢🔑,'.repeat(100_000) }],
  ])('may hold any number of %s', async (_, given) => {
    expect(await parse(JSON.stringify(given))).toEqual(given);
  });

  it('is refused like a short one when it is no JSON', async () => {
    await expect(parse(`{"a":"${'x'.repeat(100_000)}`)).rejects.toMatchObject({ code: 'invalid-body' });
  });
});
