import { describe, expect, it } from 'vitest';
import { readPolicyDocument, readPolicyJson } from '../../../src/auth/identities/policy-document.ts';
import { parseYaml } from '../../../src/yaml/yaml-node.ts';

const read = (document: unknown) => {
  const text = JSON.stringify(document, null, 1);
  const fromYaml = readPolicyDocument(parseYaml({ file: 'p', text }));
  expect(readPolicyJson({ file: 'p', text })).toEqual(fromYaml);
  return fromYaml;
};
/** A variable of a policy. */
const variable = (text: string) => `\${${text}}`;
/** What is wrong with it, in both forms. */
const faults = (document: unknown) => {
  const text = JSON.stringify(document, null, 1);
  return [
    () => readPolicyDocument(parseYaml({ file: 'p', text })),
    () => readPolicyJson({ file: 'p', text }),
  ];
};
const v11 = (...statements: readonly unknown[]) => ({ Version: '1.1', Statement: statements });
const v50 = (...statements: readonly unknown[]) => ({ Version: '5.0', Statement: statements });
const ALLOW = { Effect: 'Allow', Action: ['csms:secret:get'] };
const when = (...[operator, key, values]: readonly [string, string, unknown]) =>
  v50({ ...ALLOW, Condition: { [operator]: { [key]: values } } });
const many = (count: number) => Array.from({ length: count }, (_, index) => `csms:secret:a${index}`);

