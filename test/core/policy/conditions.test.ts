import { describe, expect, it } from 'vitest';
import type { ActionId } from '../../../src/core/policy/actions.ts';
import { type Ask, decided, met, NOW_MS } from './questions.ts';

const KEY = { action: 'kms:cmk:encryptData', path: 'k1' } as const;
const TAGS: ActionId = 'csms:secret:createTag';
/** A variable of a policy. */
const variable = (text: string) => `\${${text}}`;
const own = variable('g:UserName');

type Values = string | readonly string[];
type Case = [operator: string, key: string, values: Values, wanted: string, ask: Ask];
type Row = readonly [operator: string, key: string, values: Values, wanted: string, ask?: Ask];
const cases = (rows: readonly Row[]) =>
  rows.map(([operator, key, values, wanted, ask = {}]): Case => [operator, key, values, wanted, ask]);

describe('a condition is met in Allow, and in Deny', () => {
  it.each(
    cases([
      ['StringEquals', 'g:UserName', 'ann', 'true true'],
      ['StringEquals', 'G:username', ['bob', 'ann'], 'true true'],
      ['StringEquals', 'g:UserName', 'Ann', 'false false'],
      ['StringEquals', 'g:UserName', 'a*', 'false false'],
      ['StringNotEquals', 'g:UserName', ['bob', 'ann'], 'false false'],
      ['StringNotEquals', 'g:UserName', ['bob', 'eve'], 'true true'],
      ['StringEqualsIgnoreCase', 'g:UserName', 'ANN', 'true true'],
      ['StringNotEqualsIgnoreCase', 'g:UserName', 'ANN', 'false false'],
      ['StringMatch', 'g:UserName', '?n*', 'true true'],
      ['StringMatch', 'g:UserName', 'A*', 'false false'],
      ['StringNotMatch', 'g:UserName', ['b*', 'a*'], 'false false'],
      ['StringStartWith', 'g:UserName', 'an', 'true true'],
      ['StringStartWith', 'g:UserName', 'a*', 'false false'],
      ['StringEndWith', 'g:UserName', 'nn', 'true true'],
      ['StringEquals', 'g:PrincipalUrn', 'iam::d1:user:ann', 'true true'],
      ['StringEquals', 'g:PrincipalAccount', 'd1', 'true true'],
      ['StringEquals', 'g:PrincipalType', 'User', 'true true'],
      ['StringEquals', 'g:ServiceName', 'csms', 'true true'],
      ['StringEquals', 'g:ServiceName', 'kms', 'true true', KEY],
      ['Bool', 'g:SecureTransport', 'TRUE', 'true true'],
      ['Bool', 'g:PrincipalIsRootUser', 'true', 'false false'],
      ['IpAddress', 'g:SourceIp', ['192.168.0.0/16', '10.0.0.0/8'], 'true true'],
      ['NotIpAddress', 'g:SourceIp', '10.0.0.0/8', 'false false'],
      ['IpAddress', 'g:SourceIp', '10.0.0.0/8', 'true true', { context: { address: '::ffff:10.1.2.3' } }],
      ['DateLessThan', 'g:CurrentTime', '2026-01-31T12:00:00Z', 'false false'],
      ['DateLessThanEquals', 'g:CurrentTime', '2026-01-31T20:00:00+08:00', 'true true'],
      ['DateGreaterThan', 'g:CurrentTime', '2026-01-31T11:59:59Z', 'true true'],
      ['DateGreaterThanEquals', 'g:CurrentTime', '2026-01-31T12:00:01Z', 'false false'],
    ]),
  )('%s %s %j: %s', (operator, key, values, wanted, ask) => {
    expect(met(operator, key, values, ask)).toBe(wanted);
  });

  it.each(
    cases([
      ['NumberEquals', 'csms:RecoveryWindowInDays', '7', 'true true', { recoveryWindowDays: 7 }],
      ['NumberNotEquals', 'csms:RecoveryWindowInDays', '7.0', 'false false', { recoveryWindowDays: 7 }],
      ['NumberLessThan', 'csms:RecoveryWindowInDays', '30', 'false false'],
      ['NumberLessThanEquals', 'csms:RecoveryWindowInDays', '30', 'true true'],
      ['NumberGreaterThan', 'csms:RecoveryWindowInDays', '-1', 'true true'],
      ['NumberGreaterThanEquals', 'csms:RecoveryWindowInDays', '30.5', 'false false'],
    ]),
  )('%s %s %j: %s', (operator, key, values, wanted, ask) => {
    expect(met(operator, key, values, { action: 'csms:secret:scheduleDeletion', ...ask })).toBe(wanted);
  });
});

