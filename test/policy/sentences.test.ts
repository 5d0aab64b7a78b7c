import { describe, expect, it } from 'vitest';
import { ALLOW, type Example, isWholeOpen, outcomeOf, policyOf } from './examples.ts';
import type { WrittenStatement } from './situation.ts';

/** Each sentence of the rules by which it is decided has an example; both evaluators have to agree on it. */

type Row = readonly [sentence: string, outcome: string, example: Example];

const allow = (members: Partial<WrittenStatement>): WrittenStatement => ({ Effect: 'Allow', ...members });
const deny = (members: Partial<WrittenStatement>): WrittenStatement => ({ Effect: 'Deny', ...members });
const allowed = (members: Partial<WrittenStatement>, more: Omit<Example, 'statements'> = {}): Example => ({
  statements: [allow({ ...('NotAction' in members ? {} : { Action: '*:*:*' }), ...members })],
  ...more,
});
const denied = (members: Partial<WrittenStatement>, more: Omit<Example, 'statements'> = {}): Example => ({
  statements: [ALLOW, deny({ Action: '*', ...members })],
  ...more,
});
type Values = string | readonly string[];
const when = (operator: string, key: string, values: Values) => ({
  Condition: { [operator]: { [key]: values } },
});
const variable = (inner: string) => `\${${inner}}`;
const there = { resource: {} };
const byId = { asked: { path: undefined } };
const tagged = (...tags: readonly (readonly [string, string])[]) => ({
  resource: { tags: tags.map(([key, value]) => ({ key, value })) },
});
const action = (id: string) => ({ asked: { action: id } });
const [YES, NO, EXPLICIT] = ['allowed', 'denied', 'denied explicitly'];
const [LATER_YES, LATER_NO] = ['allowed, once known', 'denied, once known'];

const ACTIONS: readonly Row[] = [
  ['are compared without regard to case', YES, allowed({ Action: 'CSMS:Secret:GET' })],
  ['* is any run of characters', YES, allowed({ Action: 'csms:*t' }, {})],
  ['* is also none', YES, allowed({ Action: 'csms:secret:*get*' })],
  ['* alone is all of them in 5.0', YES, allowed({ Action: '*' }, action('csms::getEvent'))],
  ['? is one character', YES, allowed({ Action: 'csms:secret:g?t' })],
  ['? is not none', NO, allowed({ Action: 'csms:secret:get?' })],
  ['both anywhere', YES, allowed({ Action: '?sms:*cre?:*e?' })],
  [
    'by an alias in 1.1',
    YES,
    allowed({ Action: 'csms:secretVersion:get' }, { version: '1.1', ...action('csms:secret:getVersion') }),
  ],
  [
    'by an alias in 5.0',
    YES,
    allowed({ Action: 'csms:secretVersion:get' }, action('csms:secret:getVersion')),
  ],
  [
    'by the id in 1.1',
    YES,
    allowed({ Action: 'csms:secret:getVersion' }, { version: '1.1', ...action('csms:secret:getVersion') }),
  ],
  [
    'an alias may have wildcards',
    YES,
    allowed({ Action: 'csms:secretVersion:*' }, action('csms:secret:listVersion')),
  ],
  [
    'an alias of several actions: one',
    YES,
    allowed({ Action: 'kms:cmk:update' }, action('kms:cmk:createAlias')),
  ],
  [
    'an alias of several actions: another',
    YES,
    allowed({ Action: 'kms:cmk:update' }, action('kms:cmk:scheduleKeyDeletion')),
  ],
  ['NotAction is for actions none of whose names matches', YES, allowed({ NotAction: 'csms:secret:list' })],
  ['NotAction spares an id', NO, allowed({ NotAction: ['csms:secret:list', 'csms:secret:get'] })],
  [
    'NotAction spares an alias',
    NO,
    allowed({ NotAction: 'csms:secretVersion:get' }, action('csms:secret:getVersion')),
  ],
  ['unknown actions match nothing', NO, allowed({ Action: ['csms:secret:read', 'obs:secret:get'] })],
  ['NotAction of an unknown action is for all', YES, allowed({ NotAction: 'csms:secret:read' })],
];

