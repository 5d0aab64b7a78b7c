import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/core/limits.ts';
import { decideSecret } from '../../../src/core/secrets/rules.ts';
import type { Secret, SecretCommand, SecretState, SecretUpdate } from '../../../src/core/secrets/secrets.ts';
import {
  aCommand,
  aDraft,
  aNewVersion,
  anAggregate,
  aSecret,
  aVersion,
  COMMAND_KINDS,
  DAY_MS,
  decideOn,
  evolve,
  KEY_ID,
  outcome,
  T0,
} from '../../support/builders.ts';

const schedule = aCommand('schedule-deletion', { nowMs: T0 });

describe('which state allows which command', () => {
  const rows: Record<SecretCommand['kind'], readonly [string, string, string, string]> = {
    //                      ENABLED                   DISABLED                  PENDING_DELETE             FROZEN
    'create-secret': ['secret-exists', 'secret-exists', 'secret-exists', 'secret-exists'],
    'restore-secret': ['secret-exists', 'secret-exists', 'secret-exists', 'secret-exists'],
    'update-secret': ['ok', 'ok', 'secret-pending-deletion', 'secret-not-enabled'],
    'delete-secret': ['ok', 'ok', 'ok', 'ok'],
    'schedule-deletion': ['ok', 'ok', 'deletion-already-scheduled', 'secret-not-enabled'],
    'cancel-deletion': ['deletion-not-scheduled', 'deletion-not-scheduled', 'ok', 'deletion-not-scheduled'],
    'purge-secret': ['ok', 'ok', 'ok', 'ok'],
    'add-version': ['ok', 'secret-not-enabled', 'secret-not-enabled', 'secret-not-enabled'],
    'set-version-expiry': ['ok', 'secret-not-enabled', 'secret-not-enabled', 'secret-not-enabled'],
    'notify-expiry': ['ok', 'ok', 'ok', 'ok'],
    'put-stage': ['ok', 'ok', 'secret-pending-deletion', 'secret-not-enabled'],
    'remove-stage': ['ok', 'ok', 'secret-pending-deletion', 'secret-not-enabled'],
    'put-tags': ['ok', 'ok', 'secret-pending-deletion', 'secret-not-enabled'],
    'remove-tags': ['ok', 'ok', 'secret-pending-deletion', 'secret-not-enabled'],
  };
  const states: readonly SecretState[] = ['ENABLED', 'DISABLED', 'PENDING_DELETE', 'FROZEN'];
  const cases = COMMAND_KINDS.flatMap((kind) =>
    states.map((state, column) => ({ kind, state, ends: rows[kind][column] })),
  );

  it.each(cases)('$kind while $state ends $ends', ({ kind, state, ends }) => {
    const pending = state === 'PENDING_DELETE';
    const secret: Partial<Secret> = {
      state,
      stateBeforeDeletion: pending ? 'ENABLED' : undefined,
      scheduledDeleteTimeMs: pending ? T0 + 7 * DAY_MS : undefined,
    };
    const current = anAggregate({ secret, stages: { SYSCURRENT: 1, blue: 1 } });
    expect(outcome(() => decideOn(current, aCommand(kind)))).toBe(ends);
  });

  it.each(COMMAND_KINDS)('%s without a secret is refused, unless it creates one', (kind) => {
    const ends = kind === 'create-secret' || kind === 'restore-secret' ? 'ok' : 'secret-not-found';
    expect(outcome(() => decideOn(undefined, aCommand(kind)))).toBe(ends);
  });

  it('is refused when nobody knows the command', () => {
    const unknown = { ...aCommand('delete-secret'), kind: 'nonsense' } as unknown as SecretCommand;
    expect(() => decideOn(anAggregate(), unknown)).toThrow('unknown command nonsense');
  });
});

describe('what a command answers', () => {
  const parts: Record<SecretCommand['kind'], readonly string[]> = {
    'create-secret': ['secret'],
    'restore-secret': ['secret'],
    'update-secret': ['secret'],
    'delete-secret': [],
    'schedule-deletion': ['secret'],
    'cancel-deletion': ['secret'],
    'purge-secret': ['removed'],
    'add-version': ['version'],
    'set-version-expiry': ['version'],
    'notify-expiry': ['notified'],
    'put-stage': ['stage'],
    'remove-stage': ['stage'],
    'put-tags': ['secret'],
    'remove-tags': ['secret'],
  };

  it.each(COMMAND_KINDS)('%s: the part that it was about, and no other', (kind) => {
    const open = anAggregate({ stages: { SYSCURRENT: 1, blue: 1 } });
    const before = {
      'create-secret': undefined,
      'restore-secret': undefined,
      'cancel-deletion': evolve(open, schedule),
    };
    const current = kind in before ? before[kind as keyof typeof before] : open;
    expect(Object.keys(decideOn(current, aCommand(kind)).result)).toEqual(parts[kind]);
  });
});

