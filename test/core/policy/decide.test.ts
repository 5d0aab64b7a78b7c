import { describe, expect, it } from 'vitest';
import { ACTIONS } from '../../../src/core/policy/actions.ts';
import { BUILT_IN_DOCUMENTS } from '../../../src/core/policy/built-in.ts';
import { decide, explain, isOpenFor, settle } from '../../../src/core/policy/decide.ts';
import type { FoundResource } from '../../../src/core/policy/open-facts.ts';
import { type AttachedPolicy, createPolicies } from '../../../src/core/policy/policies.ts';
import { type Ask, decided, foundSecret, outcome, policiesOf, questionOf, type Short } from './questions.ts';

/** A variable of a policy. */
const variable = (text: string) => `\${${text}}`;
const TEAM_A = { Condition: { StringEquals: { 'g:ResourceTag/team': 'a' } } };
const NAMED_DB = { Resource: 'csms:*:*:secretName:db' };
const FAILING = { Condition: { StringEquals: { 'g:UserName': 'bob' } } };
const deny = (statement: Short): Short => ({ ...statement, Effect: 'Deny' });
const tagged = (team: string) => foundSecret({ tags: [{ key: 'team', value: team }] });

/** The decision once the resource is found, across a copy to another thread. */
function settled(
  statements: readonly Short[],
  found: FoundResource | undefined,
  ask: Ask = {},
): boolean | string {
  const decision = decide(policiesOf(statements), questionOf(ask));
  return decision.kind === 'open' ? settle(structuredClone(decision.rest), found) : outcome(decision);
}

describe('a decision', () => {
  it.each<[string, readonly Short[], string]>([
    ['nothing', [], 'denied'],
    ['an Allow', [{}], 'allowed'],
    ['an Allow of another action', [{ Action: 'kms:*:*' }], 'denied'],
    ['a Deny after an Allow', [{}, deny({})], 'explicit'],
    ['a Deny alone', [deny({})], 'explicit'],
    ['a Deny of another action', [{}, deny({ Action: 'kms:*:*' })], 'allowed'],
    ['a Deny under a condition that fails', [{}, deny(FAILING)], 'allowed'],
    ['an Allow that depends', [TEAM_A], 'open'],
    ['a Deny that depends', [{}, deny(TEAM_A)], 'open'],
    ['a Deny that depends, without any Allow', [deny(TEAM_A)], 'denied'],
    ['an Allow that depends beside another', [TEAM_A, {}], 'allowed'],
    ['a Deny beside one that depends', [{}, deny(TEAM_A), deny({})], 'explicit'],
  ])('by %s: %s', (_, statements, wanted) => {
    expect(decided(statements)).toBe(wanted);
  });

  it.each<[boolean, string, readonly Short[], Partial<AttachedPolicy>?]>([
    [true, 'an Allow without bounds', [{}]],
    [true, 'one of all resources', [{ Resource: '*' }]],
    [true, 'one beside others', [TEAM_A, {}, NAMED_DB]],
    [true, 'one beside a Deny of another action', [{}, deny({ Action: 'kms:*:*' })]],
    [false, 'nothing', []],
    [false, 'a Deny, whatever its bounds', [{}, deny(TEAM_A)]],
    [false, 'a condition, whatever it is about', [FAILING]],
    [false, 'a resource', [NAMED_DB]],
    [false, 'every resource but one', [{ NotResource: '*' }]],
    [false, 'a policy of one project', [{}], { projectIds: new Set(['p1']) }],
    [false, 'a policy of one enterprise project', [{}], { enterpriseProjectIds: ['0'] }],
  ])('needs no request: %s, by %s', (isAlwaysAllowed, _, statements, scope = {}) => {
    const about = policiesOf(statements, scope).about(questionOf({}).action);
    expect(about.isAlwaysAllowed).toBe(isAlwaysAllowed);
  });

  it('by a policy that counts in some projects, in these and outside of any', () => {
    const policies = policiesOf([{}], { projectIds: new Set(['p1']) });
    const asked = (projectId: string | undefined) => outcome(decide(policies, questionOf({ projectId })));
    expect([asked('p1'), asked('p2'), asked(undefined)]).toEqual(['allowed', 'denied', 'allowed']);
  });

  it('by a policy for some enterprise projects', () => {
    for (const [effect, whenIn] of [
      ['Allow', true],
      ['Deny', false],
    ] as const) {
      const scoped = { via: 'user', name: 's', enterpriseProjectIds: ['e1'] } as const;
      const all = { via: 'user', name: 'p' } as const;
      const policies = createPolicies([
        ...(effect === 'Deny' ? [{ ...all, document: documentOf('Allow') }] : []),
        { ...scoped, document: documentOf(effect) },
      ]);
      const decision = decide(policies, questionOf());
      const inside =
        decision.kind === 'open' && settle(decision.rest, foundSecret({ enterpriseProjectId: 'e1' }));
      const outside =
        decision.kind === 'open' && settle(decision.rest, foundSecret({ enterpriseProjectId: 'e2' }));
      expect([decision.kind, inside, outside]).toEqual(['open', whenIn, !whenIn]);
      // An action without an enterprise project is outside of all.
      const without = questionOf({ action: 'csms::listTasks' });
      expect(outcome(decide(policies, without))).toBe(effect === 'Deny' ? 'allowed' : 'denied');
    }
  });
});