describe('an absent key', () => {
  it.each(
    cases([
      ['StringEquals', 'g:SourceVpc', 'a', 'false false'],
      ['StringNotEquals', 'g:SourceVpc', 'a', 'false true'],
      ['NotIpAddress', 'g:VpcSourceIp', '10.0.0.1', 'false true'],
      ['NumberNotEquals', 'g:MFAAge', '1', 'false true'],
      ['Bool', 'g:MFAPresent', 'false', 'false false'],
      ['StringEqualsIfExists', 'g:SourceVpc', 'a', 'true true'],
      ['StringNotEqualsIfExists', 'g:SourceVpc', 'a', 'true true'],
      ['StringEqualsIfExists', 'g:UserName', 'bob', 'false false'],
      ['Null', 'g:SourceVpc', 'true', 'true true'],
      ['Null', 'g:SourceVpc', 'false', 'false false'],
      ['Null', 'g:UserName', ['True', 'False'], 'true true'],
      ['Null', 'g:UserName', 'true', 'false false'],
      ['Null', 'g:TokenIssueTime', 'true', 'true true'],
      ['Null', 'g:TokenIssueTime', 'true', 'false false', { context: { tokenIssuedAtMs: NOW_MS } }],
      ['StringNotEquals', 'obs:prefix', 'a', 'false true'],
      ['StringNotEquals', 'g:PrincipalTag/team', 'a', 'false true'],
      ['IpAddress', 'g:SourceIp', '0.0.0.0/0', 'false false', { context: { address: 'pipe' } }],
      ['StringEquals', 'g:ProjectName', 'north', 'false false', { context: { projectName: undefined } }],
    ]),
  )('%s %s %j: %s', (operator, key, values, wanted, ask) => {
    expect(met(operator, key, values, ask)).toBe(wanted);
  });

  it.each(
    cases([
      ['Null', 'csms:KmsKeyId', 'true', 'true true', { kmsKeyId: 'k1' }],
      ['Null', 'csms:KmsKeyId', 'true', 'false false', { kmsKeyId: 'k1', action: 'csms:secret:update' }],
      ['Null', 'csms:Type', 'true', 'true true', { action: 'csms:secret:list' }],
      ['Null', 'g:EnterpriseProjectId', 'true', 'true true', { action: 'csms::listTasks' }],
      ['Null', 'g:RequestTag/a', 'true', 'true true', { tags: [{ key: 'a', value: 'b' }] }],
      ['Null', 'kms:EncryptionAlgorithm', 'false', 'true true', KEY],
      [
        'Null',
        'kms:EncryptionAlgorithm',
        'false',
        'false false',
        { ...KEY, action: 'kms:cmk:encryptDataKey' },
      ],
    ]),
  )('is one that the action lacks: %s %s %j: %s', (operator, key, values, wanted, ask) => {
    expect(met(operator, key, values, ask)).toBe(wanted);
  });
});

