import { describe, expect, it } from 'vitest';
import { decide } from '../../src/core/commands.ts';
import { decideJob, type JobCommand, type JobState, LEASE_MS } from '../../src/core/job.ts';
import { T0 } from '../support/builders.ts';

const ref = { name: 'purge' };
const JOB: JobState = Object.freeze({
  name: 'purge',
  leaseHolder: 'one',
  leaseUntilMs: T0 + LEASE_MS,
  epoch: 3,
  nextRunMs: T0,
  lastError: 'damaged',
  runs: 5,
  failures: 2,
  processed: 7,
});
const base = { aggregate: 'job', ref, nowMs: T0 } as const;
const claim = (holder: string, nowMs = T0): JobCommand => ({ ...base, kind: 'claim-job', holder, nowMs });
const finish = (epoch: number, error?: string): JobCommand => {
  return { ...base, kind: 'finish-job', epoch, nextRunMs: T0 + 9, error, processed: 4 };
};

describe('claim-job', () => {
  it('makes the job with its first lease', () => {
    const { next, result } = decideJob({ current: undefined }, claim('one'));
    expect(next).toEqual({
      name: 'purge',
      leaseHolder: 'one',
      leaseUntilMs: T0 + LEASE_MS,
      epoch: 1,
      nextRunMs: T0,
      lastError: undefined,
      runs: 0,
      failures: 0,
      processed: 0,
    });
    expect(result).toEqual({ held: true, job: next });
  });

  it.each([
    { who: 'another', nowMs: T0, held: false, why: 'while the lease lasts' },
    { who: 'another', nowMs: T0 + LEASE_MS - 1, held: false, why: 'up to its last millisecond' },
    { who: 'another', nowMs: T0 + LEASE_MS, held: true, why: 'when it is over' },
    {
      who: 'another',
      nowMs: T0 - 1,
      held: true,
      why: 'when it ends later than any lease: the clock was set back',
    },
    { who: 'one', nowMs: T0, held: true, why: 'by the holder itself' },
  ])('by $who at $nowMs is held: $held, $why', ({ who, nowMs, held }) => {
    const { next, result } = decideJob({ current: JOB }, claim(who, nowMs));
    expect(result.held).toBe(held);
    if (!held) expect(next).toBe(JOB);
    else expect(next).toEqual({ ...JOB, leaseHolder: who, leaseUntilMs: nowMs + LEASE_MS, epoch: 4 });
  });

  it('takes a lease that was given back', () => {
    const { result } = decideJob({ current: { ...JOB, leaseHolder: undefined } }, claim('another'));
    expect(result.held).toBe(true);
  });
});

describe('a holder with the right epoch', () => {
  it('extends its lease', () => {
    const { next } = decideJob({ current: JOB }, { ...base, kind: 'extend-job', epoch: 3, nowMs: T0 + 5 });
    expect(next).toEqual({ ...JOB, leaseUntilMs: T0 + 5 + LEASE_MS });
  });

  it('records a run that ended well, which takes the last error away', () => {
    const { next, result } = decideJob({ current: JOB }, finish(3));
    expect(next).toEqual({ ...JOB, nextRunMs: T0 + 9, lastError: undefined, runs: 6, processed: 11 });
    expect(result.held).toBe(true);
  });

  it('records a run that failed, with at most 64 characters of its error', () => {
    const { next } = decideJob({ current: JOB }, finish(3, 'x'.repeat(65)));
    expect(next).toMatchObject({ lastError: 'x'.repeat(64), runs: 6, failures: 3 });
  });

  it('gives the lease back', () => {
    const { next, result } = decideJob({ current: JOB }, { ...base, kind: 'release-job', epoch: 3 });
    expect(next).toEqual({ ...JOB, leaseHolder: undefined });
    expect(result.held).toBe(false);
  });
});

describe('fencing', () => {
  const late: readonly JobCommand[] = [2, 4].flatMap((epoch): JobCommand[] => [
    { ...base, kind: 'extend-job', epoch },
    finish(epoch),
    { ...base, kind: 'release-job', epoch },
  ]);

  it.each(late)('refuses $kind of another epoch and changes nothing', (command) => {
    const { next, result } = decideJob({ current: JOB }, command);
    expect(next).toBe(JOB);
    expect(result).toEqual({ held: false, job: JOB });
  });

  it('refuses a holder that has given its lease back, and a job that is not there', () => {
    const released = { ...JOB, leaseHolder: undefined };
    expect(decideJob({ current: released }, finish(3)).result.held).toBe(false);
    expect(decideJob({ current: undefined }, finish(3))).toEqual({
      next: undefined,
      result: { held: false, job: undefined },
    });
  });

  it('is found in the table of rules', () => {
    expect(decide.job).toBe(decideJob);
  });
});
