import type { WrittenStatement } from './situation.ts';

/** Ways to spoil a document, one at a time: what is written in place of it, or undefined where that is no fault. */

type Members = Record<string, unknown>;
export type Spoil = (document: { Version: '1.1' | '5.0'; Statement: Members[] }, at: number) => unknown;

const many = (count: number) => Array.from({ length: count }, (_, index) => index);

/** Of one of its statements. */
const inStatement =
  (change: (statement: Members, version: string) => Members | undefined): Spoil =>
  ({ Version, Statement }, at) => {
    const index = at % Statement.length;
    const changed = change({ ...Statement[index] }, Version);
    return changed && { Version, Statement: Statement.with(index, changed) };
  };
const withMembers = (members: Members) => inStatement((statement) => ({ ...statement, ...members }));
const only =
  (version: string, spoil: Spoil): Spoil =>
  (document, at) =>
    document.Version === version ? spoil(document, at) : undefined;
const withoutActions = ({ Action, NotAction, ...others }: Members) => others;
const withActions = (Action: unknown) =>
  inStatement((statement) => ({ ...withoutActions(statement), Action }));
const withoutResources = ({ Resource, NotResource, ...others }: Members) => others;
const withResources = (Resource: unknown) =>
  inStatement((statement) => ({ ...withoutResources(statement), Resource }));
const withCondition = (...[operator, key, values]: readonly [string, string, unknown]) =>
  withMembers({ Condition: { [operator]: { [key]: values } } });

/** Of which there are more than ten. */
const STRING_OPERATORS: readonly string[] = [
  'Equals',
  'NotEquals',
  'Match',
  'NotMatch',
  'StartWith',
  'EndWith',
].flatMap((name) => [`String${name}`, `String${name}IfExists`]);
const operators = (count: number): WrittenStatement['Condition'] =>
  Object.fromEntries(STRING_OPERATORS.slice(0, count).map((operator) => [operator, { 'g:UserName': 'ann' }]));