describe('a policy document', () => {
  it('of version 1.1 is kept as it is, a text for a list aside', () => {
    const statement = {
      Effect: 'Deny',
      Action: ['csms:secretVersion:get', 'csms::createEvent', 'csms:*:*', 'IAM:*:get*'],
      Resource: ['csms:*:*:secretName:app-*', 'CSMS:*:*:secretName:a:b', '*'],
      Condition: {
        StringEquals: { 'g:ProjectName': ['north', 'south'], 'obs:prefix': ['x'] },
        Bool: { 'g:MFAPresent': 'True' },
      },
    };
    expect(read({ ...v11(statement), Depends: [] })).toEqual({
      Version: '1.1',
      Statement: [
        {
          ...statement,
          Sid: undefined,
          NotAction: undefined,
          NotResource: undefined,
          Condition: { ...statement.Condition, Bool: { 'g:MFAPresent': ['True'] } },
        },
      ],
    });
  });

  it('of version 5.0 may have Sid, NotAction, NotResource and set operators', () => {
    const statement = {
      Sid: '',
      Effect: 'Allow',
      NotAction: ['*'],
      NotResource: [`csms:${variable("g:RequestedRegion, 'a:b'")}:d:secretName:x`],
      Condition: { 'ForAnyValue:StringEqualsIfExists': { 'G:tagkeys': ['a'] } },
    };
    expect(read(v50(statement)).Statement[0]).toMatchObject(statement);
  });

  it('may have one text where a list stands', () => {
    const { Statement } = read(v50({ Effect: 'Allow', Action: '*', Resource: '*' }));
    expect(Statement[0]).toMatchObject({ Action: ['*'], Resource: ['*'] });
  });

  it('cannot be changed once it is read', () => {
    const { Statement } = read(v11(ALLOW));
    expect(
      Object.isFrozen(Statement) && Object.isFrozen(Statement[0]) && Object.isFrozen(Statement[0]?.Action),
    ).toBe(true);
  });

  it('takes as much as its version allows', () => {
    const long = `csms:secret:${'a'.repeat(117)}`;
    const resource = `csms:*:*:secretName:${'a'.repeat(109)}`;
    expect(read(v11(...Array.from({ length: 8 }, () => ALLOW))).Statement).toHaveLength(8);
    expect(read(v50(...Array.from({ length: 101 }, () => ALLOW))).Statement).toHaveLength(101);
    expect(read(v11({ ...ALLOW, Action: many(100) })).Statement[0]?.Action).toHaveLength(100);
    expect(read(v50({ ...ALLOW, Action: many(101) })).Statement[0]?.Action).toHaveLength(101);
    expect(read(v11({ ...ALLOW, Action: long })).Statement).toHaveLength(1);
    expect(
      read(v50({ ...ALLOW, Resource: Array.from({ length: 11 }, () => resource) })).Statement,
    ).toHaveLength(1);
  });

  it('of 5.0 has at most 131,072 characters of JSON', () => {
    const filled = (length: number) => JSON.stringify(when('StringEquals', 'g:UserName', 'a'.repeat(length)));
    const room = 131_072 - filled(0).length;
    expect(readPolicyJson({ file: 'p', text: filled(room) }).Statement).toHaveLength(1);
    expect(() => readPolicyJson({ file: 'p', text: filled(room + 1) })).toThrow(
      'p:1: (file): must have at most 131072',
    );
    expect(() => readPolicyDocument(parseYaml({ file: 'p', text: filled(room + 200) }))).toThrow(
      'at most 131072',
    );
  });

  it.each([
    ['no version', { Statement: [ALLOW] }, 'Version is missing'],
    ['version 1.0', { Version: '1.0', Statement: [ALLOW] }, 'Version: must be "1.1" or "5.0"'],
    ['no statement', { Version: '1.1' }, 'Statement is missing'],
    ['an empty list', v11(), 'Statement: must hold 1 to 8'],
    ['no statements in 5.0', v50(), 'Statement: must hold 1 or more'],
    ['nine statements in 1.1', v11(...Array.from({ length: 9 }, () => ALLOW)), 'Statement: must hold 1 to 8'],
    ['101 actions in 1.1', v11({ ...ALLOW, Action: many(101) }), 'Action: must hold 1 to 100 entries'],
    [
      'eleven resources in 1.1',
      v11({ ...ALLOW, Resource: Array(11).fill('*') }),
      'Resource: must hold 1 to 10 entries',
    ],
    [
      'a long action in 5.0',
      v50({ ...ALLOW, Action: `a:b:${'c'.repeat(125)}` }),
      'Action: must have at most 128',
    ],
    [
      'a long resource in 1.1',
      v11({ ...ALLOW, Resource: [`a:b:c:d:${'e'.repeat(121)}`] }),
      'Resource[0]: must have at',
    ],
    ['a long Sid', v50({ ...ALLOW, Sid: 'a'.repeat(129) }), 'Sid: must be at most 128'],
    ['a Sid in 1.1', v11({ ...ALLOW, Sid: 'a' }), 'Sid: is not known here'],
    ['a statement without a list', { Version: '1.1', Statement: ALLOW }, 'Statement: must be a list'],
    ['an unknown member', { ...v11(ALLOW), Id: 'x' }, 'Id: is not known here'],
    ['dependencies', { ...v11(ALLOW), Depends: ['x'] }, 'Depends: must be absent'],
    ['Depends in 5.0', { ...v50(ALLOW), Depends: [] }, 'Depends: must be absent'],
    ['no effect', v11({ Action: ['csms:a:b'] }), 'Statement[0]: Effect is missing'],
    ['another effect', v11({ ...ALLOW, Effect: 'allow' }), 'Effect: must be Allow or Deny'],
    ['no action', v11({ Effect: 'Allow' }), 'Action is missing'],
    ['an empty list of actions', v11({ ...ALLOW, Action: [] }), 'Action: must hold 1 to 100'],
    ['actions that are a mapping', v11({ ...ALLOW, Action: {} }), 'Action: must be text'],
    ['* alone in 1.1', v11({ ...ALLOW, Action: ['*'] }), 'Action[0]: must be an action'],
    ['an action of two parts', v50({ ...ALLOW, Action: ['csms:get'] }), 'Action[0]: must be * or an action'],
    ['an action of four parts', v11({ ...ALLOW, Action: ['a:b:c:d'] }), 'Action[0]: must be an action'],
    ['a resource of four parts', v11({ ...ALLOW, Resource: ['a:b:c:d'] }), 'Resource[0]: must be *'],
    [
      'a colon in a variable only',
      v50({ ...ALLOW, Resource: `a:b:c:${variable('d:e')}` }),
      'Resource: must be *',
    ],
    ['a resource without a path', v11({ ...ALLOW, Resource: ['a:b:c:d:'] }), 'Resource[0]: must be *'],
    ['an empty list of resources', v11({ ...ALLOW, Resource: [] }), 'Resource: must hold 1 to 10'],
    ['NotAction in 1.1', v11({ ...ALLOW, NotAction: ['a:b:c'] }), 'NotAction: is not known here'],
    ['NotResource in 1.1', v11({ ...ALLOW, NotResource: ['*'] }), 'NotResource: is not known here'],
    ['Action beside NotAction', v50({ ...ALLOW, NotAction: ['a:b:c'] }), 'one of Action and NotAction'],
    ['neither of them', v50({ Effect: 'Allow' }), 'one of Action and NotAction'],
    [
      'Resource beside NotResource',
      v50({ ...ALLOW, Resource: ['*'], NotResource: ['*'] }),
      'not stand beside Resource',
    ],
    ['a condition that is a list', v11({ ...ALLOW, Condition: [] }), 'Condition: must be a mapping'],
    [
      'eleven operators',
      v50({
        ...ALLOW,
        Condition: Object.fromEntries(
          ['Equals', 'NotEquals', 'Match', 'NotMatch', 'StartWith', 'EndWith']
            .flatMap((name) => [`String${name}`, `String${name}IfExists`])
            .map((name) => [name, { 'g:UserName': 'a' }]),
        ),
      }),
      'Condition: must hold at most 10 operators',
    ],
    ['an operator in other letters', when('stringEquals', 'g:UserName', 'a'), 'stringEquals is no operator'],
    ['an operator of other vendors', when('NumericEquals', 'g:MFAAge', '1'), 'NumericEquals is no operator'],
    ['an operator of every object', when('constructor', 'g:UserName', 'a'), 'constructor is no operator'],
    ['NullIfExists', when('NullIfExists', 'g:UserName', 'true'), 'NullIfExists is no operator'],
    ['a set of dates', when('ForAnyValue:DateLessThan', 'g:CurrentTime', 'a'), 'is no operator'],
    ['an operator without keys', v11({ ...ALLOW, Condition: { Bool: {} } }), 'must hold a condition key'],
    ['an unknown key', when('StringEquals', 'G:Nobody', 'a'), 'G:Nobody: is no known condition key'],
    ['an unknown key of ours', when('StringEquals', 'csms:Name', 'a'), 'is no known condition key'],
    ['a tag without a key', when('StringEquals', 'g:ResourceTag/', 'a'), 'is no known condition key'],
    ['a tag on a key without any', when('StringEquals', 'g:UserName/a', 'a'), 'is no known condition key'],
    ['a key without a service', when('StringEquals', 'SourceIp', 'a'), 'SourceIp: is no known condition key'],
    ['a key of another type', when('StringEquals', 'g:SourceIp', '10.0.0.1'), 'is of type ip, which'],
    ['several values without a set', when('StringEquals', 'g:TagKeys', 'a'), 'has several values'],
    ['a set for one value', when('ForAnyValue:StringEquals', 'g:UserName', 'a'), 'has one value'],
    ['a key without values', when('Bool', 'g:SecureTransport', []), 'must hold 1 or more entries'],
    ['values that are mappings', when('Bool', 'g:SecureTransport', { a: 'b' }), 'must be text'],
    ['a value that is no number', when('NumberEquals', 'g:MFAAge', ['1', '0x1']), '[1]: must be a number'],
    [
      'a day that does not exist',
      when('DateLessThan', 'g:CurrentTime', '2026-02-30T00:00:00Z'),
      'must be a time',
    ],
    ['a time without seconds', when('DateLessThan', 'g:CurrentTime', '2026-02-20T00:00Z'), 'must be a time'],
    ['a time without a zone', when('DateLessThan', 'g:CurrentTime', '2026-02-20T00:00:00'), 'must be a time'],
    ['another truth', when('Bool', 'g:SecureTransport', 'yes'), 'must be true or false'],
    ['another truth for Null', when('Null', 'g:SecureTransport', '1'), 'must be true or false'],
    ['a network that is too wide', when('IpAddress', 'g:SourceIp', '10.0.0.0/33'), 'must be an IP address'],
    ['a value that only its variable saves', when('NumberEquals', 'g:MFAAge', 'a'), 'must be a number'],
  ])('with %s is refused', (_name, document, wanted) => {
    for (const fault of faults(document)) expect(fault).toThrow(wanted);
  });

  it('may hold an empty condition, keys of other services, and variables that nothing can check', () => {
    expect(read(v50({ ...ALLOW, Condition: {} })).Statement[0]?.Condition).toEqual({});
    expect(read(when('NumberEquals', 'obs:max-keys', '10')).Statement).toHaveLength(1);
    expect(read(when('DateLessThan', 'g:CurrentTime', variable('g:TokenIssueTime'))).Statement).toHaveLength(
      1,
    );
    expect(read(when('NumberEquals', 'g:MFAAge', '${bad')).Statement).toHaveLength(1);
    expect(read(when('Null', 'g:TagKeys', 'FALSE')).Statement).toHaveLength(1);
  });
});