const RESOURCES: readonly Row[] = [
  ['are compared part by part', YES, allowed({ Resource: 'csms:local-1:d0:secretName:app-a' })],
  ['service without regard to case', YES, allowed({ Resource: 'CSMS:local-1:d0:secretName:app-a' })],
  ['the region exactly', NO, allowed({ Resource: 'csms:Local-1:d0:secretName:app-a' })],
  ['the account exactly', NO, allowed({ Resource: 'csms:local-1:D0:secretName:app-a' })],
  ['the type exactly', NO, allowed({ Resource: 'csms:local-1:d0:secretname:app-a' })],
  ['the path exactly', NO, allowed({ Resource: 'csms:local-1:d0:secretName:App-a' })],
  ['with wildcards in every part', YES, allowed({ Resource: 'c*:lo?al-*:?0:*Name:app-?' })],
  ['a wildcard does not cross parts', NO, allowed({ Resource: 'csms:*:secretName:app-a:*' })],
  [
    'colons in the path do not separate',
    YES,
    allowed({ Resource: 'csms:*:*:secretName:a:b' }, { asked: { path: 'a:b' } }),
  ],
  [
    'colons in variables do not separate',
    YES,
    allowed({ Resource: `csms:${variable("g:RequestedRegion, 'x:y'")}:*:secretName:*` }),
  ],
  ['of another service', NO, allowed({ Resource: 'kms:*:*:secretName:app-a' })],
  ['absent is all', YES, allowed({})],
  ['* is all', YES, allowed({ Resource: '*' })],
  [
    'of several one has to fit',
    YES,
    allowed({ Resource: ['csms:*:*:secretName:b', 'csms:*:*:secretName:app-*'] }),
  ],
  [
    'of a key',
    YES,
    allowed({ Resource: 'kms:local-1:d0:KeyId:k1' }, { asked: { action: 'kms:cmk:get', path: 'k1' } }),
  ],
  ['NotResource is for all others', YES, allowed({ NotResource: 'csms:*:*:secretName:b*' })],
  [
    'NotResource spares what it fits',
    NO,
    allowed({ NotResource: ['*:*:*:*:b', 'csms:*:*:secretName:app-*'] }),
  ],
  ['without a type: Resource absent', YES, allowed({}, action('csms::createEvent'))],
  [
    'without a type: *',
    YES,
    allowed({ Resource: ['csms:*:*:secretName:a', '*'] }, action('csms::createEvent')),
  ],
  ['without a type: its service', YES, allowed({ Resource: 'csms:*:*:*:*' }, action('csms::createEvent'))],
  [
    'without a type: not another service',
    NO,
    allowed({ Resource: 'kms:*:*:*:*' }, action('csms::createEvent')),
  ],
  ['without a type: not any service', NO, allowed({ Resource: '*:*:*:*:*' }, action('csms::createEvent'))],
  [
    'without a type: not a narrower one',
    NO,
    allowed({ Resource: 'csms:*:*:secretName:*' }, action('csms::createEvent')),
  ],
  [
    'without a type NotResource applies',
    YES,
    allowed({ NotResource: 'csms:*:*:secretName:*' }, action('csms::createEvent')),
  ],
  [
    'without a type NotResource holds its service',
    NO,
    allowed({ NotResource: ['csms:*:*:*:*'] }, action('csms::createEvent')),
  ],
  [
    'without a type NotResource holds *',
    NO,
    allowed({ NotResource: ['a:b:c:d:e', '*'] }, action('kms::generateRandom')),
  ],
];

const isOf = (name: string, ...row: [string, string, Values]): Row => [name, YES, allowed(when(...row))];
const isNotOf = (name: string, ...row: [string, string, Values]): Row => [name, NO, allowed(when(...row))];
const schedule = (sent: Example['sent'] = {}) => ({
  asked: { action: 'csms:secret:scheduleDeletion' },
  sent,
});
const tagKeys = (...keys: readonly string[]) => ({
  asked: { action: 'csms:secret:createTag' },
  sent: { tags: keys.map((key) => ({ key, value: 'v' })) },
});

