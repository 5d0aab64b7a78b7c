import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { give } from '../../../src/http/connections/response.ts';
import {
  createUnreadResponses,
  type UnreadResponses,
} from '../../../src/http/connections/unread-responses.ts';
import type { RouteLabels } from '../../../src/http/requests/context.ts';
import { CHANGE_RESPONSES, UNREAD_RESPONSES } from '../../../src/http/wire/limits.ts';
import { codeOf } from '../../support/stores.ts';

let answers: UnreadResponses;
beforeEach(() => {
  vi.useFakeTimers();
  answers = createUnreadResponses();
});
afterEach(() => vi.useRealTimers());

/** One request and its answer; `peer` tells whether its connection was ended. */
function exchangeOf(userId: string, method: string, labels: Partial<RouteLabels> = {}) {
  const peer = { isEnded: false };
  const socket = { destroy: () => (peer.isEnded = true) };
  const request = { method, labels, caller: { userId }, raw: { socket } } as unknown as FastifyRequest;
  const write = (_piece: Buffer, done: () => void) => done();
  const raw = Object.assign(new EventEmitter(), { closed: false, write });
  const reply = { raw } as unknown as FastifyReply;
  let outcome = 'waits';
  return {
    peer,
    /** What becomes of the request before it is handled. */
    begin() {
      answers.wait(request, reply, (error) => {
        outcome = error === undefined ? 'handled' : codeOf(error);
      });
      return outcome;
    },
    outcome: () => outcome,
    answer: (bytes: number) => answers.keep(request, reply, bytes),
    close: () => raw.emit('close'),
    take: () => give(raw as unknown as ServerResponse, Buffer.of(1), () => undefined),
  };
}

const read = (userId: string, bytes: number) => exchangeOf(userId, 'GET', { responseBytes: () => bytes });
const change = (userId: string, bytes: number) =>
  exchangeOf(userId, 'POST', { changeResponseBytes: () => bytes });

/** Answers that nobody reads, so many bytes of one user. */
function fill(userId: string, bytes: number, kind = change) {
  const filling = kind(userId, bytes);
  expect(filling.begin()).toBe('handled');
  filling.answer(bytes);
  return filling;
}

describe('a change', () => {
  const share = CHANGE_RESPONSES.shareMax;

  it('is refused before it is handled, when there is no room for the most that its answer may have', () => {
    fill('a', share - 20_000);
    const waiting = change('a', 24_576);
    expect(waiting.begin()).toBe('waits');
    vi.advanceTimersByTime(5_500);
    expect(waiting.outcome()).toBe('unavailable');
  });

  it('is handled as soon as there is room, and others are not kept waiting', () => {
    const unread = fill('a', share);
    const [own, other] = [change('a', 24_576), change('b', 24_576)];
    expect([own.begin(), other.begin()]).toEqual(['waits', 'handled']);
    unread.close();
    vi.advanceTimersByTime(10);
    expect(own.outcome()).toBe('handled');
  });

  it('that was handled is answered, whatever has come meanwhile', () => {
    const handled = change('a', 24_576);
    handled.begin();
    for (const user of ['b', 'c', 'd']) fill(user, (CHANGE_RESPONSES.max - 24_576) / 3);
    fill('a', 4_000);
    expect(() => handled.answer(24_576)).not.toThrow();
  });

  it.each(['POST', 'PUT', 'DELETE'])(
    'by %s is answered, though nobody has said how long that may be',
    (method) => {
      for (const user of ['b', 'c', 'd']) fill(user, CHANGE_RESPONSES.max / 3);
      const forgotten = exchangeOf('a', method);
      expect(forgotten.begin()).toBe('handled');
      expect(() => forgotten.answer(1_000_000)).not.toThrow();
    },
  );

  it('does not wait for lists that nobody reads, its own user’s included', () => {
    fill('a', UNREAD_RESPONSES.shareMax, read);
    fill('b', UNREAD_RESPONSES.max - UNREAD_RESPONSES.shareMax, read);
    expect(change('a', 24_576).begin()).toBe('handled');
    expect(exchangeOf('a', 'DELETE').begin()).toBe('handled');
  });

  it('waits two seconds for answers to others’ changes that nobody reads, and their connections are ended', () => {
    const unread = ['b', 'c', 'd'].map((user) => fill(user, CHANGE_RESPONSES.max / 3));
    const waiting = change('a', 24_576);
    expect(waiting.begin()).toBe('waits');
    vi.advanceTimersByTime(2_500);
    expect(waiting.outcome()).toBe('handled');
    expect(unread.map(({ peer }) => peer.isEnded)).toEqual([true, false, false]);
  });
});

function thrownBy(act: () => void): string {
  try {
    act();
  } catch (error) {
    return codeOf(error);
  }
  return 'nothing';
}

describe('a read', () => {
  it('may be refused when its answer is there: nothing was done', () => {
    fill('a', UNREAD_RESPONSES.shareMax, read);
    const longer = read('c', 10_000);
    expect(longer.begin()).toBe('handled');
    expect(thrownBy(() => longer.answer(UNREAD_RESPONSES.shareMax))).toBe('unavailable');
  });

  it('of a user at its share waits, also for a short answer', () => {
    const unread = fill('a', UNREAD_RESPONSES.shareMax, read);
    const [short, other] = [exchangeOf('a', 'GET'), exchangeOf('b', 'GET')];
    expect([short.begin(), other.begin()]).toEqual(['waits', 'handled']);
    unread.close();
    vi.advanceTimersByTime(10);
    expect(short.outcome()).toBe('handled');
  });
});

describe('a peer that takes a piece every second', () => {
  const { max, shareMax } = UNREAD_RESPONSES;

  /** How many seconds the answer is there while another user waits for room. */
  async function secondsOf(reading: ReturnType<typeof read>, others: number): Promise<number> {
    for (let left = others; left > 0; left -= shareMax) {
      const other = read(`other-${left}`, Math.min(left, shareMax));
      other.begin();
    }
    for (let seconds = 0; seconds < 60; seconds += 1) {
      if (reading.peer.isEnded) return seconds;
      const waiting = read('z', 10_000);
      expect(waiting.begin()).toBe('waits');
      await reading.take();
      vi.advanceTimersByTime(1_000);
    }
    return 60;
  }

  it('may continue for half a minute while others wait for its room', async () => {
    const seconds = await secondsOf(fill('a', shareMax / 2, read), max - shareMax / 2);
    expect(seconds).toBeGreaterThanOrEqual(29);
    expect(seconds).toBeLessThan(35);
  });

  it('has no such time when it holds more than half of a share', async () => {
    expect(await secondsOf(fill('a', shareMax, read), max - shareMax)).toBeLessThan(5);
  });
});
