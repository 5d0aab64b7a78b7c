import fc from 'fast-check';
import type {
  Asked,
  Existing,
  Sent,
  Tag,
  WrittenDocument,
  WrittenPolicy,
  WrittenStatement,
} from './situation.ts';
import { type KeyType, TABLE_ACTIONS, TABLE_KEYS, TABLE_OPERATORS, type TableKey } from './tables.ts';

/** Documents and requests from so small a world that they often are about each other. */

const NOW = Date.parse('2026-06-01T12:00:00Z');
const [REGION, DOMAIN] = ['local-1', 'd0'];
const IDS = [...TABLE_ACTIONS.keys()];
/** Those about which most cases are: with all keys, with few, without a resource. */
const FAVOURITES = [
  'csms:secret:get',
  'csms:secret:getVersion',
  'csms:secret:create',
  'csms:secret:createTag',
  'csms:secret:scheduleDeletion',
  'csms:secret:update',
  'csms:secret:getStage',
  'csms::createEvent',
  'kms:cmk:create',
  'kms:cmk:encryptData',
  'kms:cmk:scheduleKeyDeletion',
  'kms:cmk:deleteTag',
  'kms::generateRandom',
];
/** Lists and batches, which have a check as a whole. */
const AS_A_WHOLE = [
  'csms:secret:create',
  'csms:secret:list',
  'csms:secret:delete',
  'csms:secret:getSecretsByTag',
  'kms:cmk:list',
  'kms:cmk:listAliases',
  'kms:cmk:listKeysByTag',
];

const NAMES = ['app-a', 'app-b', 'db:x', 'ann', 'A', 'a*b', 'k?', '𝛂x', '$', "it's"];
const TAG_KEYS = ['team', 'Team', 'TEAM', 'a', 'k', '\u212a'];
const TEXTS = ['a', 'b', 'ann', 'Ann', 'team', 'a*', '', "it's"];
const USER_NAMES = ['ann', 'bob', 'a*b', 'app-a', 'Ann'];
const TYPES = ['COMMON', 'RDS-FG', 'GaussDB-FG'];
const ENTERPRISE = ['0', 'e1', 'e2'];
const ADDRESSES = [
  '10.1.2.3',
  '10.1.2.4',
  '::ffff:10.1.2.3',
  '::ffff:a01:204',
  '2001:db8::1',
  '::1',
  '0.0.0.0',
];
const NETWORKS = [
  ...ADDRESSES,
  '10.0.0.0/8',
  '10.1.2.9/31',
  '10.1.2.2/31',
  '0.0.0.0/0',
  '::ffff:10.1.0.0/112',
  '2001:DB8::/32',
  '2001:db8:0:0:0:0:0:1/128',
  '::/0',
  '::1/128',
];
const DATES = [
  '2026-06-01T12:00:00Z',
  '2026-06-01T20:00:00+08:00',
  '2026-06-01T11:59:59Z',
  '2026-06-01T12:00:01Z',
  '2026-06-01T07:30:00-04:30',
  '2020-02-29T00:00:00Z',
];
const NUMBERS = ['7', '30', '8', '7.5', '-1', '0', '30.0', '365'];

const oneOf = <T>(...all: readonly T[]) => fc.constantFrom(...all);
const weighted = <T>(...all: readonly (readonly [number, fc.Arbitrary<T>])[]) =>
  fc.oneof(...all.map(([weight, arbitrary]) => ({ weight, arbitrary })));