describe('what is open', () => {
  it.each<[string, readonly Short[], FoundResource | undefined, Ask, boolean | string]>([
    ['an Allow that fits', [TEAM_A], tagged('a'), {}, true],
    ['an Allow that does not', [TEAM_A], tagged('b'), {}, false],
    ['an Allow without a resource', [TEAM_A], undefined, {}, false],
    ['an Allow without tags read', [TEAM_A], foundSecret({ tags: undefined }), {}, false],
    ['a Deny that fits', [{}, deny(TEAM_A)], tagged('a'), {}, false],
    ['a Deny that does not', [{}, deny(TEAM_A)], tagged('b'), {}, true],
    ['a Deny without a resource', [{}, deny(TEAM_A)], undefined, {}, false],
    ['a Deny without tags read', [{}, deny(TEAM_A)], foundSecret({ tags: undefined }), {}, false],
    ['both', [TEAM_A, deny(NAMED_DB)], tagged('a'), { path: undefined }, false],
    ['the path', [NAMED_DB], tagged('a'), { path: undefined }, true],
    ['another path', [NAMED_DB], { ...tagged('a'), path: 'web' }, { path: undefined }, false],
    ['a path that is none', [NAMED_DB], undefined, { path: undefined }, false],
    ['a path that is excluded', [{ NotResource: NAMED_DB.Resource }], undefined, { path: undefined }, false],
    ['one of two Allows', [NAMED_DB, TEAM_A], { ...tagged('a'), path: 'web' }, { path: undefined }, true],
    [
      'a variable',
      [{ Resource: `csms:*:*:secretName:${variable('g:ResourceTag/team')}` }],
      { ...tagged('db') },
      {},
      true,
    ],
    [
      'the version that latest is',
      [{ Condition: { StringEquals: { 'csms:VersionId': 'v3' } } }],
      { ...tagged('a'), version: 3 },
      { action: 'csms:secret:getVersion', versionId: 'latest' },
      true,
    ],
    [
      'the version that nobody found',
      [{}, deny({ Condition: { StringEquals: { 'csms:VersionId': 'v3' } } })],
      tagged('a'),
      { action: 'csms:secret:getVersion', versionId: 'latest' },
      false,
    ],
    [
      'the aliases of a key',
      [{ Condition: { 'ForAllValues:StringMatch': { 'kms:ResourceAliases': 'alias/app-*' } } }],
      { path: 'k1', attributes: { enterpriseProjectId: '0', tags: [], aliases: ['app-1', 'alias/app-2'] } },
      { action: 'kms:cmk:encryptData', path: undefined },
      true,
    ],
    [
      'what every key is',
      [
        {
          Condition: {
            StringEquals: {
              'kms:KeySpec': 'AES_256',
              'kms:KeyOrigin': 'kms',
              'kms:KeyUsage': 'ENCRYPT_DECRYPT',
            },
          },
        },
      ],
      { path: 'k1', attributes: { enterpriseProjectId: '0' } },
      { action: 'kms:cmk:get', path: 'k1' },
      true,
    ],
    [
      'with what the request says',
      [{ Condition: { StringEquals: { 'g:ResourceTag/team': 'a', 'csms:KmsKeyId': 'k1' } } }],
      tagged('a'),
      { action: 'csms:secret:update', kmsKeyId: 'k1' },
      true,
    ],
    [
      'with what the request does not say',
      [{ Condition: { StringEquals: { 'g:ResourceTag/team': variable('csms:KmsKeyId') } } }],
      tagged('a'),
      { action: 'csms:secret:update' },
      false,
    ],
  ])('is settled: %s', (_, statements, found, ask, wanted) => {
    expect(settled(statements, found, ask)).toBe(wanted);
  });

  it('has no more than the statements that are open, and the facts that they use', () => {
    const open = {
      Condition: {
        StringEquals: { 'g:ResourceTag/team': variable('g:UserName') },
        Bool: { 'g:SecureTransport': 'true' },
      },
    };
    const decision = decide(policiesOf([open, NAMED_DB, FAILING, deny(TEAM_A)]), questionOf());
    expect(decision).toMatchObject({
      kind: 'open',
      rest: { isAllowed: true, path: 'db', statements: [{ effect: 'Deny' }], values: {} },
    });
    const other = decide(policiesOf([open]), questionOf());
    expect(other).toMatchObject({ rest: { values: { 'g:username': 'ann' } } });
  });
});

describe('a grant', () => {
  const asked = (statements: readonly Short[]) =>
    decide(policiesOf(statements), questionOf({ isGranted: true }));

  it('allows what nothing denies', () => {
    expect(outcome(asked([]))).toBe('allowed');
    expect(outcome(asked([deny({})]))).toBe('explicit');
    const open = asked([deny(TEAM_A)]);
    expect(
      open.kind === 'open' && [tagged('a'), tagged('b'), undefined].map((found) => settle(open.rest, found)),
    ).toEqual([false, true, false]);
  });
});