describe('tags', () => {
  const tagged = (...tags: readonly (readonly [string, string?])[]): Ask => ({
    action: TAGS,
    tags: tags.map(([key, value]) => ({ key, value })),
  });

  it.each(
    cases([
      ['StringEquals', 'g:RequestTag/Team', 'a', 'true true', tagged(['team', 'b'], ['Team', 'a'])],
      ['StringEquals', 'g:requesttag/TEAM', 'a', 'true true', tagged(['team', 'b'], ['Team', 'a'])],
      ['StringEquals', 'g:RequestTag/é', 'a', 'true true', tagged(['É', 'a'])],
      ['StringEquals', 'g:RequestTag/a/b', 'c', 'true true', tagged(['a/b', 'c'])],
      ['Null', 'g:RequestTag/team', 'true', 'true true', tagged(['teams', 'b'])],
      // What removes tags only has their keys.
      ['Null', 'g:RequestTag/team', 'true', 'true true', tagged(['team'])],
    ]),
  )('of a request: %s %s %j: %s', (operator, key, values, wanted, ask) => {
    expect(met(operator, key, values, ask)).toBe(wanted);
  });

  it.each(
    cases([
      ['ForAllValues:StringEquals', 'g:TagKeys', ['a', 'b'], 'true true', tagged(['a'], ['b'])],
      ['ForAllValues:StringEquals', 'g:TagKeys', ['a'], 'false false', tagged(['a'], ['b'])],
      ['ForAllValues:StringNotEquals', 'g:TagKeys', ['c', 'd'], 'true true', tagged(['a'], ['b'])],
      ['ForAllValues:StringNotEquals', 'g:TagKeys', ['c', 'a'], 'false false', tagged(['a'], ['b'])],
      ['ForAllValues:StringEquals', 'g:TagKeys', 'a', 'true true', tagged()],
      ['ForAnyValue:StringEquals', 'g:TagKeys', ['b', 'c'], 'true true', tagged(['a'], ['b'])],
      ['ForAnyValue:StringMatch', 'g:TagKeys', 'c*', 'false false', tagged(['a'], ['b'])],
      ['ForAnyValue:StringNotEquals', 'g:TagKeys', ['a'], 'true true', tagged(['a'], ['b'])],
      ['ForAnyValue:StringNotEquals', 'g:TagKeys', ['a', 'b'], 'false false', tagged(['a'], ['b'])],
      ['ForAnyValue:StringEquals', 'g:TagKeys', 'a', 'false false', tagged()],
      ['ForAnyValue:StringNotEquals', 'g:TagKeys', 'a', 'false false', tagged()],
      ['ForAnyValue:StringEqualsIfExists', 'g:TagKeys', 'a', 'true true', tagged()],
      ['Null', 'g:TagKeys', 'true', 'true true', tagged()],
      ['ForAllValues:StringEquals', 'g:TagKeys', 'a', 'true true', { action: 'csms:secret:get' }],
    ]),
  )('as a set: %s %s %j: %s', (operator, key, values, wanted, ask) => {
    expect(met(operator, key, values, ask)).toBe(wanted);
  });
});

describe('a variable in a value', () => {
  it.each(
    cases([
      ['StringEquals', 'g:UserName', own, 'true true'],
      ['StringEquals', 'g:PrincipalUrn', `iam::${variable(' G:DomainId ')}:user:${own}`, 'true true'],
      ['StringMatch', 'g:UserName', `${own}*`, 'true true'],
      ['StringMatch', 'g:UserName', variable('g:UserAgent'), 'false false', { context: { userAgent: '*' } }],
      ['StringEquals', 'g:UserName', variable("g:SourceVpc, 'ann'"), 'true true'],
      ['StringEquals', 'g:UserName', variable("g:SourceVpc , 'it''s'"), 'true true', userNamed("it's")],
      ['StringEquals', 'g:UserName', variable('$'), 'true true', userNamed('$')],
      [
        'StringEquals',
        'g:UserName',
        `${variable('$')}{g:UserId}`,
        'true true',
        userNamed(variable('g:UserId')),
      ],
      ['StringEquals', 'g:UserName', own, 'true true', userNamed(variable('g:UserId'))],
      ['StringMatch', 'g:UserName', variable('*'), 'true true', userNamed('*')],
      ['StringMatch', 'g:UserName', variable('*'), 'false false', userNamed('a')],
      ['StringMatch', 'g:UserName', variable('?'), 'false false', userNamed('a')],
      ['DateLessThanEquals', 'g:CurrentTime', variable('g:CurrentTime'), 'true true'],
      ['StringEquals', 'g:UserName', variable('g:SecureTransport'), 'true true', userNamed('true')],
      ['StringEquals', 'g:UserName', '$ {a', 'true true', userNamed('$ {a')],
    ]),
  )('brings what the key has: %s %s %j: %s', (operator, key, values, wanted, ask) => {
    expect(met(operator, key, values, ask)).toBe(wanted);
  });

  it.each([
    variable('g:SourceVpc'),
    variable('g:Nothing'),
    variable('g:TagKeys'),
    variable("g:TagKeys, 'ann'"),
    variable(''),
    variable('g:SourceVpc, ann'),
    variable("g:SourceVpc, 'ann"),
    variable("*, 'ann'"),
    `$\{g:UserName`,
    `ann${variable('obs:prefix')}`,
  ])('that has none makes it fit nothing: %s', (value) => {
    const name = userNamed(value);
    expect(met('StringEquals', 'g:UserName', [value], name)).toBe('false false');
    expect(met('StringEquals', 'g:UserName', [value, 'ann'])).toBe('true true');
    expect(met('StringNotEquals', 'g:UserName', [value])).toBe('false false');
    expect(met('StringNotMatch', 'g:UserName', [value, 'bob'])).toBe('false false');
  });

  it('that its operator cannot read makes it fit nothing, too', () => {
    expect(met('DateLessThan', 'g:CurrentTime', own)).toBe('false false');
    expect(met('NotIpAddress', 'g:SourceIp', own)).toBe('false false');
  });

  it('only escapes a dollar sign in version 1.1', () => {
    expect(met('StringEquals', 'g:UserName', own, {}, '1.1')).toBe('true true');
    expect(met('StringEquals', 'g:UserName', variable('$'), userNamed('$'), '1.1')).toBe('true true');
    expect(met('StringEquals', 'g:UserName', variable('*'), userNamed('*'), '1.1')).toBe('false false');
  });

  function userNamed(userName: string): Ask {
    return { context: { caller: { userId: 'u1', userName, domainId: 'd1', domainName: 'acme' } } };
  }
});

