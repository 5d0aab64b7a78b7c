import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createLifetimes, type Lifetimes } from '../../src/companion/worlds/lifetimes.ts';
import { useUntilClosed } from '../../src/companion/worlds/uses.ts';

let ended: string[];
let lifetimes: Lifetimes;

beforeEach(() => {
  vi.useFakeTimers();
  ended = [];
  lifetimes = createLifetimes(Date.now, (name) => ended.push(name));
});
afterEach(() => vi.useRealTimers());

const wait = (ms: number) => vi.advanceTimersByTime(ms);

it('end when nobody has used the world for so long, each in its time', () => {
  lifetimes.begin('long', 10_000);
  lifetimes.begin('short', 1_000);
  wait(999);
  expect(ended).toEqual([]);
  wait(1);
  expect(ended).toEqual(['short']);
  wait(8_999);
  expect(ended).toEqual(['short']);
  wait(1);
  expect(ended).toEqual(['short', 'long']);
  expect(vi.getTimerCount()).toBe(0);
});

it('begin again with each use, which holds them for as long as it lasts', () => {
  lifetimes.begin('w', 1_000);
  wait(900);
  lifetimes.use('w')();
  wait(999);
  expect(ended).toEqual([]);
  const [one, two] = [lifetimes.use('w'), lifetimes.use('w')];
  wait(60_000);
  one();
  wait(60_000);
  expect(ended).toEqual([]);
  two();
  wait(999);
  expect(ended).toEqual([]);
  wait(1);
  expect(ended).toEqual(['w']);
});

it('of any number of worlds take one timer', () => {
  for (let index = 0; index < 100; index += 1) lifetimes.begin(`w${index}`, 1_000 + index * 10);
  expect(vi.getTimerCount()).toBe(1);
  for (let index = 0; index < 50; index += 1) lifetimes.use(`w${index}`)();
  expect(vi.getTimerCount()).toBe(1);
  wait(1_990);
  expect(ended).toHaveLength(100);
  expect(vi.getTimerCount()).toBe(0);
});

it('are forgotten with their world: neither its end nor an old use concerns the next one of its name', () => {
  lifetimes.begin('w', 1_000);
  const use = lifetimes.use('w');
  lifetimes.end('w');
  lifetimes.begin('w', 5_000);
  wait(4_000);
  use();
  expect(ended).toEqual([]);
  wait(1_000);
  expect(ended).toEqual(['w']);
  lifetimes.use('never-there')();
});

it('stop all together', () => {
  lifetimes.begin('w', 1_000);
  lifetimes.stop();
  wait(10_000);
  expect([ended, vi.getTimerCount()]).toEqual([[], 0]);
});

it('are not held by a response whose client has gone', () => {
  lifetimes.begin('w', 1_000);
  const gone = new ServerResponse(new IncomingMessage(new Socket()));
  const open = new ServerResponse(new IncomingMessage(new Socket()));
  Object.defineProperty(gone, 'closed', { value: true });
  useUntilClosed(lifetimes, 'w', gone);
  useUntilClosed(lifetimes, 'w', open);
  wait(5_000);
  expect(ended).toEqual([]);
  open.emit('close');
  wait(1_000);
  expect(ended).toEqual(['w']);
});
