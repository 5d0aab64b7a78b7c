import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/core/limits.ts';
import { decideSecret } from '../../../src/core/secrets/rules.ts';
import type { SecretAggregate, SecretCommandOf } from '../../../src/core/secrets/secrets.ts';
import {
  aCommand,
  aNewVersion,
  anAggregate,
  DAY_MS,
  decideOn,
  marks,
  outcome,
  REF,
  range,
  SECRET_ID,
  T0,
} from '../../support/builders.ts';

const NEW_KEY = 'key-of-the-blob';

function restore(backup: SecretAggregate, changes: Partial<SecretCommandOf<'restore-secret'>> = {}) {
  const versions = backup.versions.map(({ kind, expireTimeMs, number }) =>
    aNewVersion({ uid: `new-${number}`, kind, expireTimeMs, kmsKeyId: NEW_KEY }),
  );
  return aCommand('restore-secret', { backup, versions, nowMs: T0 + DAY_MS, ...changes });
}

const BACKUP = anAggregate({
  secret: { description: 'kept', revision: 9, lastVersionNumber: 8, updateTimeMs: T0 + 7 },
  versions: [2, 5, 7],
  stages: { SYSCURRENT: 7, SYSPREVIOUS: 5, blue: 2, green: 7 },
});

describe('restore-secret', () => {
  it('brings back id, name, times and everything that the creator chose', () => {
    const { next, result } = decideOn(undefined, restore(BACKUP));
    expect(next!.secret).toEqual({ ...BACKUP.secret, kmsKeyId: NEW_KEY, revision: 7_001 });
    expect(next!.secret.id).toBe(SECRET_ID);
    expect(result).toEqual({ secret: next!.secret });
  });

  it('brings back numbers, times and expiry of versions, with new uids under the key of the blob', () => {
    const expiring = {
      ...BACKUP,
      versions: BACKUP.versions.map((v) => ({ ...v, expireTimeMs: T0 + v.number })),
    };
    const { next } = decideOn(undefined, restore(expiring));
    expect(next!.versions).toEqual(
      expiring.versions.map((version, slot) => ({
        ...version,
        slot,
        uid: `new-${version.number}`,
        kmsKeyId: NEW_KEY,
      })),
    );
  });

  it('adds one sealed value for each version', () => {
    const command = restore(BACKUP);
    const { added } = decideOn(undefined, command);
    expect(added!.map(({ versionNumber }) => versionNumber)).toEqual([2, 5, 7]);
    expect(added!.map(({ sealed }) => sealed)).toEqual(command.versions.map(({ sealed }) => sealed));
  });

  it('brings back stages with their times, the built-in ones in their own places', () => {
    const { next } = decideOn(undefined, restore(BACKUP));
    expect(marks(next!)).toEqual(marks(BACKUP));
    expect(next!.stages).toEqual(BACKUP.stages);
  });

  it('keeps what else the aggregate holds', () => {
    const extended = { ...BACKUP, extra: ['of a later release'] } as SecretAggregate;
    expect(decideOn(undefined, restore(extended)).next).toMatchObject({ extra: ['of a later release'] });
  });

  it('takes project and name from the command', () => {
    const ref = { projectId: 'b'.repeat(32), name: 'other' };
    expect(decideOn(undefined, restore(BACKUP, { ref })).next!.secret).toMatchObject(ref);
  });

  it.each([
    [DEFAULT_LIMITS.secrets - 1, 'ok'],
    [DEFAULT_LIMITS.secrets, 'secret-limit'],
  ])('with %i secrets in the project ends %s', (secretsInProject, ends) => {
    expect(
      outcome(() => decideSecret({ current: undefined, secretsInProject, events: [] }, restore(BACKUP))),
    ).toBe(ends);
  });

  it.each([
    [6, 'ok'],
    [5, 'version-limit'],
  ])('of 6 versions with a limit of %i ends %s', (versions, ends) => {
    const backup = anAggregate({ versions: range(1, 6) });
    const limits = { ...DEFAULT_LIMITS, versions };
    expect(outcome(() => decideOn(undefined, restore(backup, { limits })))).toBe(ends);
  });

  it.each([
    [4, 'ok'],
    [3, 'stage-limit'],
  ])('of 2 stages beside the built-in ones with a limit of %i ends %s', (stages, ends) => {
    const limits = { ...DEFAULT_LIMITS, stages };
    expect(outcome(() => decideOn(undefined, restore(BACKUP, { limits })))).toBe(ends);
  });

  it('needs one value for each version', () => {
    expect(outcome(() => decideOn(undefined, restore(BACKUP, { versions: [aNewVersion()] })))).toBe(
      'internal',
    );
    expect(outcome(() => decideOn(undefined, restore(BACKUP, { versions: [] })))).toBe('internal');
  });

  it('refuses a subscription to an event that is gone', () => {
    const backup = anAggregate({ secret: { eventSubscriptions: ['gone'] } });
    expect(outcome(() => decideOn(undefined, restore(backup)))).toBe('invalid-parameter');
  });
});

describe('the next rotation of a restored secret', () => {
  const rotating = (nextRotationTimeMs: number | undefined) =>
    anAggregate({
      secret: {
        secretType: 'RDS-FG',
        rotationConfig: '{}',
        autoRotation: nextRotationTimeMs !== undefined,
        rotationPeriod: '1d',
        nextRotationTimeMs,
      },
    });
  const nowMs = T0 + DAY_MS;

  it.each([
    ['to come stays', nowMs + 1, nowMs + 1],
    ['due now counts from now', nowMs, nowMs + DAY_MS],
    ['overdue counts from now', T0, nowMs + DAY_MS],
    ['none stays none', undefined, undefined],
  ])('%s', (_, before, after) => {
    const { next } = decideOn(undefined, restore(rotating(before), { nowMs, ref: REF }));
    expect(next!.secret.nextRotationTimeMs).toBe(after);
  });
});
