import { describe, expect, it } from 'vitest';
import type { EventType, SecretEvent } from '../../../src/core/events/events.ts';
import {
  type DeliveryOutcome,
  decideNotification,
  type NotificationCommand,
  notificationsOf,
  RECORD_KEPT_MS,
} from '../../../src/core/events/notifications.ts';
import { smnMessage, smnStringToSign, topicProject } from '../../../src/core/events/smn.ts';
import type { Fact } from '../../../src/core/facts.ts';
import type { SecretAggregate, SecretCommand } from '../../../src/core/secrets/secrets.ts';
import {
  aCommand,
  aDraft,
  aNotification,
  anAggregate,
  anEvent,
  aSecret,
  DAY_MS,
  decideOn,
  SECRET_ID,
  T0,
} from '../../support/builders.ts';

const SUBSCRIBED = { secret: { eventSubscriptions: ['alarm'] } };
const pending = {
  ...SUBSCRIBED.secret,
  state: 'PENDING_DELETE',
  stateBeforeDeletion: 'ENABLED',
  scheduledDeleteTimeMs: T0,
} as const;

function told(current: SecretAggregate | undefined, command: SecretCommand, event = anEvent()) {
  return decideOn(current, command, [event]).notifications ?? [];
}

describe('a change of a subscribed secret', () => {
  const open = anAggregate(SUBSCRIBED);
  const expired = {
    ...open,
    versions: open.versions.map((version) => ({ ...version, expireTimeMs: T0 + 7 })),
  };
  const create = aCommand('create-secret', { draft: aDraft({ eventSubscriptions: ['alarm'] }) });
  const rows: readonly (readonly [string, SecretAggregate | undefined, SecretCommand, EventType[]])[] = [
    ['create-secret', undefined, create, ['SECRET_VERSION_CREATED']],
    ['add-version', open, aCommand('add-version'), ['SECRET_VERSION_CREATED']],
    ['delete-secret', open, aCommand('delete-secret'), ['SECRET_DELETED']],
    [
      'delete-secret while it waits',
      anAggregate({ secret: pending }),
      aCommand('delete-secret'),
      ['SECRET_DELETED'],
    ],
    ['purge-secret', anAggregate({ secret: pending }), aCommand('purge-secret'), ['SECRET_DELETED']],
    ['a purge that is not due', open, aCommand('purge-secret'), []],
    ['schedule-deletion', open, aCommand('schedule-deletion'), []],
    ['cancel-deletion', anAggregate({ secret: pending }), aCommand('cancel-deletion'), []],
    ['update-secret', open, aCommand('update-secret'), []],
    ['put-stage', open, aCommand('put-stage'), []],
    ['set-version-expiry', open, aCommand('set-version-expiry'), []],
    ['notify-expiry', expired, aCommand('notify-expiry'), ['SECRET_VERSION_EXPIRED']],
  ];

  it.each(rows)('%s', (_, current, command, types) => {
    expect(told(current, command).map(({ eventType }) => eventType)).toEqual(types);
  });

  it('names what it leads to in its result, and nothing else', () => {
    const { notifications, result } = decideOn(open, aCommand('delete-secret'), [anEvent()]);
    expect(notifications).toHaveLength(1);
    expect(result.notificationIds).toEqual(notifications?.map(({ id }) => id));
    expect(decideOn(open, aCommand('put-stage'), [anEvent()]).result).not.toHaveProperty('notificationIds');
  });

  it('tells nothing by a disabled event, and nothing that the event does not name', () => {
    const command = aCommand('add-version');
    expect(told(open, command, anEvent({ state: 'DISABLED' }))).toEqual([]);
    expect(told(open, command, anEvent({ types: ['SECRET_DELETED', 'SECRET_ROTATED'] }))).toEqual([]);
    expect(told(open, command, anEvent({ types: ['SECRET_VERSION_CREATED'] }))).toHaveLength(1);
  });

  it('tells nothing of a secret without a subscription', () => {
    expect(told(anAggregate(), aCommand('add-version'))).toEqual([]);
    expect(decideOn(anAggregate(), aCommand('delete-secret')).notifications).toBeUndefined();
  });
});