/** In so many cases of ten. */
const inTenths = <T>(tenths: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  weighted<T | undefined>([10 - tenths, fc.constant(undefined)], [tenths, arbitrary]);
const often = <T>(arbitrary: fc.Arbitrary<T>) => inTenths(6, arbitrary);

/** A text, or one or more of them. */
const listOf = (text: fc.Arbitrary<string>): fc.Arbitrary<string | string[]> =>
  weighted<string | string[]>([2, text], [5, fc.array(text, { minLength: 1, maxLength: 3 })]);

const inAnyCase = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(text, oneOf('as it is', 'as it is', 'as it is', 'upper', 'lower'))
    .map(([written, how]) =>
      how === 'upper' ? written.toUpperCase() : how === 'lower' ? written.toLowerCase() : written,
    );

/** Writes wildcards into a text. */
const withWildcards = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(text, fc.nat(12), fc.nat(6), oneOf('', '', '*', '?', '**', '*?')).map(([whole, at, cut, wild]) => {
    const characters = [...whole];
    if (wild === '') return whole;
    const start = at % (characters.length + 1);
    return [...characters.slice(0, start), wild, ...characters.slice(start + cut)].join('');
  });

/* Actions */

const actionName = weighted(
  [3, oneOf(...FAVOURITES)],
  [1, oneOf(...IDS)],
  [2, oneOf(...[...TABLE_ACTIONS.values()].flatMap(({ aliases }) => aliases))],
  [1, oneOf('csms:secret:nothing', 'obs:bucket:get', 'csms:secret:getVersions', 'kms:dek:nothing')],
);
const hasThreeParts = (text: string) => /^[\w.*?-]+:[\w.*?-]*:[\w.*?-]+$/.test(text);
const actionPattern = inAnyCase(
  weighted(
    [4, actionName],
    [3, withWildcards(actionName).filter(hasThreeParts)],
    [
      7,
      oneOf(
        '*:*:*',
        'csms:*:*',
        'kms:*:*',
        'csms:secret:*',
        'kms:cmk:*',
        '*:*:get*',
        'csms::*',
        '?ms:*:*',
        '*s:*:*',
      ),
    ],
  ),
);

/* Variables */

const KEY_NAMES = TABLE_KEYS.filter(({ isOfTags }) => !isOfTags).map(({ name }) => name);
const tagName = (name: string) => oneOf(...TAG_KEYS).map((tag) => `${name}/${tag}`);
const singleKey = weighted(
  [
    3,
    oneOf('g:UserName', 'g:ProjectName', 'g:TokenIssueTime', 'g:RequestedRegion', 'csms:Type', 'g:UserAgent'),
  ],
  [2, weighted([1, tagName('g:ResourceTag')], [1, tagName('g:RequestTag')])],
  [2, oneOf(...KEY_NAMES)],
  [1, oneOf('g:PrincipalTag/a', 'obs:prefix', 'g:nothing')],
);
const blanks = oneOf('', '', '', ' ', '  ');
const variable = weighted(
  [
    4,
    fc
      .tuple(blanks, inAnyCase(singleKey), blanks)
      .map(([before, key, after]) => `\${${before}${key}${after}}`),
  ],
  [
    3,
    fc
      .tuple(blanks, singleKey, blanks, oneOf('a', 'ann', "it''s", "it''s", '', '*', 'x:y', 'a}b', 'app-a'))
      .map(([before, key, between, value]) => `\${${key}${between},${before}'${value}'${between}}`),
  ],
  [2, oneOf(...['$', '*', '?', ' $ '].map((name) => `\${${name}}`))],
  [
    2,
    oneOf(
      ...[
        '',
        ' ',
        'g:UserName,',
        "g:UserName, 'a",
        'g:UserName, a',
        'g:TagKeys',
        "g:tagkeys, 'a'",
        "kms:ResourceAliases, 'b'",
      ].map((inner) => `\${${inner}}`),
      ...['$', '$x', '{a}', `\${g:UserName`],
    ),
  ],
);
/** A variable somewhere in a text. */
const withVariables = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  weighted(
    [4, text],
    [1, variable],
    [1, fc.tuple(variable, text).map((both) => both.join(''))],
    [1, fc.tuple(text, variable).map((both) => both.join(''))],
  );

/* Resources */

const closed = (text: string) => !/\$\{(?!(?:'[^']*'|[^'}])*\})/u.test(text);
/** Of the first four parts, where a colon separates and an open brace does not end. */
const part = (own: string, other: string, version: string): fc.Arbitrary<string> => {
  const text = weighted(
    [5, fc.constant('*')],
    [4, fc.constant(own)],
    [1, oneOf(other, '')],
    [1, withWildcards(fc.constant(own))],
    [1, oneOf(...['g:RequestedRegion', 'g:DomainId', 'g:ServiceName'].map((name) => `\${${name}}`))],
  );
  const varied = version === '5.0' ? weighted([12, text], [1, withVariables(text)]) : text;
  return varied.filter(
    (written) => closed(written) && !written.replace(/\$\{(?:'[^']*'|[^'}])*\}/gu, '').includes(':'),
  );
};
const pathPattern = weighted(
  [4, fc.constant('*')],
  [4, oneOf(...NAMES)],
  [4, withWildcards(oneOf(...NAMES))],
  [3, withVariables(withWildcards(oneOf(...NAMES)))],
).filter((path) => path !== '');
const urn = (version: string) =>
  oneOf<readonly string[]>(['csms', 'secretName'], ['kms', 'KeyId']).chain(([service = '', type = '']) =>
    fc
      .tuple(
        weighted([3, inAnyCase(fc.constant(service))], [1, part(service, 'obs', version)]),
        part(REGION, 'local-2', version),
        part(DOMAIN, 'D0', version),
        weighted([3, fc.constant(type)], [1, part(type, 'secretname', version)]),
        pathPattern,
      )
      .map((parts) => parts.join(':')),
  );