describe('a list or a batch', () => {
  const isOpen = (statements: readonly Short[], ask: Ask = {}) =>
    isOpenFor(policiesOf(statements), questionOf({ action: 'csms:secret:list', path: undefined, ...ask }));
  const scoped = { Condition: { StringEquals: { 'g:EnterpriseProjectId': 'e1' } } };

  it.each<[string, readonly Short[], boolean, Ask?]>([
    ['nothing', [], false],
    ['an Allow', [{}], true],
    ['an Allow of some', [NAMED_DB], true],
    ['an Allow whose condition fails', [FAILING], false],
    ['an Allow that depends on the rows', [scoped], true],
    ['an Allow by what rows do not have', [TEAM_A], false],
    ['a Deny of some', [{}, deny(NAMED_DB)], true],
    ['a Deny of all', [{}, deny({ Resource: ['a:b:c:d:e', '*'] })], false],
    ['a Deny of all by another pattern', [{}, deny({ Resource: 'csms:*:*:*:*' })], true],
    ['a Deny of all but some', [{}, deny({ NotResource: NAMED_DB.Resource })], true],
    ['a Deny that depends on the rows', [{}, deny(scoped)], true],
    ['a Deny whose condition fails', [{}, deny(FAILING)], true],
    [
      'what the items differ by',
      [{ Condition: { StringEquals: { 'csms:Type': 'RDS-FG' } } }],
      true,
      { action: 'csms:secret:create' },
    ],
    ['a grant', [], true, { isGranted: true }],
    ['a grant and a Deny', [deny({})], false, { isGranted: true }],
  ])('is begun: %s: %s', (_, statements, wanted, ask) => {
    expect(isOpen(statements, ask)).toBe(wanted);
  });
});

describe('an explanation', () => {
  it('says of each statement why it does not match, and which one decided', () => {
    const policies = policiesOf([{}], { projectIds: new Set(['p2']) });
    expect(explain(policies, questionOf()).considered.map(({ failed }) => failed)).toEqual(['scope']);
    const others = policiesOf([
      { Action: 'kms:*:*' },
      { NotResource: '*' },
      FAILING,
      {},
      TEAM_A,
      deny(TEAM_A),
    ]);
    const { considered, decisive } = explain(others, questionOf());
    expect(considered.map(({ failed }) => failed)).toEqual([
      'action',
      'resource',
      'condition',
      undefined,
      'condition',
      undefined,
    ]);
    expect(decisive?.statement).toMatchObject({ index: 5, effect: 'Deny' });
  });
});

describe('a built-in policy', () => {
  const allowed = (name: string) => {
    const document = BUILT_IN_DOCUMENTS.get(name);
    const policies = createPolicies(document === undefined ? [] : [{ name, via: 'user', document }]);
    const all = [...ACTIONS.values()].filter(
      ({ id }) => decide(policies, questionOf({ action: id, path: undefined })).kind === 'allowed',
    );
    return all.map(({ id }) => id);
  };
  const of = (...services: readonly string[]) =>
    [...ACTIONS.values()].filter(({ service }) => services.includes(service)).length;

  it.each([
    ['CSMS FullAccess', of('csms')],
    ['CSMSFullAccessPolicy', of('csms')],
    ['KMS Administrator', of('kms')],
    ['KMS CMK Admin', of('kms')],
    ['KMS CMKFullAccess', of('kms')],
    ['KMSFullAccessPolicy', of('kms')],
    ['DEW Console FullAccess', of('csms', 'kms')],
    ['Tenant Administrator', of('csms', 'kms', 'cts')],
    ['CTS Administrator', of('cts')],
    ['CTS FullAccess', of('cts')],
    ['CTS ReadOnlyAccess', of('cts')],
    ['DEW KeypairFullAccess', 0],
    ['DEW KeypairReadOnlyAccess', 0],
    ['CSMS ReadOnlyAccess', 17],
    ['CSMSReadOnlyPolicy', 17],
    ['KMS CMKReadOnlyAccess', 9],
    ['KMSReadOnlyPolicy', 9],
  ])('%s allows %d actions', (name, count) => {
    expect(allowed(name)).toHaveLength(count);
  });

  it('for reading secrets gives no values', () => {
    const reading = allowed('CSMS ReadOnlyAccess');
    expect(reading).toContain('csms:secret:get');
    expect(reading.filter((id) => /getVersion|batchGet|create|update|delete/i.test(id))).toEqual([]);
  });
});

function documentOf(Effect: 'Allow' | 'Deny') {
  const none = {
    Sid: undefined,
    NotAction: undefined,
    Resource: undefined,
    NotResource: undefined,
    Condition: undefined,
  };
  return { Version: '5.0', Statement: [{ ...none, Effect, Action: ['*'] }] } as const;
}