describe('update_time', () => {
  const updateTimeMs = T0 + 500;
  const open = anAggregate({ secret: { updateTimeMs } });
  const closed = evolve(anAggregate(), schedule);
  const pending = { ...closed, secret: { ...closed.secret, updateTimeMs } };
  const changes = [
    { kind: 'update-secret', current: open },
    { kind: 'schedule-deletion', current: open },
    { kind: 'cancel-deletion', current: pending },
    { kind: 'add-version', current: open },
  ] as const;
  const times = [
    { nowMs: 0, after: updateTimeMs },
    { nowMs: updateTimeMs - 1, after: updateTimeMs },
    { nowMs: updateTimeMs, after: updateTimeMs },
    { nowMs: updateTimeMs + 1, after: updateTimeMs + 1 },
  ];

  it.each(changes.flatMap((change) => times.map((time) => ({ ...change, ...time }))))(
    `$kind at $nowMs makes it $after, when it was ${updateTimeMs}`,
    ({ kind, current, nowMs, after }) => {
      expect(evolve(current, aCommand(kind, { nowMs })).secret.updateTimeMs).toBe(after);
    },
  );

  it.each(['set-version-expiry', 'put-stage', 'remove-stage'] as const)('%s leaves it alone', (kind) => {
    const current = anAggregate({ secret: { updateTimeMs }, stages: { SYSCURRENT: 1, blue: 1 } });
    const next = evolve(current, aCommand(kind, { nowMs: updateTimeMs + 1 }));
    expect(next.secret.updateTimeMs).toBe(updateTimeMs);
  });
});

describe('creating a secret', () => {
  it('makes an enabled secret with version v1, which carries SYSCURRENT', () => {
    const draft = aDraft({ description: 'd', enterpriseProjectId: 'e', rotationFuncUrn: 'urn' });
    const version = aNewVersion({ kind: 'binary', expireTimeMs: undefined });
    const { next, added, result } = decideOn(
      undefined,
      aCommand('create-secret', { draft, version, nowMs: T0 }),
    );
    expect(next!.secret).toEqual(aSecret(draft));
    expect(next!.versions).toEqual([aVersion({ uid: version.uid, kind: 'binary', createTimeMs: T0 })]);
    expect(next!.stages).toEqual([{ name: 'SYSCURRENT', versionNumber: 1, updateTimeMs: T0, slot: 0 }]);
    expect(added).toEqual([{ versionNumber: 1, sealed: version.sealed }]);
    expect(result).toEqual({ secret: next!.secret });
  });

  it.each([
    { held: 0, most: 1, ends: 'ok' },
    { held: 1, most: 1, ends: 'secret-limit' },
    { held: 4_999, most: 5_000, ends: 'ok' },
    { held: 5_000, most: 5_000, ends: 'secret-limit' },
    { held: 5_001, most: 5_000, ends: 'secret-limit' },
  ])('in a project that holds $held of $most ends $ends', ({ held, most, ends }) => {
    const command = aCommand('create-secret', { limits: { ...DEFAULT_LIMITS, secrets: most } });
    expect(
      outcome(() => decideSecret({ current: undefined, secretsInProject: held, events: [] }, command)),
    ).toBe(ends);
  });

  it.each([
    { draft: aDraft({ autoRotation: true, rotationPeriod: '6h' }), why: 'COMMON rotates' },
    { draft: aDraft({ rotationPeriod: '5h' }), why: 'the period is too short' },
    { draft: aDraft({ secretType: 'RDS-FG' }), why: 'RDS-FG has no rotation_config' },
    { draft: aDraft({ eventSubscriptions: ['none-such'] }), why: 'the event does not exist' },
  ])('is refused when $why', ({ draft }) => {
    expect(outcome(() => decideOn(undefined, aCommand('create-secret', { draft })))).toBe(
      'invalid-parameter',
    );
  });

  it('starts the clock of automatic rotation', () => {
    const draft = aDraft({
      secretType: 'RDS-FG',
      autoRotation: true,
      rotationPeriod: '6h',
      rotationConfig: '{}',
    });
    const { secret } = evolve(undefined, aCommand('create-secret', { draft, nowMs: T0 }));
    expect(secret.nextRotationTimeMs).toBe(T0 + 6 * 3_600_000);
    expect(secret.rotationTimeMs).toBeUndefined();
  });
});