const resource = (version: string) =>
  weighted(
    [2, fc.constant('*')],
    [10, urn(version)],
    [2, oneOf('csms:*:*:*:*', 'KMS:*:*:*:*', '*:*:*:*:*', 'cts:*:*:*:*', 'csms:*:*:*:**')],
  ).filter((written) => version === '5.0' || written.length <= 128);

/* Conditions */

function usualValue(type: KeyType, name: string): fc.Arbitrary<string> {
  if (type === 'number') return oneOf(...NUMBERS);
  if (type === 'date') return oneOf(...DATES);
  if (type === 'bool') return inAnyCase(oneOf('true', 'false'));
  if (type === 'IP') return oneOf(...NETWORKS);
  const usual: Record<string, readonly string[]> = {
    'g:UserId': ['u-ann', 'u-bob'],
    'g:PrincipalUrn': ['iam::d0:user:ann', 'iam::d0:user:bob'],
    'g:ProjectName': ['local-1', 'local-2'],
    'g:RequestedRegion': [REGION],
    'g:ServiceName': ['csms', 'kms', 'cts'],
    'g:PrincipalType': ['User'],
    'g:EnterpriseProjectId': ENTERPRISE,
    'g:TagKeys': TAG_KEYS,
    'csms:Type': TYPES,
    'csms:VersionId': ['v1', 'v2', 'latest'],
    'kms:KeySpec': ['AES_256'],
    'kms:KeyOrigin': ['kms'],
    'kms:RequestAlias': ['alias/a', 'alias/b', 'a'],
    'kms:ResourceAliases': ['alias/a', 'alias/b', 'alias/c'],
    'kms:EncryptionAlgorithm': ['SYMMETRIC_DEFAULT', 'RSA'],
  };
  return weighted([3, oneOf(...(usual[name] ?? [...USER_NAMES, ...TEXTS]))], [1, oneOf(...TEXTS)]);
}