describe('a notification', () => {
  it('is all that delivery and the record need', () => {
    const [notification, ...rest] = told(anAggregate(SUBSCRIBED), aCommand('add-version', { nowMs: T0 + 9 }));
    expect(rest).toEqual([]);
    expect({ ...notification, content: JSON.parse(notification!.content) }).toEqual({
      ...aNotification({ createTimeMs: T0 + 9, nextAttemptMs: T0 + 9 }),
      content: {
        eventName: 'alarm',
        eventType: 'SECRET_VERSION_CREATED',
        eventTime: new Date(T0 + 9).toISOString(),
        data: {
          secretId: SECRET_ID,
          secretName: 'db-password',
          createTime: new Date(T0).toISOString(),
          updateTime: new Date(T0 + 9).toISOString(),
          versionId: 'v2',
        },
      },
    });
  });

  const contentOf = (fact: Fact) => {
    const [made] = notificationsOf({
      secret: aSecret({ eventSubscriptions: ['alarm'] }),
      events: [anEvent()],
      facts: [fact],
      nowMs: T0,
    });
    return Object.keys(JSON.parse(made!.content).data).slice(4);
  };
  const version = { ...anAggregate().versions[0]!, expireTimeMs: T0 + 1 };
  const failed = { kind: 'rotation-failed', code: 'c' } as const;

  it.each<readonly [Fact, readonly string[]]>([
    [{ kind: 'version-added', version, origin: 'caller' }, ['versionId']],
    [{ kind: 'secret-rotated', version }, ['versionId']],
    [{ kind: 'version-expired', version }, ['versionId', 'versionExpireTime']],
    [{ kind: 'secret-removed' }, []],
    [{ ...failed, version: undefined }, ['errorCode', 'errorMsg']],
    [{ ...failed, version }, ['versionId', 'errorCode', 'errorMsg']],
  ])('about %j has %j beside the secret', (fact, names) => {
    expect(contentOf(fact)).toEqual(names);
  });

  it.each<Fact>([
    { kind: 'version-added', version, origin: 'rotation' },
    { kind: 'version-added', version, origin: 'backup' },
    { kind: 'version-removed', version },
    { kind: 'version-changed', version, fields: ['expireTimeMs'] },
    { kind: 'stage-moved', name: 'blue', from: 1, to: 2 },
    { kind: 'secret-changed', fields: ['description'] },
    { kind: 'tags-changed', keys: ['k'] },
  ])('is not made of %j', (fact) => {
    const secret = aSecret({ eventSubscriptions: ['alarm'] });
    expect(notificationsOf({ secret, events: [anEvent()], facts: [fact], nowMs: T0 })).toEqual([]);
  });

  it('about a removed secret has an id of its own', () => {
    const open = anAggregate(SUBSCRIBED);
    const ids = [...told(open, aCommand('add-version')), ...told(open, aCommand('delete-secret'))];
    expect(ids.map(({ id }) => id)).toEqual([
      `${SECRET_ID}.2.SECRET_VERSION_CREATED`,
      `${SECRET_ID}.2.SECRET_DELETED`,
    ]);
  });
});

describe('the expiry of a version', () => {
  const due = (changes: Partial<SecretAggregate['versions'][number]> = {}, secret = SUBSCRIBED.secret) => {
    const current = anAggregate({ secret });
    const [version] = current.versions;
    return { ...current, versions: [{ ...version!, expireTimeMs: T0 + 1_000, ...changes }] };
  };
  const notify = aCommand('notify-expiry', { nowMs: T0 + 1_000 });

  it('is notified once, and marked so in the same decision', () => {
    const { next, notifications, result } = decideOn(due(), notify, [anEvent()]);
    expect(notifications).toHaveLength(1);
    expect(result).toEqual({ notified: true, notificationIds: notifications!.map(({ id }) => id) });
    expect(next?.versions[0]?.expiryNotified).toBe(true);
    expect(next?.secret).toEqual({ ...due().secret, revision: 2 });
    const again = decideOn(next, notify, [anEvent()]);
    expect([again.next === next, again.result, again.facts]).toEqual([true, { notified: false }, []]);
  });

  it('is notified again after every update, also to the same time', () => {
    const once = decideOn(due(), notify, [anEvent()]).next;
    const same = aCommand('set-version-expiry', { expireTimeMs: T0 + 1_000 });
    const { next } = decideOn(once, same, [anEvent()]);
    expect(next?.versions[0]?.expiryNotified).toBe(false);
    expect(told(next, notify)).toHaveLength(1);
  });

  const disabled = { ...SUBSCRIBED.secret, state: 'DISABLED' } as const;
  it.each<readonly [string, SecretAggregate, SecretCommand, readonly SecretEvent[]]>([
    ['a millisecond early', due({ expireTimeMs: T0 + 1_001 }), notify, [anEvent()]],
    ['without a time', due({ expireTimeMs: undefined }), notify, [anEvent()]],
    ['of another secret', due(), { ...notify, id: 'other' }, [anEvent()]],
    ['of a version that is gone', due(), { ...notify, versionNumber: 9 }, [anEvent()]],
    ['to a disabled event', due(), notify, [anEvent({ state: 'DISABLED' })]],
    ['to an event that is not told', due(), notify, [anEvent({ types: ['SECRET_DELETED'] })]],
    ['to nobody', due(), notify, []],
    ['of a secret that waits for deletion', due({}, pending as never), notify, [anEvent()]],
    ['of a disabled secret', due({}, disabled as never), notify, [anEvent()]],
  ])('is not told %s, and stays to be told', (_, current, command, events) => {
    const { next, facts } = decideOn(current, command, events);
    expect(next).toBe(current);
    expect(facts).toEqual([]);
  });
});

