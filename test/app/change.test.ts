import { expect, it, vi } from 'vitest';
import { change } from '../../src/app/change.ts';
import type { Actor } from '../../src/core/actor.ts';
import { DEFAULT_LIMITS } from '../../src/core/limits.ts';
import { REF, T0 } from '../support/builders.ts';
import { aWorld } from '../support/world.ts';

const actor: Actor = { kind: 'system', job: 'test' };
const draft = { aggregate: 'event', kind: 'update-event', ref: REF, update: {} } as const;

function sentBy(choices: Parameters<typeof aWorld>[0], given: Parameters<typeof change>[1]) {
  const { deps } = aWorld(choices);
  const sent = vi.fn();
  void change({ ...deps, actor, store: { ...deps.store, change: sent } }, given);
  return sent.mock.calls;
}

it('adds the present time, the bounds of the operator and who it is for', () => {
  const limits = { ...DEFAULT_LIMITS, versions: 3 };
  expect(sentBy({ limits, versionCap: 'reject' }, draft)).toEqual([
    [{ ...draft, nowMs: T0, limits, versionCap: 'reject' }, actor],
  ]);
});

it('leaves the time of a command that has one', () => {
  const [[command]] = sentBy({}, { ...draft, nowMs: 7 }) as [[{ nowMs: number }]];
  expect(command.nowMs).toBe(7);
});