describe('what only the resource can tell', () => {
  it.each(
    cases([
      ['StringEquals', 'g:ResourceTag/team', 'a', 'open open'],
      ['StringNotEqualsIfExists', 'g:ResourceTag/team', 'a', 'open open'],
      ['Null', 'g:EnterpriseProjectId', 'true', 'open open'],
      ['StringEquals', 'csms:Type', 'COMMON', 'open open'],
      [
        'StringEquals',
        'csms:VersionId',
        'v1',
        'open open',
        { action: 'csms:secret:getVersion', versionId: 'latest' },
      ],
      [
        'StringEquals',
        'csms:VersionId',
        'v1',
        'true true',
        { action: 'csms:secret:getVersion', versionId: 'v1' },
      ],
      ['ForAnyValue:StringEquals', 'kms:ResourceAliases', 'alias/a', 'open open', KEY],
      ['StringEquals', 'kms:KeySpec', 'AES_256', 'open open', KEY],
      ['StringEquals', 'g:UserName', ['bob', variable('g:ResourceTag/a')], 'open open'],
      ['StringEquals', 'g:UserName', ['ann', variable('g:ResourceTag/a')], 'true true'],
      ['StringNotEquals', 'g:UserName', ['ann', variable('g:ResourceTag/a')], 'false false'],
      ['StringNotEquals', 'g:UserName', ['bob', variable('g:ResourceTag/a')], 'open open'],
    ]),
  )('is open: %s %s %j: %s', (operator, key, values, wanted, ask) => {
    expect(met(operator, key, values, ask)).toBe(wanted);
  });

  it('is known of what the request makes', () => {
    const making = { action: 'csms:secret:create' } as const;
    expect(met('StringEquals', 'csms:Type', 'COMMON', making)).toBe('true true');
    expect(met('StringEquals', 'g:EnterpriseProjectId', '0', making)).toBe('true true');
    expect(met('StringEquals', 'csms:Type', 'RDS-FG', { ...making, secretType: 'RDS-FG' })).toBe('true true');
    expect(met('StringEquals', 'kms:KeySpec', 'AES_256', { action: 'kms:cmk:create' })).toBe('true true');
  });

  it('does not matter when another condition fails', () => {
    const condition = { StringEquals: { 'g:ResourceTag/a': 'b', 'g:UserName': 'bob' } };
    expect(decided([{ Condition: condition }])).toBe('denied');
  });
});

describe('names of keys', () => {
  it('have the alias of the request with its prefix', () => {
    const named = { ...KEY, path: undefined, requestAlias: 'a' };
    expect(met('StringEquals', 'kms:RequestAlias', 'alias/a', named)).toBe('true true');
    expect(met('Null', 'kms:RequestAlias', 'true', KEY)).toBe('true true');
  });
});
