import { describe, expect, it } from 'vitest';
import {
  decideGrant,
  type Grant,
  type GrantCommand,
  type Grantee,
  isInForce,
  parseValidity,
} from '../../../src/core/identity/grants.ts';
import type { SecretState } from '../../../src/core/secrets/secrets.ts';
import { aSecret, DAY_MS, outcome, REF, range, SECRET_ID, T0 } from '../../support/builders.ts';
import { createGrant, removeGrants, updateGrant } from '../../support/stores.ts';

const GRANT_REF = { projectId: REF.projectId, secretId: SECRET_ID };
const NOW = T0 + DAY_MS;
const user = (id: string): Grantee => ({ type: 'user', id });

function aGrant(changes: Partial<Grant> = {}): Grant {
  const times = { createTimeMs: T0, updateTimeMs: T0, expireTimeMs: undefined };
  return { ...GRANT_REF, id: 'grant-1', grantee: user('ann'), ...times, revision: 1, ...changes };
}

const create = (grantee: Grantee, expireTimeMs?: number) =>
  createGrant(GRANT_REF, '', { id: 'grant-9', grantee, expireTimeMs, nowMs: NOW });
const update = ({ id }: Grantee, expireTimeMs?: number) => updateGrant(GRANT_REF, id, expireTimeMs, NOW);
const remove = (granteeId?: string) => removeGrants(GRANT_REF, granteeId, NOW);
const decideOn = (grants: readonly Grant[], command: GrantCommand, secret = aSecret()) =>
  decideGrant({ secret, grants }, command);

describe('a grant', () => {
  it.each([
    [undefined, NOW, true],
    [NOW + 1, NOW, true],
    [NOW, NOW, false],
    [NOW - 1, NOW, false],
  ])('that ends at %s is in force at %s: %s', (expireTimeMs, nowMs, inForce) => {
    expect(isInForce(aGrant({ expireTimeMs }), nowMs)).toBe(inForce);
  });
});

describe('the end of a grant', () => {
  it.each([
    ['2030-01-31', Date.UTC(2030, 1, 1)],
    ['2029-12-31', Date.UTC(2030, 0, 1)],
    ['2028-02-29', Date.UTC(2028, 2, 1)],
    ['2030-01-31 12:34:56', Date.UTC(2030, 0, 31, 12, 34, 56)],
    ['2030-01-31T12:34:56', Date.UTC(2030, 0, 31, 12, 34, 56)],
    ['2030-01-31T12:34:56Z', Date.UTC(2030, 0, 31, 12, 34, 56)],
    ['2030-01-31 00:00:00', Date.UTC(2030, 0, 31)],
    ['2286-11-20 17:46:39', 9_999_999_999_000],
  ])('%s', (text, expected) => {
    expect(parseValidity(text)).toBe(expected);
  });

  it.each([
    '',
    '2030',
    '2030-1-1',
    '2030-02-30',
    '2029-02-29',
    '2030-13-01',
    '2030-00-10',
    '2030-01-31 24:00:00',
    '2030-01-31 12:60:00',
    '2030-01-31 12:34',
    '2030-01-31 12:34:56.789',
    '2030-01-31T12:34:56+01:00',
    ' 2030-01-31',
    '2030-01-31\n',
    '1893456000000',
    'tomorrow',
    '2286-11-20 17:46:40',
    '2999-12-31',
  ])('cannot be %j', (text) => {
    expect(outcome(() => parseValidity(text))).toBe('invalid-parameter');
  });
});

