import { describe, expect, it } from 'vitest';
import { ALONE_MAX, createTurns, TURN_MS } from '../../src/app/turns.ts';

/** Turns on a clock and an event loop that the test moves. */
function aLoop() {
  let nowMs = 0;
  const deferred: (() => void)[] = [];
  const turns = createTurns({ nowMs: () => nowMs, defer: (work) => deferred.push(work) });
  const steps: string[] = [];
  return {
    turns,
    steps,
    /** Work of so many steps, each of so many milliseconds. */
    async work(name: string, projectId: string, count: number, stepMs: number): Promise<void> {
      const pause = turns.pauseOf(projectId);
      for (let step = 0; step < count; step += 1) {
        const others = pause();
        if (others !== undefined) await others;
        steps.push(name);
        nowMs += stepMs;
      }
    },
    /** One turn of the loop; returns what was done in it. */
    async turn(): Promise<string> {
      await new Promise(setImmediate);
      steps.length = 0;
      for (const work of deferred.splice(0)) work();
      await new Promise(setImmediate);
      return steps.join('');
    },
    isIdle: () => deferred.length === 0,
  };
}

describe('a turn', () => {
  it('ends with the step in which its time is over', async () => {
    const loop = aLoop();
    const work = loop.work('a', 'p', 8, 2);
    expect(loop.steps.join('')).toBe('aaa');
    expect([await loop.turn(), await loop.turn(), await loop.turn()]).toEqual(['aaa', 'aa', '']);
    await work;
    expect(loop.isIdle()).toBe(true);
  });

  it('is one for all that is under way, of however many requests', async () => {
    const loop = aLoop();
    const all = ['a', 'b', 'c'].map((name) => loop.work(name, name, 2, TURN_MS));
    expect(loop.steps.join('')).toBe('a');
    const seen: string[] = [];
    for (let count = 0; count < 7; count += 1) seen.push(await loop.turn());
    expect(seen.join(' ').trim().split(/ +/)).toEqual(['a', 'b', 'c', 'b', 'c']);
    await Promise.all(all);
  });

  it('goes to one project after the other, however much one of them asks for', async () => {
    const loop = aLoop();
    const many = Array.from({ length: 50 }, () => loop.work('m', 'many', 3, TURN_MS));
    const few = loop.work('f', 'few', 3, TURN_MS);
    let turns = 0;
    let done = false;
    void few.then(() => {
      done = true;
    });
    while (!done) {
      await loop.turn();
      turns += 1;
    }
    expect(turns).toBeLessThanOrEqual(10);
    for (let count = 0; count < 200; count += 1) await loop.turn();
    await Promise.all(many);
  });

  it('does not hold up a step that comes when nobody waits', () => {
    const pause = aLoop().turns.pauseOf('p');
    expect([pause(), pause()]).toEqual([undefined, undefined]);
  });
});

describe('work that a project does alone', () => {
  it('waits for the other work of the project, and fails by itself', async () => {
    const { turns } = aLoop();
    const order: string[] = [];
    const first = Promise.withResolvers<void>();
    const one = turns.alone('p', async () => {
      order.push('one begins');
      await first.promise;
      throw new Error('fails');
    });
    const two = turns.alone('p', async () => order.push('two'));
    await turns.alone('q', async () => order.push('q'));
    expect(order).toEqual(['one begins', 'q']);
    first.resolve();
    await expect(one).rejects.toThrow('fails');
    await two;
    expect(order).toEqual(['one begins', 'q', 'two']);
  });

  it('is done for few projects at one time, which take turns', async () => {
    const { turns } = aLoop();
    const order: string[] = [];
    const ends: (() => void)[] = [];
    const begin = (projectId: string) => {
      void turns.alone(projectId, () => {
        order.push(projectId);
        return new Promise<void>((end) => ends.push(end));
      });
    };
    for (let index = 0; index < ALONE_MAX; index += 1)
      for (let times = 0; times < 3; times += 1) begin(`p${index}`);
    begin('late');
    await new Promise(setImmediate);
    expect(order).toHaveLength(ALONE_MAX);
    for (const next of ['late', 'p0']) {
      ends.shift()?.();
      await new Promise(setImmediate);
      expect(order.at(-1)).toBe(next);
    }
  });
});