const OPERATORS: readonly Row[] = [
  isOf('StringEquals', 'StringEquals', 'g:UserName', 'ann'),
  isNotOf('StringEquals with regard to case', 'StringEquals', 'g:UserName', 'Ann'),
  isNotOf('StringEquals takes wildcards literally', 'StringEquals', 'g:UserName', 'a*'),
  isOf('values of a key are ORed', 'StringEquals', 'g:UserName', ['bob', 'ann']),
  isOf('StringNotEquals', 'StringNotEquals', 'g:UserName', ['bob', 'Ann']),
  isNotOf('with negative operators no value may fit', 'StringNotEquals', 'g:UserName', ['bob', 'ann']),
  isOf('StringEqualsIgnoreCase', 'StringEqualsIgnoreCase', 'g:UserName', 'ANN'),
  isNotOf('StringNotEqualsIgnoreCase', 'StringNotEqualsIgnoreCase', 'g:UserName', 'ANN'),
  isOf('StringMatch with *', 'StringMatch', 'g:UserName', 'a*'),
  isOf('StringMatch with ?', 'StringMatch', 'g:UserName', '?nn'),
  isOf('StringMatch without either', 'StringMatch', 'g:UserName', 'ann'),
  isNotOf('StringMatch of a part', 'StringMatch', 'g:UserName', 'an'),
  isNotOf('StringNotMatch', 'StringNotMatch', 'g:UserName', ['b*', '*n']),
  isOf('StringStartWith', 'StringStartWith', 'g:UserName', 'an'),
  isNotOf('StringStartWith takes wildcards literally', 'StringStartWith', 'g:UserName', 'a*'),
  isOf('StringEndWith', 'StringEndWith', 'g:UserName', 'nn'),
  [
    'NumberEquals',
    YES,
    allowed(when('NumberEquals', 'csms:RecoveryWindowInDays', '7.0'), schedule({ recoveryWindowDays: 7 })),
  ],
  [
    'NumberNotEquals',
    NO,
    allowed(
      when('NumberNotEquals', 'csms:RecoveryWindowInDays', ['8', '7']),
      schedule({ recoveryWindowDays: 7 }),
    ),
  ],
  [
    'NumberLessThan',
    NO,
    allowed(when('NumberLessThan', 'csms:RecoveryWindowInDays', '7'), schedule({ recoveryWindowDays: 7 })),
  ],
  [
    'NumberLessThanEquals',
    YES,
    allowed(
      when('NumberLessThanEquals', 'csms:RecoveryWindowInDays', '7'),
      schedule({ recoveryWindowDays: 7 }),
    ),
  ],
  [
    'NumberGreaterThan',
    YES,
    allowed(
      when('NumberGreaterThan', 'csms:RecoveryWindowInDays', '6.5'),
      schedule({ recoveryWindowDays: 7 }),
    ),
  ],
  [
    'numbers are no texts',
    NO,
    allowed(
      when('NumberGreaterThanEquals', 'csms:RecoveryWindowInDays', '100'),
      schedule({ recoveryWindowDays: 30 }),
    ),
  ],
  isOf('DateLessThan', 'DateLessThan', 'g:CurrentTime', '2026-01-31T12:00:01Z'),
  isOf(
    'DateLessThanEquals in another zone',
    'DateLessThanEquals',
    'g:CurrentTime',
    '2026-01-31T20:00:00+08:00',
  ),
  isNotOf('DateGreaterThan', 'DateGreaterThan', 'g:CurrentTime', '2026-01-31T12:00:00Z'),
  isOf('DateGreaterThanEquals', 'DateGreaterThanEquals', 'g:CurrentTime', '2026-01-31T12:00:00Z'),
  isOf('Bool in any case', 'Bool', 'g:SecureTransport', 'TRUE'),
  isNotOf('Bool of the other', 'Bool', 'g:SecureTransport', 'false'),
  isOf('IpAddress of an address', 'IpAddress', 'g:SourceIp', '10.1.2.3'),
  isOf('IpAddress of a network', 'IpAddress', 'g:SourceIp', ['192.168.0.0/16', '10.1.0.0/16']),
  isNotOf('NotIpAddress', 'NotIpAddress', 'g:SourceIp', ['192.168.0.0/16', '10.1.0.0/16']),
  isOf('a mapped network is one of IPv4', 'IpAddress', 'g:SourceIp', '::ffff:10.1.0.0/112'),
  [
    'a mapped address is one of IPv4',
    YES,
    allowed(when('IpAddress', 'g:SourceIp', '10.0.0.0/8'), { asked: { address: '::ffff:10.1.2.3' } }),
  ],
  [
    'IPv6',
    YES,
    allowed(when('IpAddress', 'g:SourceIp', '2001:DB8::/32'), { asked: { address: '2001:db8:0::1' } }),
  ],
  isOf('Null true wants the key absent', 'Null', 'g:TokenIssueTime', 'true'),
  isOf('Null false wants it present', 'Null', 'g:UserName', 'False'),
  isNotOf('Null false of an absent one', 'Null', 'g:MFAAge', 'false'),
];

