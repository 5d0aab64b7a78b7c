import { describe, expect, it } from 'vitest';
import type { Awaitable } from '../../src/app/ports/deps.ts';
import { SecretError } from '../../src/core/errors.ts';
import { type Asking, ask, driveNow } from '../../src/storage/asking.ts';
import { answerLater } from '../support/memory-store.ts';

describe('work that asks', () => {
  function* twice(find: () => Awaitable<number>): Asking<number> {
    try {
      return 2 * (yield* ask(find()));
    } catch (error) {
      return error instanceof SecretError ? -1 : -2;
    }
  }

  it('continues with answers that are there, and with those that come', async () => {
    expect(driveNow(twice(() => 21))).toBe(42);
    expect(await answerLater(twice(() => 21))).toBe(42);
    expect(await answerLater(twice(async () => 21))).toBe(42);
  });

  it('meets a refusal where it asked', async () => {
    const refuse = () => {
      throw new SecretError('damaged');
    };
    expect(driveNow(twice(refuse))).toBe(-1);
    expect(await answerLater(twice(async () => refuse()))).toBe(-1);
  });
});
