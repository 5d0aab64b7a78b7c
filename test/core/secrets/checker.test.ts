import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import {
  type CheckerCommand,
  type CheckerConfig,
  decideChecker,
  requireStrongValue,
} from '../../../src/core/secrets/checker.ts';
import { outcome, REF, T0 } from '../../support/builders.ts';

const { projectId } = REF;
const set = (checksStrength: boolean, nowMs = T0 + 5): CheckerCommand => ({
  aggregate: 'checker',
  kind: 'set-strength-check',
  ref: { projectId },
  checksStrength,
  nowMs,
});
const config = (changes: Partial<CheckerConfig> = {}): CheckerConfig => ({
  projectId,
  checksStrength: true,
  updateTimeMs: T0,
  revision: 3,
  ...changes,
});

describe('set-strength-check', () => {
  it.each([true, false])('makes the first choice of a project: %s', (checksStrength) => {
    const { next, result } = decideChecker({ current: undefined }, set(checksStrength));
    expect(next).toEqual({ projectId, checksStrength, updateTimeMs: T0 + 5, revision: 1 });
    expect(result).toBe(next);
  });

  it('leaves the same choice as it is', () => {
    const current = config();
    expect(decideChecker({ current }, set(true))).toEqual({ next: current, result: current });
    expect(decideChecker({ current }, set(true)).next).toBe(current);
  });

  it('never dates a change before the last one', () => {
    expect(decideChecker({ current: config() }, set(false, T0 - 1)).next.updateTimeMs).toBe(T0);
  });
});

describe('requireStrongValue', () => {
  const check = (text: string, kind: 'string' | 'binary' = 'string') =>
    outcome(() => requireStrongValue({ kind, bytes: Buffer.from(text) }));

  it.each([
    ['a strong text', 'gX4kW9bZ2fM7tQ5h'],
    ['a medium text', 'gX4kW9bZ'],
    ['an object with a strong password', '{"username":"root","password":"gX4kW9bZ2fM7tQ5h"}'],
    ['an object without a password', '{"a":"b"}'],
    ['a password that is no text', '{"password":12345678901}'],
    ['a broken object that is strong as text', '{"password":"gX4kW9bZ2fM7tQ5h"'],
  ])('accepts %s', (_, text) => {
    expect(check(text)).toBe('ok');
  });

  it.each([
    ['a weak text', 'password'],
    ['an object with a weak password', '{"username":"gX4kW9bZ2fM7tQ5h","password":"123456"}'],
    ['blanks in front of an object', ' \n{"db_pwd":"secret"}'],
    ['one of two passwords', '{"Password":"gX4kW9bZ2fM7tQ5h","passphrase":"letmein"}'],
    ['a list', '[]'],
  ])('refuses %s', (_, text) => {
    expect(check(text)).toBe('invalid-parameter');
  });

  it('does not judge bytes', () => {
    expect(check('AAAA', 'binary')).toBe('ok');
  });

  it('says why, each reason once, and never what', () => {
    const text = '{"password":"hunter2","passwd":"hunter3"}';
    expect(() => requireStrongValue({ kind: 'string', bytes: Buffer.from(text) })).toThrow(
      /^secret_string is too weak for this project: it is too short, it is a common password\.$/,
    );
  });
});