const CONDITIONS: readonly Row[] = [
  [
    'operators are ANDed',
    NO,
    allowed({ Condition: { StringEquals: { 'g:UserName': 'ann' }, Bool: { 'g:SecureTransport': 'false' } } }),
  ],
  [
    'keys are ANDed',
    NO,
    allowed({ Condition: { StringEquals: { 'g:UserName': 'ann', 'g:DomainName': 'other' } } }),
  ],
  ['keys are found without regard to case', YES, allowed(when('StringEquals', 'G:USERNAME', 'ann'))],
  [
    'tag keys: exact spelling first',
    LATER_YES,
    allowed(when('StringEquals', 'g:ResourceTag/team', 'a'), tagged(['TEAM', 'b'], ['team', 'a'])),
  ],
  [
    'tag keys: else the first in byte order',
    LATER_YES,
    allowed(when('StringEquals', 'g:ResourceTag/team', 'b'), tagged(['Team', 'a'], ['TEAM', 'b'])),
  ],
  ['keys of other services are always absent', YES, allowed(when('Null', 'obs:prefix', 'true'))],
  ['IfExists is true when the key is absent', YES, allowed(when('StringEqualsIfExists', 'g:Referer', 'x'))],
  ['IfExists is as without it when it is not', NO, allowed(when('StringEqualsIfExists', 'g:UserName', 'x'))],
  ['absent: a positive operator is false in Allow', NO, allowed(when('StringEquals', 'g:Referer', 'x'))],
  ['absent: a positive operator is false in Deny', YES, denied(when('StringEquals', 'g:Referer', 'x'))],
  ['absent: a negative operator is false in Allow', NO, allowed(when('StringNotEquals', 'g:Referer', 'x'))],
  [
    'absent: a negative operator is true in Deny',
    EXPLICIT,
    denied(when('NotIpAddress', 'g:VpcSourceIp', '10.0.0.0/8')),
  ],
  [
    'ForAllValues: every value fits',
    YES,
    allowed(when('ForAllValues:StringEquals', 'g:TagKeys', ['a', 'b', 'c']), tagKeys('a', 'b')),
  ],
  [
    'ForAllValues: one does not',
    NO,
    allowed(when('ForAllValues:StringEquals', 'g:TagKeys', ['a', 'c']), tagKeys('a', 'b')),
  ],
  [
    'ForAllValues: true when there is none',
    YES,
    allowed(when('ForAllValues:StringEquals', 'g:TagKeys', 'a'), tagKeys()),
  ],
  [
    'ForAnyValue: one fits',
    YES,
    allowed(when('ForAnyValue:StringMatch', 'g:TagKeys', 'b*'), tagKeys('a', 'b')),
  ],
  [
    'ForAnyValue: false when there is none',
    NO,
    allowed(when('ForAnyValue:StringEquals', 'g:TagKeys', 'a'), tagKeys()),
  ],
  [
    'a set of aliases',
    LATER_YES,
    allowed(when('ForAnyValue:StringEquals', 'kms:ResourceAliases', 'alias/a'), {
      ...action('kms:cmk:encryptData'),
      resource: { aliases: ['a', 'b'] },
    }),
  ],
  [
    'to fit a negative operator is to equal none: all',
    NO,
    allowed(when('ForAllValues:StringNotEquals', 'g:TagKeys', ['b', 'c']), tagKeys('a', 'b')),
  ],
  [
    'to fit a negative operator is to equal none: one',
    YES,
    allowed(when('ForAnyValue:StringNotEquals', 'g:TagKeys', ['b', 'c']), tagKeys('a', 'b')),
  ],
];

