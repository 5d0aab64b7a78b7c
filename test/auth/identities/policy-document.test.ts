import { describe, expect, it } from 'vitest';
import { readPolicyDocument } from '../../../src/auth/identities/policy-document.ts';
import { parseYaml } from '../../../src/yaml/yaml-node.ts';

const read = (document: unknown) =>
  readPolicyDocument(parseYaml({ file: 'p', text: JSON.stringify(document, null, 1) }));
const v11 = (...statements: readonly unknown[]) => ({ Version: '1.1', Statement: statements });
const v50 = (...statements: readonly unknown[]) => ({ Version: '5.0', Statement: statements });
const ALLOW = { Effect: 'Allow', Action: ['csms:secret:get'] };

describe('a policy document', () => {
  it('of version 1.1 is kept as it is', () => {
    const statement = {
      Effect: 'Deny',
      Action: ['csms:secretVersion:get', 'csms::createEvent', 'csms:*:*', '*'],
      Resource: ['csms:*:*:secretName:app-*', 'CSMS:*:*:secretName:a:b', '*'],
      Condition: { StringEquals: { 'g:ProjectName': ['north', 'south'] }, Bool: { 'g:MFAPresent': 'true' } },
    };
    expect(read({ ...v11(statement), Depends: [] })).toEqual({
      Version: '1.1',
      Statement: [
        {
          ...statement,
          Sid: undefined,
          NotAction: undefined,
          NotResource: undefined,
          Condition: { ...statement.Condition, Bool: { 'g:MFAPresent': ['true'] } },
        },
      ],
    });
  });

  it('of version 5.0 may have Sid, NotAction, NotResource and set operators', () => {
    const statement = {
      Sid: 'one',
      Effect: 'Allow',
      NotAction: ['csms:secret:delete'],
      NotResource: ['csms:r:d:secretName:x'],
      Condition: { 'ForAnyValue:StringEqualsIfExists': { 'g:TagKeys': ['a'] } },
    };
    expect(read(v50(statement)).Statement[0]).toMatchObject(statement);
  });

  it('cannot be changed once it is read', () => {
    const { Statement } = read(v11(ALLOW));
    expect(
      Object.isFrozen(Statement) && Object.isFrozen(Statement[0]) && Object.isFrozen(Statement[0]?.Action),
    ).toBe(true);
  });

  it('takes 8 statements in 1.1, and more in 5.0', () => {
    const nine = Array.from({ length: 9 }, () => ALLOW);
    expect(read(v11(...nine.slice(1))).Statement).toHaveLength(8);
    expect(() => read(v11(...nine))).toThrow('Statement: must hold 1 to 8 statements');
    expect(read(v50(...nine)).Statement).toHaveLength(9);
  });

  it('takes 100 actions, not 101', () => {
    const actions = Array.from({ length: 101 }, (_, index) => `csms:secret:a${index}`);
    expect(read(v11({ ...ALLOW, Action: actions.slice(1) })).Statement[0]?.Action).toHaveLength(100);
    expect(() => read(v11({ ...ALLOW, Action: actions }))).toThrow('Action: must hold 1 to 100 entries');
  });

  it.each([
    ['no version', { Statement: [ALLOW] }, 'Version is missing'],
    ['version 1.0', { Version: '1.0', Statement: [ALLOW] }, 'Version: must be "1.1" or "5.0"'],
    ['no statement', { Version: '1.1' }, 'Statement is missing'],
    ['an empty list', v11(), 'Statement: must hold 1 to 8'],
    ['a statement without a list', { Version: '1.1', Statement: ALLOW }, 'Statement: must be a list'],
    ['an unknown member', { ...v11(ALLOW), Id: 'x' }, 'Id: is not known here'],
    ['dependencies', { ...v11(ALLOW), Depends: ['x'] }, 'Depends: must be absent'],
    ['Depends in 5.0', { ...v50(ALLOW), Depends: [] }, 'Depends: must be absent'],
    ['no effect', v11({ Action: ['csms:a:b'] }), 'Statement[0]: Effect is missing'],
    ['another effect', v11({ ...ALLOW, Effect: 'allow' }), 'Effect: must be Allow or Deny'],
    ['no action', v11({ Effect: 'Allow' }), 'Action is missing'],
    ['an action that is no list', v11({ ...ALLOW, Action: 'csms:a:b' }), 'Action: must be a list'],
    ['an empty list of actions', v11({ ...ALLOW, Action: [] }), 'Action: must hold 1 to 100'],
    ['an action of two parts', v11({ ...ALLOW, Action: ['csms:get'] }), 'Action[0]: must be an action'],
    ['an action of four parts', v11({ ...ALLOW, Action: ['a:b:c:d'] }), 'Action[0]: must be an action'],
    ['a resource of four parts', v11({ ...ALLOW, Resource: ['a:b:c:d'] }), 'Resource[0]: must be *'],
    ['NotAction in 1.1', v11({ ...ALLOW, NotAction: ['a:b:c'] }), 'NotAction: is not known here'],
    ['Action beside NotAction', v50({ ...ALLOW, NotAction: ['a:b:c'] }), 'one of Action and NotAction'],
    ['neither of them', v50({ Effect: 'Allow' }), 'one of Action and NotAction'],
    [
      'Resource beside NotResource',
      v50({ ...ALLOW, Resource: ['*'], NotResource: ['*'] }),
      'not stand beside Resource',
    ],
    ['a condition that is a list', v11({ ...ALLOW, Condition: [] }), 'Condition: must be a mapping'],
    ['an empty condition', v11({ ...ALLOW, Condition: {} }), 'Condition: must hold 1 to 10 operators'],
    ['a bad operator', v11({ ...ALLOW, Condition: { 'a b': { k: ['v'] } } }), 'a b is no operator'],
    ['an operator without keys', v11({ ...ALLOW, Condition: { Bool: {} } }), 'must hold a condition key'],
    ['a key without values', v11({ ...ALLOW, Condition: { Bool: { k: [] } } }), 'must hold 1 to 100 entries'],
    ['values that are mappings', v11({ ...ALLOW, Condition: { Bool: { k: { a: 'b' } } } }), 'must be text'],
  ])('with %s is refused', (_name, document, wanted) => {
    expect(() => read(document)).toThrow(wanted);
  });
});
