import { describe, expect, it } from 'vitest';
import { createLoginQueue, type LoginQueue } from '../../../src/auth/logins/queue.ts';
import { rejectionOf } from '../fixtures.ts';

/** Works that end when told to; `begun` holds their names in the order in which they began. */
function worksOf(queue: LoginQueue) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    begun,
    start(name: string, isFamiliar = false): Promise<unknown> {
      const place = { group: name.charAt(0), member: name.charAt(1), isFamiliar };
      return queue.run(place, () => {
        begun.push(name);
        return new Promise<void>((resolve) => ends.set(name, resolve));
      });
    },
    /** Ends works one after the other, in the order in which they began, until none runs. */
    async endAll(): Promise<void> {
      for (let index = 0; index < begun.length; index += 1) {
        ends.get(begun[index] ?? '')?.();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

describe('the queue of logins', () => {
  it('runs two at once', async () => {
    const queue = createLoginQueue();
    const works = worksOf(queue);
    const started = ['a1', 'b1', 'c1'].map((name) => works.start(name));
    expect(works.begun).toEqual(['a1', 'b1']);
    expect(queue.isBusy()).toBe(true);
    await works.endAll();
    await Promise.all(started);
    expect(works.begun).toEqual(['a1', 'b1', 'c1']);
    expect(queue.isBusy()).toBe(false);
  });

  it('lets those who were here before go first, and every fourth turn to strangers', async () => {
    const works = worksOf(createLoginQueue({ concurrent: 1 }));
    const strangers = ['z0', 'a1', 'a2'].map((name) => works.start(name));
    const familiar = ['b1', 'b2', 'b3', 'b4', 'b5'].map((name) => works.start(name, true));
    await works.endAll();
    await Promise.all([...strangers, ...familiar]);
    expect(works.begun).toEqual(['z0', 'b1', 'b2', 'b3', 'a1', 'b4', 'b5', 'a2']);
  });

  it('gives the places of a crowd away, and never those of who was here before', async () => {
    const works = worksOf(createLoginQueue({ concurrent: 1, waitingMax: 3 }));
    const running = works.start('z0');
    const crowd = ['a1', 'a2', 'a3', 'a4'].map((name) => rejectionOf(works.start(name)));
    const other = works.start('b1');
    const known = works.start('a9', true);
    await works.endAll();
    await Promise.all([running, other, known]);
    expect(works.begun).toEqual(['z0', 'a9', 'a1', 'b1', 'a2']);
    expect((await Promise.all(crowd)).map(({ code }) => code)).toEqual([
      'accepted',
      'accepted',
      'throttled',
      'throttled',
    ]);
  });

  it('continues after a work that fails', async () => {
    const queue = createLoginQueue({ concurrent: 1 });
    const place = { group: 'a', member: '1', isFamiliar: false };
    const failing = queue.run(place, () => Promise.reject(new Error('no memory')));
    const next = queue.run(place, () => Promise.resolve('done'));
    await expect(failing).rejects.toThrow('no memory');
    expect(await next).toBe('done');
  });
});