const VARIABLES: readonly Row[] = [
  [
    'are replaced in a path',
    YES,
    allowed({ Resource: `csms:*:*:secretName:${variable('g:UserName')}-*` }, { asked: { path: 'ann-x' } }),
  ],
  [
    'are replaced in values',
    YES,
    allowed(when('StringEquals', 'g:PrincipalUrn', `iam::d0:user:${variable('g:UserName')}`)),
  ],
  [
    'in 1.1, too',
    YES,
    allowed(when('StringEquals', 'g:PrincipalUrn', `iam::d0:user:${variable('g:UserName')}`), {
      version: '1.1',
    }),
  ],
  [
    'in every part of 5.0',
    YES,
    allowed({
      Resource: `${variable('g:ServiceName')}:${variable('g:RequestedRegion')}:${variable('g:DomainId')}:secretName:app-a`,
    }),
  ],
  [
    'only in the fifth part of 1.1',
    NO,
    allowed({ Resource: `csms:${variable('g:RequestedRegion')}:*:secretName:app-a` }, { version: '1.1' }),
  ],
  [
    'what one brings is literal',
    NO,
    allowed(
      { Resource: `csms:*:*:secretName:${variable('g:UserAgent')}` },
      { asked: { userAgent: 'app-*' } },
    ),
  ],
  [
    'are replaced once',
    NO,
    allowed(when('StringEquals', 'g:UserName', variable('g:UserAgent')), {
      asked: { userAgent: variable('g:UserName') },
    }),
  ],
  [
    'blanks around the name are ignored',
    YES,
    allowed(when('StringEquals', 'g:UserName', variable('  g:UserName '))),
  ],
  ['have a default', YES, allowed(when('StringEquals', 'g:UserName', variable("g:Referer, 'ann'")))],
  [
    'a default is not for what is there',
    NO,
    allowed(when('StringEquals', 'g:DomainName', variable("g:UserName, 'acme'"))),
  ],
  [
    "'' is a quote",
    YES,
    allowed(when('StringEquals', 'g:UserAgent', variable("g:Referer, 'it''s'")), {
      asked: { userAgent: "it's" },
    }),
  ],
  [
    'a dollar sign',
    YES,
    allowed(when('StringEquals', 'g:UserAgent', `${variable('$')}{x}`), {
      asked: { userAgent: variable('x') },
    }),
  ],
  ['a star in 5.0', NO, allowed(when('StringMatch', 'g:UserName', `a${variable('*')}`))],
  [
    'a question mark in 5.0',
    YES,
    allowed(when('StringMatch', 'g:UserAgent', `a${variable('?')}*`), { asked: { userAgent: 'a?b' } }),
  ],
  [
    'no star in 1.1',
    NO,
    allowed(when('StringMatch', 'g:UserAgent', variable('*')), { version: '1.1', asked: { userAgent: '*' } }),
  ],
  [
    'no value and no default: that value fits nothing',
    YES,
    allowed(when('StringEquals', 'g:UserName', [variable('g:Referer'), 'ann'])),
  ],
  [
    'no value, with a negative operator: false in Allow',
    NO,
    allowed(when('StringNotEquals', 'g:UserName', [variable('g:Referer'), 'bob'])),
  ],
  [
    'no value, with a negative operator: false in Deny',
    YES,
    denied(when('StringNotMatch', 'g:UserName', variable('g:Referer'))),
  ],
  [
    'a multi-valued key',
    NO,
    allowed(when('StringNotEquals', 'g:UserName', variable('g:TagKeys')), tagKeys('a')),
  ],
  ['bad syntax', NO, allowed(when('StringNotEquals', 'g:UserName', variable('g:DomainName, x')))],
  ['no end', NO, allowed({ Resource: `csms:*:*:secretName:*\${g:UserName` })],
  [
    'the type of a secret',
    LATER_YES,
    allowed(
      { Resource: `csms:*:*:secretName:${variable('csms:Type')}` },
      { asked: { path: 'COMMON' }, resource: {} },
    ),
  ],
];

const is = (key: string, value: Values, more: Omit<Example, 'statements'> = {}): Example =>
  allowed(when('StringEquals', key, value), more);
const isAbsent = (key: string, more: Omit<Example, 'statements'> = {}): Example =>
  allowed(when('Null', key, 'true'), more);
const create = (sent: Example['sent'] = {}) => ({ asked: { action: 'csms:secret:create' }, sent });
const key = (id: string, more: Omit<Example, 'statements'> = {}) => ({
  ...more,
  asked: { action: id, path: 'k1' },
});
const version = (versionId: string, more: Omit<Example, 'statements'> = {}) => ({
  ...more,
  asked: { action: 'csms:secret:getVersion' },
  sent: { versionId },
});