/** One operator on one key, of its type. */
const conditionOf = ({ name, type, isMulti, isOfTags }: TableKey) => {
  const written = inAnyCase(fc.constant(name)).chain((cased) =>
    isOfTags ? tagName(cased) : fc.constant(cased),
  );
  const isNull = fc.tuple(fc.constant('Null'), written, listOf(inAnyCase(oneOf('true', 'false'))));
  const value = withVariables(
    weighted(
      [3, usualValue(type, name)],
      [1, type === 'string' ? withWildcards(usualValue(type, name)) : usualValue(type, name)],
    ),
  ).filter((text) => type === 'string' || !/\$(?!\{)|\{a\}/.test(text));
  const operator = fc
    .tuple(
      isMulti ? oneOf('ForAllValues:', 'ForAnyValue:') : fc.constant(''),
      oneOf(...TABLE_OPERATORS[type]),
      oneOf('', '', 'IfExists'),
    )
    .map((pieces) => pieces.join(''));
  return weighted<[string, string, string | string[]]>(
    [1, isNull],
    [6, fc.tuple(operator, written, listOf(value))],
  );
};
const keyFor = weighted(
  [3, oneOf(...TABLE_KEYS)],
  [3, oneOf(...TABLE_KEYS.filter(({ letter }) => /[EGQTk]/.test(letter)))],
  [
    4,
    oneOf(
      ...TABLE_KEYS.filter(({ name }) =>
        /UserName|SourceIp|CurrentTime|Tag|VersionId|Recovery|Aliases/.test(name),
      ),
    ),
  ],
);
const foreign = fc
  .tuple(
    oneOf('StringEquals', 'StringNotEquals', 'StringEqualsIfExists', 'NumberNotEquals'),
    fc.constant('obs:x'),
    listOf(oneOf('1', '2')),
  )
  .map((one): [string, string, string | string[]] => one);
const tagKey = oneOf(...TABLE_KEYS.filter(({ name }) => /g:Re.*Tag/.test(name)));
const oneConditionOf = (key: fc.Arbitrary<TableKey>) =>
  key.chain(conditionOf).map(([operator, name, values]) => ({ [operator]: { [name]: values } }));
const conditions = fc
  .array(weighted([12, keyFor.chain(conditionOf)], [1, foreign]), { minLength: 1, maxLength: 3 })
  .map((all) => {
    const written: Record<string, Record<string, string | string[]>> = {};
    for (const [operator, key, values] of all) written[operator] = { ...written[operator], [key]: values };
    return written;
  });

/* Statements, documents, policies */

function statementOf(version: '1.1' | '5.0'): fc.Arbitrary<WrittenStatement> {
  const is50 = version === '5.0';
  const actions = listOf(is50 ? weighted([9, actionPattern], [1, fc.constant('*')]) : actionPattern);
  const resources = rareLists(version);
  return fc
    .record({
      sid: is50 ? inTenths(2, oneOf('one', 'two')) : fc.constant(undefined),
      effect: oneOf<'Allow' | 'Deny'>('Allow', 'Allow', 'Deny'),
      actions,
      isNotAction: is50 ? weighted([5, fc.constant(false)], [1, fc.constant(true)]) : fc.constant(false),
      resources,
      isNotResource: is50 ? weighted([3, fc.constant(false)], [1, fc.constant(true)]) : fc.constant(false),
      condition: often(conditions),
    })
    .map((one) => ({
      ...(one.sid === undefined ? {} : { Sid: one.sid }),
      Effect: one.effect,
      [one.isNotAction ? 'NotAction' : 'Action']: one.actions,
      ...(one.resources === undefined
        ? {}
        : { [one.isNotResource ? 'NotResource' : 'Resource']: one.resources }),
      ...(one.condition === undefined ? {} : { Condition: one.condition }),
    }));
}

const rareLists = (version: string) => often(listOf(resource(version)));

/** A document that is as it should be. */
export const documents: fc.Arbitrary<WrittenDocument> = oneOf<'1.1' | '5.0'>('1.1', '5.0').chain((version) =>
  fc
    .array(statementOf(version), { minLength: 1, maxLength: 3 })
    .map((statements) => ({ Version: version, Statement: statements })),
);

/** One statement that has one condition or one resource, with an Allow of all beside a Deny: nothing else can decide. */
const narrow: fc.Arbitrary<WrittenPolicy[]> = fc
  .record({
    version: oneOf<'1.1' | '5.0'>('1.1', '5.0'),
    effect: oneOf<'Allow' | 'Deny'>('Allow', 'Deny'),
    rest: weighted<Pick<WrittenStatement, 'Condition' | 'Resource'>>(
      [3, oneConditionOf(keyFor).map((Condition) => ({ Condition }))],
      [1, oneConditionOf(tagKey).map((Condition) => ({ Condition }))],
      [1, resource('5.0').map((Resource) => ({ Resource }))],
    ),
  })
  .map(({ version, effect, rest }) => {
    const all = { Action: '*:*:*' };
    const allowsAll: WrittenStatement[] = effect === 'Deny' ? [{ Effect: 'Allow', ...all }] : [];
    const Statement = [...allowsAll, { Effect: effect, ...all, ...rest }];
    return [{ name: 'policy 0', via: 'user', document: { Version: version, Statement } }];
  });

/** Those of a user, then those of its groups. */
const several: fc.Arbitrary<WrittenPolicy[]> = fc
  .array(
    fc.record({
      document: documents,
      isOwn: fc.boolean(),
      projectIds: inTenths(2, oneOf(['p1'], ['p2'], ['p1', 'p2'])),
      enterpriseProjectIds: inTenths(2, oneOf(['0'], ['e1'], ['e1', 'e2'])),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((all) =>
    [...all]
      .sort((a, b) => Number(b.isOwn) - Number(a.isOwn))
      .map(({ isOwn, ...rest }, index) => ({
        ...rest,
        name: `policy ${index}`,
        via: isOwn ? ('user' as const) : ('group:g' as const),
      })),
  );

export const policies: fc.Arbitrary<WrittenPolicy[]> = weighted([2, several], [1, narrow]);

/* Requests and resources */

const tags = (value: fc.Arbitrary<string | undefined>): fc.Arbitrary<Tag[]> =>
  fc.uniqueArray(fc.record({ key: oneOf(...TAG_KEYS), value }), { maxLength: 4, selector: ({ key }) => key });

const sent: fc.Arbitrary<Sent> = fc.record({
  tags: often(tags(weighted<string | undefined>([5, oneOf(...TEXTS)], [1, fc.constant(undefined)]))),
  secretType: often(oneOf(...TYPES)),
  enterpriseProjectId: often(oneOf(...ENTERPRISE)),
  kmsKeyId: often(oneOf('a', 'app-a', 'ann')),
  versionId: oneOf('latest', 'latest', 'v1', 'v2'),
  stage: oneOf('a', 'SYSCURRENT'),
  recoveryWindowDays: often(oneOf(7, 8, 30)),
  requestAlias: often(oneOf('a', 'b')),
  pendingDays: often(oneOf(7, 365)),
  encryptionAlgorithm: often(oneOf('SYMMETRIC_DEFAULT', 'RSA')),
});

const existing: fc.Arbitrary<Existing> = fc.record({
  path: oneOf(...NAMES),
  enterpriseProjectId: oneOf(...ENTERPRISE),
  tags: tags(oneOf(...TEXTS)),
  secretType: oneOf(...TYPES),
  aliases: fc.uniqueArray(oneOf('a', 'b', 'c'), { maxLength: 2 }),
  latest: inTenths(7, oneOf(1, 2)),
});

/** A request, and the resource if it is there. */
export interface Case {
  readonly asked: Asked;
  readonly resource: Existing | undefined;
}

const askedOf = (action: fc.Arbitrary<string>): fc.Arbitrary<Asked> =>
  fc.record({
    action,
    caller: oneOf(...USER_NAMES).map((userName) => ({
      userId: `u-${userName}`,
      userName,
      domainId: DOMAIN,
      domainName: 'acme',
    })),
    project: inTenths(8, oneOf({ id: 'p1', name: 'local-1' }, { id: 'p2', name: 'local-2' })),
    region: fc.constant(REGION),
    address: oneOf(...ADDRESSES),
    userAgent: often(oneOf(...TEXTS)),
    isSecure: fc.boolean(),
    tokenIssuedAt: often(oneOf(NOW, NOW - 1000)),
    now: oneOf(NOW, NOW - 1000, NOW + 1),
    path: inTenths(5, oneOf(...NAMES)),
    sent,
    isGranted: weighted<boolean>([6, fc.constant(false)], [1, fc.constant(true)]),
  });

/** What the request makes is there, by the name that it has or gets; and what it names by its name is of that name. */
export const cases: fc.Arbitrary<Case> = fc
  .record({
    asked: askedOf(weighted([4, oneOf(...FAVOURITES)], [1, oneOf(...IDS)])),
    resource: inTenths(6, existing),
  })
  .map(({ asked, resource }) => {
    const isMaking = asked.action.endsWith(':create');
    const hasNone = TABLE_ACTIONS.get(asked.action)?.resource === undefined;
    const path = asked.path ?? (isMaking || hasNone ? 'app-a' : undefined);
    return { asked: { ...asked, path }, resource: resource && { ...resource, path: path ?? resource.path } };
  });

/** A list or batch as a whole: nothing is known of any of its resources. */
export const wholes: fc.Arbitrary<Asked> = askedOf(oneOf(...AS_A_WHOLE)).map((asked) => ({
  ...asked,
  path: undefined,
}));