describe('creating a grant', () => {
  it('adds one beside the others', () => {
    const ann = aGrant();
    const { next, result } = decideOn([ann], create(user('bob'), NOW + 1));
    const grant = {
      ...GRANT_REF,
      id: 'grant-9',
      grantee: user('bob'),
      createTimeMs: NOW,
      updateTimeMs: NOW,
      expireTimeMs: NOW + 1,
      revision: 1,
    };
    expect(result).toEqual({ grant });
    expect(next).toEqual([ann, grant]);
    expect(next[0]).toBe(ann);
  });

  it('gives a present one the new end and keeps the rest of it', () => {
    const held = aGrant({ expireTimeMs: NOW + 5, revision: 3 });
    const { next, result } = decideOn([held], create(user('ann')));
    expect(next).toEqual([{ ...held, updateTimeMs: NOW, expireTimeMs: undefined, revision: 4 }]);
    expect(result.grant).toBe(next[0]);
  });

  it('distinguishes a user and a group of one id', () => {
    const group = { type: 'group', id: 'ann' } as const;
    expect(decideOn([aGrant()], create(group)).next.map(({ grantee }) => grantee)).toEqual([
      user('ann'),
      group,
    ]);
  });

  it.each([
    [NOW + 1, 'ok'],
    [NOW, 'invalid-parameter'],
    [0, 'invalid-parameter'],
  ])('that ends at %i: %s', (expireTimeMs, ends) => {
    expect(outcome(() => decideOn([], create(user('bob'), expireTimeMs)))).toBe(ends);
    expect(outcome(() => decideOn([aGrant()], update(user('ann'), expireTimeMs)))).toBe(ends);
  });

  it.each([
    [99, 'ok'],
    [100, 'grant-limit'],
  ])('beside %i that are in force: %s', (present, ends) => {
    const grants = range(1, present).map((n) => aGrant({ id: `g${n}`, grantee: user(`u${n}`) }));
    const expired = aGrant({ id: 'old', grantee: user('old'), expireTimeMs: NOW });
    expect(outcome(() => decideOn([...grants, expired], create(user('bob'))))).toBe(ends);
    expect(outcome(() => decideOn(grants, create(user('u1'))))).toBe('ok');
  });
});

describe('updating a grant', () => {
  it('changes its end and nothing else', () => {
    const [ann, bob] = [aGrant(), aGrant({ id: 'grant-2', grantee: user('bob') })];
    const { next, result } = decideOn([ann, bob], update(user('bob'), NOW + 9));
    expect(next).toEqual([ann, { ...bob, updateTimeMs: NOW, expireTimeMs: NOW + 9, revision: 2 }]);
    expect(result.grant).toBe(next[1]);
  });

  it('never lets its time of change go back', () => {
    const held = aGrant({ updateTimeMs: NOW + 500 });
    expect(decideOn([held], update(user('ann'))).next[0]?.updateTimeMs).toBe(NOW + 500);
  });

  it.each([
    ['that is not there', aGrant({ grantee: user('bob') })],
    ['of a group', aGrant({ grantee: { type: 'group', id: 'ann' } })],
    ['that has expired', aGrant({ expireTimeMs: NOW })],
  ])('finds none %s', (_, held) => {
    expect(outcome(() => decideOn([held], update(user('ann'))))).toBe('resource-not-found');
  });
});

describe('removing grants', () => {
  const [ann, bob] = [aGrant(), aGrant({ id: 'grant-2', grantee: user('bob') })];
  const group = aGrant({ id: 'grant-3', grantee: { type: 'group', id: 'ann' } });

  it('takes one grantee’s away, or everyone’s', () => {
    expect(decideOn([ann, bob, group], remove('ann'))).toEqual({ next: [bob], dropped: [], result: {} });
    expect(decideOn([ann, bob, group], remove())).toEqual({ next: [], dropped: [], result: {} });
    expect(decideOn([], remove())).toEqual({ next: [], dropped: [], result: {} });
  });

  it('finds none of someone without', () => {
    expect(outcome(() => decideOn([ann], remove('bob')))).toBe('resource-not-found');
    expect(outcome(() => decideOn([aGrant({ expireTimeMs: NOW })], remove('ann')))).toBe(
      'resource-not-found',
    );
  });
});

describe('which state of the secret allows which command', () => {
  const rows: Readonly<Record<SecretState, readonly [string, string, string]>> = {
    ENABLED: ['ok', 'ok', 'ok'],
    DISABLED: ['ok', 'ok', 'ok'],
    PENDING_DELETE: ['secret-pending-deletion', 'secret-pending-deletion', 'ok'],
    FROZEN: ['secret-not-enabled', 'secret-not-enabled', 'ok'],
  };

  it.each(Object.entries(rows))('%s', (state, ends) => {
    const secret = aSecret({ state: state as SecretState });
    const commands = [create(user('bob')), update(user('ann')), remove('ann')];
    expect(commands.map((command) => outcome(() => decideOn([aGrant()], command, secret)))).toEqual(ends);
  });

  it.each([create(user('bob')), update(user('ann')), remove(), remove('ann')])(
    'without a secret there is nothing: $kind',
    (command) => {
      expect(outcome(() => decideGrant({ secret: undefined, grants: [] }, command))).toBe(
        'resource-not-found',
      );
    },
  );
});