const KEYS: readonly Row[] = [
  ['g:UserId', YES, is('g:UserId', 'u-ann')],
  ['g:DomainId', YES, is('g:DomainId', 'd0')],
  ['g:DomainName', YES, is('g:DomainName', 'acme')],
  ['g:PrincipalAccount is the domain id', YES, is('g:PrincipalAccount', 'd0')],
  ['g:PrincipalUrn', YES, is('g:PrincipalUrn', 'iam::d0:user:ann')],
  ['g:PrincipalType', YES, is('g:PrincipalType', 'User')],
  ['g:PrincipalIsRootUser', YES, allowed(when('Bool', 'g:PrincipalIsRootUser', 'false'))],
  ['g:ProjectName is that of the path', YES, is('g:ProjectName', 'north')],
  ['g:ProjectName outside of any', YES, isAbsent('g:ProjectName', { asked: { project: undefined } })],
  ['g:RequestedRegion', YES, is('g:RequestedRegion', 'local-1')],
  ['g:ServiceName is that of the action', YES, is('g:ServiceName', 'cts', action('cts:trace:list'))],
  ['g:UserAgent', YES, is('g:UserAgent', 'sdk/1.0')],
  [
    'g:SecureTransport',
    YES,
    allowed(when('Bool', 'g:SecureTransport', 'false'), { asked: { isSecure: false } }),
  ],
  [
    'g:TokenIssueTime of a token',
    YES,
    allowed(when('DateLessThanEquals', 'g:TokenIssueTime', '2026-01-31T12:00:00Z'), {
      asked: { tokenIssuedAt: Date.parse('2026-01-31T12:00:00Z') },
    }),
  ],
  ['g:TokenIssueTime of a signature', YES, isAbsent('g:TokenIssueTime')],
  ...[
    'g:MFAPresent',
    'g:ViaService',
    'g:MFAAge',
    'g:VpcSourceIp',
    'g:SourceVpc',
    'g:CalledVia',
    'g:PrincipalTag/a',
  ].map((name): Row => [`${name} is always absent`, YES, isAbsent(name)]),
  [
    'E of the resource',
    LATER_YES,
    is('g:EnterpriseProjectId', 'e1', { resource: { enterpriseProjectId: 'e1' } }),
  ],
  [
    'E on creation of the request',
    YES,
    is('g:EnterpriseProjectId', 'e1', create({ enterpriseProjectId: 'e1' })),
  ],
  ['E on creation else 0', YES, is('g:EnterpriseProjectId', '0', create())],
  [
    'E is absent for actions that do not show it',
    YES,
    isAbsent('g:EnterpriseProjectId', action('csms:secret:getSecretsByTag')),
  ],
  ['G of the resource', LATER_YES, is('g:ResourceTag/a', 'b', tagged(['a', 'b']))],
  ['G is absent on creation', YES, isAbsent('g:ResourceTag/a', create())],
  ['Q of the request', YES, is('g:RequestTag/a', 'v', tagKeys('a'))],
  [
    'Q of a deletion has only keys',
    YES,
    {
      statements: [allow({ Action: '*', ...when('Null', 'g:RequestTag/a', 'true') })],
      asked: { action: 'csms:secret:deleteTag' },
      sent: { tags: [{ key: 'a' }] },
    },
  ],
  [
    'Q of a deletion: TagKeys',
    YES,
    allowed(when('ForAllValues:StringEquals', 'g:TagKeys', 'a'), {
      asked: { action: 'csms:secret:deleteTag' },
      sent: { tags: [{ key: 'a' }] },
    }),
  ],
  ['T of the secret', LATER_YES, is('csms:Type', 'RDS-FG', { resource: { secretType: 'RDS-FG' } })],
  ['T on creation else COMMON', YES, is('csms:Type', 'COMMON', create())],
  ['K of the request', YES, is('csms:KmsKeyId', 'k1', create({ kmsKeyId: 'k1' }))],
  ['K if given', YES, isAbsent('csms:KmsKeyId', create())],
  ['V as it is asked for', YES, is('csms:VersionId', 'v2', version('v2'))],
  ['V of latest is resolved', LATER_YES, is('csms:VersionId', 'v3', version('latest', there))],
  [
    'V of a latest that is not there is not known to be absent',
    LATER_NO,
    isAbsent('csms:VersionId', version('latest', { resource: { latest: undefined } })),
  ],
  [
    'V of a latest that is not there',
    LATER_NO,
    is('csms:VersionId', 'v3', version('latest', { resource: { latest: undefined } })),
  ],
  [
    'S in the path',
    YES,
    is('csms:VersionStage', 'blue', { asked: { action: 'csms:secret:getStage' }, sent: { stage: 'blue' } }),
  ],
  [
    'R of the request else 30',
    YES,
    allowed(when('NumberEquals', 'csms:RecoveryWindowInDays', '30'), schedule()),
  ],
  ['R is absent for others', YES, isAbsent('csms:RecoveryWindowInDays')],
  ['k of a key', LATER_YES, is('kms:KeySpec', 'AES_256', key('kms:cmk:get', there))],
  ['k on creation', YES, is('kms:KeyOrigin', 'kms', key('kms:cmk:create'))],
  ['kms:MultiRegionKeyType is absent', YES, isAbsent('kms:MultiRegionKeyType', key('kms:cmk:get'))],
  [
    'a of the request',
    YES,
    is('kms:RequestAlias', 'alias/a', {
      asked: { action: 'kms:cmk:encryptData', path: undefined },
      sent: { requestAlias: 'a' },
    }),
  ],
  ['a is absent for others', YES, isAbsent('kms:ResourceAliases', key('kms:cmk:get'))],
  [
    'D of the request',
    YES,
    allowed(when('NumberLessThan', 'kms:ScheduleKeyDeletionPendingWindowInDays', '8'), {
      ...key('kms:cmk:scheduleKeyDeletion'),
      sent: { pendingDays: 7 },
    }),
  ],
  [
    'A of the request else SYMMETRIC_DEFAULT',
    YES,
    is('kms:EncryptionAlgorithm', 'SYMMETRIC_DEFAULT', key('kms:cmk:decryptData')),
  ],
];

