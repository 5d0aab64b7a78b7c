import { describe, expect, it } from 'vitest';
import { isDue } from '../../../src/core/secrets/lifecycle.ts';
import type { SecretAggregate, SecretCommandOf } from '../../../src/core/secrets/secrets.ts';
import {
  aCommand,
  anAggregate,
  aSecret,
  DAY_MS,
  decideOn,
  evolve,
  outcome,
  T0,
} from '../../support/builders.ts';

const schedule = aCommand('schedule-deletion', { recoveryWindowDays: 7, nowMs: T0 });
const cancel = aCommand('cancel-deletion', { nowMs: T0 + DAY_MS });
const current = anAggregate({ versions: [1, 2], stages: { SYSCURRENT: 2, SYSPREVIOUS: 1, blue: 1 } });
const pending = evolve(current, schedule);
const dueMs = T0 + 7 * DAY_MS;

describe('a scheduled deletion', () => {
  it.each([7, 8, 30])('comes %i days after the request', (recoveryWindowDays) => {
    const { secret } = evolve(current, aCommand('schedule-deletion', { recoveryWindowDays, nowMs: T0 + 3 }));
    expect(secret.state).toBe('PENDING_DELETE');
    expect(secret.scheduledDeleteTimeMs).toBe(T0 + 3 + recoveryWindowDays * 24 * 60 * 60 * 1_000);
    expect(secret.updateTimeMs).toBe(T0 + 3);
  });

  it('keeps versions, stages and everything else', () => {
    expect(pending).toEqual({
      ...current,
      secret: {
        ...current.secret,
        state: 'PENDING_DELETE',
        stateBeforeDeletion: 'ENABLED',
        scheduledDeleteTimeMs: dueMs,
        updateTimeMs: T0,
        revision: current.secret.revision + 1,
      },
    });
  });
});

describe('cancelling a deletion', () => {
  it.each(['ENABLED', 'DISABLED'] as const)('goes back to %s', (state) => {
    const before = anAggregate({ secret: { state } });
    expect(evolve(before, schedule, cancel)).toEqual({
      ...before,
      secret: { ...before.secret, updateTimeMs: T0 + DAY_MS, revision: before.secret.revision + 2 },
    });
  });

  it('enables a secret whose former state is not known', () => {
    const secret = { ...pending.secret, stateBeforeDeletion: undefined };
    expect(evolve({ ...pending, secret }, cancel).secret.state).toBe('ENABLED');
  });

  it('counts automatic rotation anew', () => {
    const rotated = {
      secretType: 'RDS-FG',
      autoRotation: true,
      rotationPeriod: '2d',
      rotationConfig: '{}',
    } as const;
    const before = anAggregate({
      secret: { ...rotated, rotationTimeMs: T0 - DAY_MS, nextRotationTimeMs: T0 + DAY_MS },
    });
    expect(evolve(before, schedule, cancel).secret.nextRotationTimeMs).toBe(T0 + 3 * DAY_MS);
  });
});

describe('a deletion', () => {
  it.each([
    { state: 'PENDING_DELETE', scheduledDeleteTimeMs: T0, nowMs: T0 - 1, due: false },
    { state: 'PENDING_DELETE', scheduledDeleteTimeMs: T0, nowMs: T0, due: true },
    { state: 'PENDING_DELETE', scheduledDeleteTimeMs: T0, nowMs: T0 + 1, due: true },
    { state: 'PENDING_DELETE', scheduledDeleteTimeMs: undefined, nowMs: T0, due: false },
    { state: 'ENABLED', scheduledDeleteTimeMs: T0, nowMs: T0, due: false },
    { state: 'DISABLED', scheduledDeleteTimeMs: undefined, nowMs: T0, due: false },
  ] as const)('of $state at $scheduledDeleteTimeMs is due at $nowMs: $due', ({ nowMs, due, ...secret }) => {
    expect(isDue(aSecret(secret), nowMs)).toBe(due);
  });

  it('at once spares another secret that has the name, when one was meant', () => {
    const { id } = current.secret;
    expect(outcome(() => decideOn(current, aCommand('delete-secret', { id })))).toBe('ok');
    expect(outcome(() => decideOn(current, aCommand('delete-secret', { id: 'another' })))).toBe(
      'secret-not-found',
    );
  });
});

describe('purging', () => {
  const purge = (changes: { readonly id?: string; readonly nowMs?: number } = {}) =>
    aCommand('purge-secret', { nowMs: dueMs, ...changes });
  const facts = [{ kind: 'secret-removed' }];
  const removed = { next: undefined, facts, result: { removed: true } };

  /** The very same aggregate, so that the store has nothing to write. */
  function expectKept(before: SecretAggregate, command: SecretCommandOf<'purge-secret'>): void {
    const { next, result } = decideOn(before, command);
    expect(next).toBe(before);
    expect(result).toEqual({ removed: false });
  }

  it('removes the secret from the moment at which it is due', () => {
    expect(decideOn(pending, purge())).toEqual(removed);
    expect(decideOn(pending, purge({ nowMs: dueMs + 365 * DAY_MS }))).toEqual(removed);
  });

  it('leaves another secret of the same name as it is', () => {
    expectKept(pending, purge({ id: '33333333-3333-4333-8333-333333333333' }));
  });
});