describe('settling a notification', () => {
  const settle = (outcome: DeliveryOutcome, attempts = 0): NotificationCommand => {
    const base = { aggregate: 'notification', ref: { id: 'id' }, nowMs: T0 } as const;
    return { ...base, kind: 'settle-notification', attempts, outcome };
  };

  it.each(['SUCCESS', 'FAIL', 'INVALID'] as const)('as %s is final', (status) => {
    const current = aNotification({ attempts: 2 });
    const { next, result } = decideNotification({ current }, settle({ status }, 2));
    expect(next).toEqual({ ...current, status, attempts: 3, nextAttemptMs: undefined });
    expect(result).toEqual({ changed: true });
    const later = decideNotification({ current: next }, settle({ status: 'FAIL' }, 3));
    expect([later.next === next, later.result]).toEqual([true, { changed: false }]);
  });

  it('as to be tried again keeps it waiting', () => {
    const current = aNotification();
    const { next } = decideNotification({ current }, settle({ status: 'RETRY', nextAttemptMs: T0 + 9 }));
    expect(next).toEqual({ ...current, attempts: 1, nextAttemptMs: T0 + 9 });
  });

  it.each([1, 3])('by an attempt other than the one under way (%i) changes nothing', (attempts) => {
    const current = aNotification({ attempts: 2 });
    const { next, result } = decideNotification({ current }, settle({ status: 'FAIL' }, attempts));
    expect([next === current, result.changed]).toEqual([true, false]);
  });

  it('that is gone changes nothing', () => {
    expect(decideNotification({ current: undefined }, settle({ status: 'FAIL' }))).toEqual({
      next: undefined,
      result: { changed: false },
    });
  });
});

describe('removing a record', () => {
  const remove: NotificationCommand = {
    aggregate: 'notification',
    kind: 'remove-notification',
    ref: { id: 'id' },
    nowMs: T0 + RECORD_KEPT_MS,
  };
  const record = { status: 'SUCCESS', nextAttemptMs: undefined } as const;

  it.each([
    [aNotification({ ...record, createTimeMs: T0 - 1 }), true],
    [aNotification({ ...record, createTimeMs: T0 }), false],
    [aNotification({ createTimeMs: T0 - DAY_MS }), false],
  ])('%j: %s', (current, isRemoved) => {
    const { next, result } = decideNotification({ current }, remove);
    expect([next === undefined, result.changed]).toEqual([isRemoved, isRemoved]);
  });

  it('never happens within three months, however long they are', () => {
    expect(RECORD_KEPT_MS).toBeGreaterThanOrEqual(92 * DAY_MS);
  });
});

describe('SMN’s envelope', () => {
  const message = smnMessage(aNotification({ createTimeMs: T0 + 999 }), 'a'.repeat(32));

  it('names type, topic and subject', () => {
    expect(message).toEqual({
      type: 'Notification',
      subject: 'CSMS SECRET_VERSION_CREATED',
      topic_urn: aNotification().targetId,
      message_id: 'a'.repeat(32),
      message: '{"eventName":"alarm"}',
      timestamp: '2023-11-14T22:13:20Z',
    });
  });

  it('is signed over names and values in their alphabetical order, each on a line', () => {
    expect(smnStringToSign(message)).toBe(
      `message\n{"eventName":"alarm"}\nmessage_id\n${'a'.repeat(32)}\nsubject\nCSMS SECRET_VERSION_CREATED\n` +
        `timestamp\n2023-11-14T22:13:20Z\ntopic_urn\n${aNotification().targetId}\ntype\nNotification\n`,
    );
  });

  it.each([
    ['urn:smn:local-1:abc:ops', 'abc'],
    ['urn:smn:local-1:ops', undefined],
    ['urn:smn:local-1:abc:ops:more', undefined],
    ['urn:smn::abc:ops', undefined],
    ['demo-smn-id', undefined],
    ['xurn:smn:local-1:abc:ops', undefined],
  ])('has topics of projects: %s is of %s', (urn, project) => {
    expect(topicProject(urn)).toBe(project);
  });
});