const tagA = when('StringEquals', 'g:ResourceTag/a', 'b');
const named = { Resource: 'csms:*:*:secretName:app-a' };
const granted = { asked: { isGranted: true } };
const scoped = (scope: Parameters<typeof policyOf>[1]) => [
  policyOf({ Version: '5.0', Statement: [ALLOW] }, scope),
];

const DECISIONS: readonly Row[] = [
  ['a matching Deny: denied', EXPLICIT, denied({})],
  ['a matching Allow: allowed', YES, { statements: [ALLOW] }],
  ['neither: denied', NO, { statements: [] }],
  ['a Deny that does not match is nothing', YES, denied({ Action: 'csms:secret:delete' })],
  [
    'both versions together',
    EXPLICIT,
    {
      statements: [
        policyOf({ Version: '1.1', Statement: [ALLOW] }),
        policyOf({ Version: '5.0', Statement: [deny({ NotAction: 'kms:*:*' })] }, { via: 'group:g' }),
      ],
    },
  ],
  ['a grant: allowed', YES, { statements: [], ...granted }],
  ['a Deny wins over a grant', EXPLICIT, { statements: [deny({ Action: '*' })], ...granted }],
  ['a policy counts in its projects', YES, { statements: scoped({ projectIds: ['p1'] }) }],
  ['and not in others', NO, { statements: scoped({ projectIds: ['p2'] }) }],
  ['and outside of any', YES, { statements: scoped({ projectIds: ['p2'] }), asked: { project: undefined } }],
  [
    'a policy for an enterprise project',
    LATER_YES,
    { statements: scoped({ enterpriseProjectIds: ['e1', 'e2'] }), resource: { enterpriseProjectId: 'e2' } },
  ],
  ['and not for another', LATER_NO, { statements: scoped({ enterpriseProjectIds: ['e1'] }), ...there }],
  [
    'and for no action without one',
    NO,
    { statements: scoped({ enterpriseProjectIds: ['0'] }), ...action('csms::createEvent') },
  ],
  ['attributes decide', LATER_YES, allowed(tagA, tagged(['a', 'b']))],
  ['not there: an attribute is not met in Allow', LATER_NO, allowed(tagA)],
  ['not there: an attribute is met in Deny', LATER_NO, denied(tagA)],
  ['there: it is not met in Deny', LATER_YES, denied(tagA, there)],
  [
    'not there: not even with IfExists',
    LATER_NO,
    allowed(when('StringEqualsIfExists', 'g:ResourceTag/a', 'b')),
  ],
  ['not there: not even Null', LATER_NO, allowed(when('Null', 'g:ResourceTag/a', ['true', 'false']))],
  ['not there: a path that is known counts', YES, allowed(named)],
  ['an unknown id has no known path: not met in Allow', LATER_NO, allowed(named, byId)],
  ['an unknown id has no known path: met in Deny', LATER_NO, denied(named, byId)],
  [
    'an unknown id: NotResource is not met in Allow',
    LATER_NO,
    allowed({ NotResource: 'csms:*:*:secretName:b' }, byId),
  ],
  [
    'an unknown id: NotResource is met in Deny',
    LATER_NO,
    denied({ NotResource: 'csms:*:*:secretName:b' }, byId),
  ],
  ['an id that is there has a path', LATER_YES, allowed(named, { ...byId, ...there })],
  ['unless it is *', YES, allowed({ Resource: 'csms:*:*:secretName:*' }, byId)],
  ['unless it is * in NotResource', YES, denied({ NotResource: 'csms:*:*:secretName:*' }, byId)],
  ['the other parts are known', NO, allowed({ Resource: 'csms:*:*:other:app-a' }, byId)],
  ['only who would be allowed whatever the resource was is told 404', YES, { statements: [ALLOW], ...byId }],
  ['a Deny that depends on an attribute is not explicit', LATER_NO, denied(tagA, tagged(['a', 'b']))],
  ['a Deny that depends on an unknown path is not explicit', LATER_NO, denied(named, { ...byId, ...there })],
  ['a Deny by name is explicit', EXPLICIT, denied(named)],
  [
    'what the request makes counts as there',
    YES,
    allowed(when('Null', 'g:ResourceTag/a', 'true'), key('kms:cmk:create')),
  ],
  ['with the id that it will get', YES, allowed({ Resource: 'kms:*:*:KeyId:k1' }, key('kms:cmk:create'))],
];