describe('updating a secret', () => {
  const current = anAggregate({
    secret: { description: 'before', secretType: 'RDS-FG', rotationPeriod: '1d', rotationConfig: '{}' },
  });
  const update = (changes: SecretUpdate) => aCommand('update-secret', { update: changes, nowMs: T0 + 60 });

  it('with nothing leaves everything as it is, the revision included', () => {
    const { next, result } = decideOn(current, update({}));
    expect(next).toBe(current);
    expect(result.secret).toBe(current.secret);
  });

  it.each([
    { kmsKeyId: 'another-key' },
    { description: 'after' },
    { description: '' },
    { rotationPeriod: '2d' },
    { rotationFuncUrn: 'urn' },
    { eventSubscriptions: [] },
  ] as const)('with %j changes that, the time and the revision only', (changes) => {
    const { next, result } = decideOn(current, update(changes));
    const secret = {
      ...current.secret,
      ...changes,
      updateTimeMs: T0 + 60,
      revision: current.secret.revision + 1,
    };
    expect(next).toEqual({ ...current, secret });
    expect(result).toEqual({ secret });
  });

  it('with another key leaves the versions under the one that sealed them', () => {
    const next = evolve(
      current,
      update({ kmsKeyId: 'k2' }),
      aCommand('add-version', { version: aNewVersion({ kmsKeyId: 'k2' }) }),
    );
    expect(next.versions.map((version) => version.kmsKeyId)).toEqual([KEY_ID, 'k2']);
  });

  it.each([
    { on: current, changes: { rotationPeriod: '5h' }, why: 'the period is too short' },
    { on: current, changes: { eventSubscriptions: ['none-such'] }, why: 'the event does not exist' },
    { on: anAggregate(), changes: { autoRotation: true, rotationPeriod: '6h' }, why: 'COMMON rotates' },
    {
      on: anAggregate({ secret: { secretType: 'RDS-FG', rotationConfig: '{}' } }),
      changes: { autoRotation: true },
      why: 'there is no period',
    },
  ])('is refused when $why', ({ on, changes }) => {
    expect(outcome(() => decideOn(on, update(changes)))).toBe('invalid-parameter');
  });

  describe('of automatic rotation', () => {
    const rotating = { ...current.secret, autoRotation: true, nextRotationTimeMs: T0 + DAY_MS };

    it.each<[string, Partial<Secret>, SecretUpdate, number | undefined]>([
      ['switched on, it counts from now', {}, { autoRotation: true }, T0 + 60 + DAY_MS],
      [
        'switched on after a rotation, it counts from that',
        { rotationTimeMs: T0 + 20 },
        { autoRotation: true },
        T0 + 20 + DAY_MS,
      ],
      ['switched off, nothing is due', rotating, { autoRotation: false }, undefined],
      [
        'with another period, the time follows',
        { ...rotating, rotationTimeMs: T0 },
        { rotationPeriod: '2d' },
        T0 + 2 * DAY_MS,
      ],
      ['not touched, the time stays', rotating, { description: 'd' }, T0 + DAY_MS],
      ['said again to be on, the time stays', rotating, { autoRotation: true }, T0 + DAY_MS],
      ['with the same period again, the time stays', rotating, { rotationPeriod: '1d' }, T0 + DAY_MS],
      [
        'with the same period in other words, the time stays',
        rotating,
        { rotationPeriod: '24h' },
        T0 + DAY_MS,
      ],
      [
        'with both said again, the time stays, wherever it came from',
        { ...rotating, rotationTimeMs: T0 - 7 },
        { autoRotation: true, rotationPeriod: '1d', description: 'd' },
        T0 + DAY_MS,
      ],
      [
        'with another period before the first rotation, it counts from now',
        rotating,
        { autoRotation: true, rotationPeriod: '2d' },
        T0 + 60 + 2 * DAY_MS,
      ],
      [
        'switched on with another period after a rotation, it counts from that',
        { rotationTimeMs: T0 + 20 },
        { autoRotation: true, rotationPeriod: '2d' },
        T0 + 20 + 2 * DAY_MS,
      ],
      [
        'switched off with another period, nothing is due',
        { ...rotating, rotationTimeMs: T0 },
        { autoRotation: false, rotationPeriod: '2d' },
        undefined,
      ],
      [
        'off all the time, another period makes nothing due',
        { rotationTimeMs: T0 },
        { rotationPeriod: '2d' },
        undefined,
      ],
    ])('%s', (_, secret, changes, next) => {
      const before = { ...current, secret: { ...current.secret, ...secret } };
      expect(evolve(before, update(changes)).secret.nextRotationTimeMs).toBe(next);
    });

    it('said to be on every hour, comes anyway', () => {
      const hourly = Array.from({ length: 24 }, (_, hour) =>
        aCommand('update-secret', {
          update: { autoRotation: true, rotationPeriod: '1d' },
          nowMs: T0 + hour * 3_600_000,
        }),
      );
      expect(evolve(current, ...hourly).secret.nextRotationTimeMs).toBe(T0 + DAY_MS);
    });
  });
});