export const FAULTS: Readonly<Record<string, Spoil>> = {
  'no version': ({ Statement }) => ({ Statement }),
  'version 1.0': ({ Statement }) => ({ Version: '1.0', Statement }),
  'no statement': ({ Version }) => ({ Version }),
  'no statements': ({ Version }) => ({ Version, Statement: [] }),
  'a statement without a list': ({ Version, Statement }) => ({ Version, Statement: Statement[0] }),
  'a statement that is a text': ({ Version, Statement }) => ({ Version, Statement: [...Statement, 'Allow'] }),
  'nine statements in 1.1': only('1.1', ({ Version, Statement }) => ({
    Version,
    Statement: many(9).map(() => Statement[0]),
  })),
  'another member of the document': (document) => ({ ...document, Id: 'x' }),
  'Depends that is not empty': (document) => ({ ...document, Depends: ['x'] }),
  'Depends in 5.0': only('5.0', (document) => ({ ...document, Depends: [] })),
  'more than 131,072 characters': only('5.0', ({ Version, Statement }) => ({
    Version,
    Statement: [
      ...Statement,
      { Effect: 'Allow', Action: many(2600).map(() => 'csms:secret:get'.padEnd(50, 'x')) },
    ],
  })),
  'no effect': inStatement(({ Effect, ...others }) => others),
  'an effect in lower case': inStatement(({ Effect, ...others }) => ({
    ...others,
    Effect: String(Effect).toLowerCase(),
  })),
  'another member of a statement': withMembers({ Principal: '*' }),
  'a member in lower case': withMembers({ resource: '*' }),
  'Sid in 1.1': only('1.1', withMembers({ Sid: 'one' })),
  'Sid of 129 characters': withMembers({ Sid: 'x'.repeat(129) }),
  'NotAction in 1.1': only(
    '1.1',
    inStatement((statement) => ({ ...withoutActions(statement), NotAction: ['csms:secret:get'] })),
  ),
  'NotResource in 1.1': only(
    '1.1',
    inStatement((statement) => ({ ...withoutResources(statement), NotResource: ['*'] })),
  ),
  'Action and NotAction': withMembers({ Action: ['csms:a:b'], NotAction: ['csms:a:b'] }),
  'no Action': inStatement(withoutActions),
  'Resource and NotResource': withMembers({ Resource: ['*'], NotResource: ['*'] }),
  'an empty list of actions': withActions([]),
  'an action that is an object': withActions({ a: 'csms:a:b' }),
  'a list in a list': withActions([['csms:a:b']]),
  'an action of two parts': withActions(['csms:get']),
  'an action of four parts': withActions('csms:secret:get:x'),
  'an empty action': withActions(''),
  'only a star for an action in 1.1': only('1.1', withActions(['csms:secret:get', '*'])),
  'an action of 129 characters in 5.0': only('5.0', withActions(`csms:secret:${'g'.repeat(117)}`)),
  '101 actions in 1.1': only('1.1', withActions(many(101).map((index) => `csms:secret:a${index}`))),
  'an empty list of resources': withResources([]),
  'an empty resource': withResources(''),
  'a resource of four parts': withResources(['csms:*:*:secretName']),
  'a resource with colons in a variable only': withResources([`csms:*:*:\${g:UserName}`]),
  'eleven resources in 1.1': only(
    '1.1',
    withResources(many(11).map((index) => `csms:*:*:secretName:a${index}`)),
  ),
  'a resource of 129 characters in 1.1': only('1.1', withResources(`csms:*:*:secretName:${'x'.repeat(109)}`)),
  'conditions in a list': withMembers({ Condition: [{ Bool: { 'g:SecureTransport': 'true' } }] }),
  'eleven operators': withMembers({ Condition: operators(11) }),
  'an operator without keys': withMembers({ Condition: { StringEquals: 'g:UserName' } }),
  'an unknown operator': withCondition('StringLike', 'g:UserName', 'ann'),
  'an operator in lower case': withCondition('stringEquals', 'g:UserName', 'ann'),
  'a prefix in lower case': withCondition('forAnyValue:StringEquals', 'g:TagKeys', 'a'),
  'IfExists twice': withCondition('StringEqualsIfExistsIfExists', 'g:UserName', 'ann'),
  'IfExists behind Null': withCondition('NullIfExists', 'g:UserName', 'true'),
  'a prefix before Null': withCondition('ForAllValues:Null', 'g:TagKeys', 'true'),
  'a prefix before a number': withCondition('ForAnyValue:NumberEquals', 'csms:RecoveryWindowInDays', '7'),
  'a prefix for a key with one value': withCondition('ForAnyValue:StringEquals', 'g:UserName', 'ann'),
  'a prefix for a key of another service': withCondition('ForAllValues:StringEquals', 'obs:x', 'ann'),
  'no prefix for a key with several values': withCondition('StringEquals', 'kms:ResourceAliases', 'alias/a'),
  'an unknown key of g': withCondition('StringEquals', 'g:Nothing', 'x'),
  'an unknown key of csms in any case': withCondition('Null', 'CSMS:Nothing', 'true'),
  'an unknown key of kms': withCondition('StringEquals', 'kms:Alias', 'x'),
  'a number for a text': withCondition('NumberEquals', 'g:UserName', '7'),
  'a text for a number': withCondition('StringEquals', 'csms:RecoveryWindowInDays', '7'),
  'a text for a time': withCondition('StringEquals', 'g:CurrentTime', '2026-06-01T12:00:00Z'),
  'a text for an address': withCondition('StringMatch', 'g:SourceIp', '10.*'),
  'a text for a truth': withCondition('StringEquals', 'g:SecureTransport', 'true'),
  'a truth for an absent number': withCondition('Bool', 'g:MFAAge', 'true'),
  'no values': withCondition('StringEquals', 'g:UserName', []),
  'a value that is an object': withCondition('StringEquals', 'g:UserName', [{ a: 'b' }]),
  'no number': withCondition('NumberLessThan', 'csms:RecoveryWindowInDays', ['7', 'seven']),
  'an empty number': withCondition('NumberEquals', 'csms:RecoveryWindowInDays', ''),
  'a number for another service': withCondition('NumberEquals', 'obs:size', 'x'),
  'a time without seconds': withCondition('DateLessThan', 'g:CurrentTime', '2026-06-01T12:00Z'),
  'a time without a zone': withCondition('DateLessThan', 'g:CurrentTime', '2026-06-01T12:00:00'),
  'a time that is a day': withCondition('DateLessThan', 'g:CurrentTime', '2026-06-01'),
  'a day that there is not': withCondition('DateLessThan', 'g:CurrentTime', '2026-02-30T12:00:00Z'),
  'neither true nor false': withCondition('Bool', 'g:SecureTransport', 'yes'),
  'Null of what is neither': withCondition('Null', 'g:UserName', 'ann'),
  'a network too long': withCondition('IpAddress', 'g:SourceIp', '10.0.0.0/33'),
  'no address': withCondition('NotIpAddress', 'g:SourceIp', '10.0.0'),
  'a host name': withCondition('IpAddress', 'g:SourceIp', 'localhost'),
};