/** Lists and batches as a whole: whether they are open. */
const WHOLES: readonly (readonly [sentence: string, isOpen: boolean, example: Example])[] = [
  ['an Allow names the action', true, allowed({ Action: 'csms:secret:list' })],
  ['no Allow names it', false, allowed({ Action: 'csms:secret:get' })],
  ['an Allow of some resources', true, allowed({ Resource: 'csms:*:*:secretName:nothing' })],
  ['an Allow whose conditions are not met', false, allowed(when('StringEquals', 'g:UserName', 'bob'))],
  ['an Allow on attributes', true, allowed(when('StringEquals', 'g:EnterpriseProjectId', 'e1'))],
  ['an Allow on what the action does not have', false, allowed(tagA)],
  ['an Allow for some enterprise projects', true, { statements: scoped({ enterpriseProjectIds: ['e1'] }) }],
  ['an Allow for other projects', false, { statements: scoped({ projectIds: ['p2'] }) }],
  ['a Deny of all', false, denied({})],
  ['a Deny of *', false, denied({ Resource: ['csms:*:*:secretName:a', '*'] })],
  ['a Deny of some resources', true, denied({ Resource: 'csms:*:*:secretName:*' })],
  ['a Deny of other resources', true, denied({ NotResource: 'csms:*:*:secretName:a' })],
  ['a Deny whose conditions are met', false, denied(when('StringEquals', 'g:UserName', 'ann'))],
  ['a Deny whose conditions are not met', true, denied(when('StringEquals', 'g:UserName', 'bob'))],
  ['a Deny on attributes', true, denied(when('StringEquals', 'g:EnterpriseProjectId', '0'))],
  ['a Deny on what differs by item', true, { ...denied(when('Null', 'csms:KmsKeyId', 'true')), ...create() }],
  [
    'an Allow on what differs by item',
    true,
    { ...allowed(when('StringEquals', 'csms:Type', 'RDS-FG')), ...create() },
  ],
  ['a grant opens', true, { statements: [], asked: { action: 'csms:secret:list', isGranted: true } }],
];

describe('Lists and batches', () => {
  it.each(WHOLES)('%s: %s', (_sentence, isOpen, example) => {
    expect(isWholeOpen({ ...example, asked: { action: 'csms:secret:list', ...example.asked } })).toBe(isOpen);
  });
});

const PARTS: Readonly<Record<string, readonly Row[]>> = {
  Actions: ACTIONS,
  Resources: RESOURCES,
  Operators: OPERATORS,
  Conditions: CONDITIONS,
  Variables: VARIABLES,
  'Condition keys': KEYS,
  Decisions: DECISIONS,
};

describe.each(Object.entries(PARTS))('%s', (_, rows) => {
  it.each(rows)('%s: %s', (_sentence, outcome, example) => {
    expect(outcomeOf(example)).toBe(outcome);
  });
});