describe('a policy document of strict JSON', () => {
  const lines =
    (...text: readonly string[]) =>
    () =>
      readPolicyJson({ file: 'p.json', text: text.join('\n') });

  it('names the line of what is wrong', () => {
    expect(lines('{ "Version": "1.1",', '\t"Statement" :', ' [ {', ' "Effect"\r', ': "allow" } ] }')).toThrow(
      'p.json:3: Statement[0]: Action is missing',
    );
    expect(
      lines('{', '"Version": "1.1",', '"Statement": [ { "Action": "a:b:c", "Effect"', ': "allow" } ] }'),
    ).toThrow(/^p\.json:3: Statement\[0\]\.Effect: must be Allow or Deny$/);
  });

  it.each([
    ['YAML', ['Version: "1.1"'], 'p.json:1: (file): is not valid JSON'],
    ['what is cut off', ['{', '"Version": "1.1"', ''], 'p.json:3: (file): is not valid JSON'],
    ['a value without quotes', ['{', '"Version":', 'x, "a": "b"}'], 'p.json:3: (file): is not valid JSON'],
    ['a bracket that does not fit', ['{', '"Version": ["a"', '}}'], 'p.json:3: (file): is not valid JSON'],
    ['two texts', ['{}', '{}'], 'p.json:2: (file): is not valid JSON'],
    ['a key without a colon', ['{', '"Version", "1.1"', '}'], 'p.json:2: (file): is not valid JSON'],
    ['a comma too many', ['{', '"Version": "1.1",', '}'], 'p.json:3: (file): is not valid JSON'],
    ['nothing', [''], 'p.json:1: (file): is not valid JSON'],
    ['a number', ['{"Version":', '5.0}'], 'p.json:2: Version: must be text'],
    ['a truth', ['{"Version": "5.0", "Statement": [true]}'], 'p.json:1: Statement[0]: must be text'],
    [
      'a name twice',
      ['{"Version": "5.0",', '"Version": "5.0"}'],
      'p.json:2: Version: YAML error: duplicate key',
    ],
    ['a list', ['[]'], 'p.json:1: (file): must be a mapping'],
    ['a text', ['"a"'], 'p.json:1: (file): must be a mapping'],
    ['a number alone', ['1'], 'p.json:1: (file): must be a mapping'],
  ])('is not %s', (_, text, wanted) => {
    expect(lines(...text)).toThrow(wanted);
  });

  it('is not nested without end', () => {
    expect(lines('['.repeat(60_000) + ']'.repeat(60_000))).toThrow('p.json:1: (file): is nested too deeply');
  });

  it('has the escapes of JSON', () => {
    const { Statement } = readPolicyJson({
      file: 'p',
      text: '{"Version":"5.0","Statement":[{"Effect":"Allow","Action":"*","Condition":{"StringEquals":{"g:UserName":"\\/\\u00e9\\ud83d\\ude00\\n: {"}}}]}',
    });
    expect(Statement[0]?.Condition).toEqual({ StringEquals: { 'g:UserName': ['/é😀\n: {'] } });
  });
});