/** At their limits, and yet no fault. */
export const LIMITS_REACHED: Readonly<Record<string, Spoil>> = {
  'eight statements in 1.1': only('1.1', ({ Version, Statement }) => ({
    Version,
    Statement: many(8).map(() => Statement[0]),
  })),
  'nine statements in 5.0': only('5.0', ({ Version, Statement }) => ({
    Version,
    Statement: many(9).map(() => Statement[0]),
  })),
  'Depends in 1.1': only('1.1', (document) => ({ ...document, Depends: [] })),
  'Sid of 128 characters': only('5.0', withMembers({ Sid: 'x'.repeat(128) })),
  'an action of 128 characters': withActions(`csms:secret:${'g'.repeat(116)}`),
  'an action without a type': withActions('csms::createEvent'),
  'an action of another service': withActions('obs:bucket:Get*'),
  'only a star for an action in 5.0': only('5.0', withActions('*')),
  '100 actions': withActions(many(100).map((index) => `csms:secret:a${index}`)),
  '101 actions in 5.0': only('5.0', withActions(many(101).map((index) => `csms:secret:a${index}`))),
  'ten resources': withResources(many(10).map((index) => `csms:*:*:secretName:a${index}`)),
  'eleven resources in 5.0': only(
    '5.0',
    withResources(many(11).map((index) => `csms:*:*:secretName:a${index}`)),
  ),
  'a resource of 128 characters': withResources(`csms:*:*:secretName:${'x'.repeat(108)}`),
  'a resource of 129 characters in 5.0': only('5.0', withResources(`csms:*:*:secretName:${'x'.repeat(109)}`)),
  'colons in a path': withResources('csms:*:*:secretName:a:b:c'),
  'a colon in a variable': withResources(`csms:\${g:RequestedRegion}:*:secretName:\${g:UserName, 'a:b'}`),
  'ten operators': withMembers({ Condition: operators(10) }),
  'a key of another service': withCondition('NumberEquals', 'obs:size', '7'),
  'a key in another case': withCondition('StringEquals', 'G:USERNAME', 'ann'),
  'Null for several values': withCondition('Null', 'g:TagKeys', 'false'),
  'Null for a time': withCondition('Null', 'g:TokenIssueTime', ['True']),
  'a truth in any case': withCondition('Bool', 'g:SecureTransport', 'TRUE'),
  'a mapped network': withCondition('NotIpAddressIfExists', 'g:SourceIp', [
    '::ffff:10.0.0.0/104',
    '2001:DB8::/32',
  ]),
  'a time elsewhere': withCondition('DateLessThan', 'g:CurrentTime', '2026-06-01T20:00:00+08:00'),
  'a variable for a number': withCondition('NumberEquals', 'csms:RecoveryWindowInDays', `\${g:UserName}`),
};

/** Faults in JSON, where a number is no text. */
export const BARE_VALUES: Readonly<Record<string, Spoil>> = {
  'a number that is no text': withCondition('NumberEquals', 'csms:RecoveryWindowInDays', 7),
  'a truth that is no text': withCondition('Bool', 'g:SecureTransport', [true]),
  'a value that is null': withCondition('StringEquals', 'g:UserName', null),
};
