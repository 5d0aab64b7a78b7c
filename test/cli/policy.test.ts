import { describe, expect, it } from 'vitest';
import { readIdentities } from '../../src/auth/identities/file.ts';
import { type Asked, explainAction } from '../../src/cli/explanation.ts';
import { readContext } from '../../src/cli/explanation-facts.ts';
import { explanationText } from '../../src/cli/explanation-text.ts';
import { findUser } from '../../src/cli/named-identity.ts';
import { suggestDocument } from '../../src/cli/policy-suggestion.ts';
import { sources } from '../auth/fixtures.ts';

const DOMAIN = 'd0'.repeat(16);
const [ALPHA, BETA] = ['a1'.repeat(16), 'b2'.repeat(16)];
const CONTENTS = readIdentities({
  file: 'f',
  sources: sources(),
  text: `
domains:
  - id: ${DOMAIN}
    name: acme
    projects: [{ id: ${ALPHA}, name: alpha }, { id: ${BETA}, name: beta }]
    groups: [{ id: g, name: dev, policies: [tags] }]
    users:
      - { id: ann, name: ann, groups: [dev], policies: [read, { policy: write, projects: [beta] }, KMSReadOnlyPolicy] }
      - { id: bob, name: bob }
policies:
  - name: read
    document:
      Version: "5.0"
      Statement:
        - { Sid: values, Effect: Allow, Action: [csms:secret:getVersion], Resource: ["csms:*:*:secretName:app-*"] }
        - { Effect: Allow, Action: ["kms:cmk:decryptDataKey"], Resource: ["kms:*:*:KeyId:k1"] }
  - name: write
    document: { Version: "5.0", Statement: [{ Effect: Allow, Action: ["csms:*:*"] }, { Effect: Deny, Action: ["csms:secret:delete"] }] }
  - name: tags
    document:
      Version: "5.0"
      Statement:
        - Effect: Allow
          Action: ["csms:secret:get"]
          Condition: { StringEquals: { "g:ResourceTag/team": ["\${g:UserName}"] }, NumberLessThan: { csms:RecoveryWindowInDays: ["9"] } }
        - { Effect: Allow, Action: ["csms:secret:update"], Condition: { StringEquals: { "g:ResourceTag/team": ["\${g:UserName}"] } } }
`,
});
const ASKED: Omit<Asked, 'action' | 'user'> = {
  project: undefined,
  resource: 'app-db',
  key: undefined,
  context: readContext('{}'),
  region: 'local-1',
  nowMs: 0,
};

function explain(action: string, given: Partial<Asked> & { readonly name?: string } = {}) {
  const { name = 'ann', ...more } = given;
  return explainAction(CONTENTS, { ...ASKED, user: findUser(CONTENTS, name, undefined), action, ...more });
}

describe('policy explain', () => {
  it('says which statement decided and why the others did not match, and what the action also takes', () => {
    const values = { policy: 'read', via: 'user', index: 0, sid: 'values' };
    const decrypt = { policy: 'read', via: 'user', index: 1, sid: null };
    expect(explain('csms:secret:getVersion', { key: 'k1' })).toEqual({
      decision: 'allow',
      reason: 'allow',
      action: 'csms:secret:getVersion',
      resource: `csms:local-1:${DOMAIN}:secretName:app-db`,
      user: { id: 'ann', name: 'ann' },
      project: { id: ALPHA, name: 'alpha' },
      statement: values,
      considered: [
        { ...values, effect: 'Allow', matches: true, failed: null },
        { ...decrypt, effect: 'Allow', matches: false, failed: 'action' },
        {
          policy: 'write',
          via: 'user',
          index: 0,
          sid: null,
          effect: 'Allow',
          matches: false,
          failed: 'scope',
        },
        {
          policy: 'write',
          via: 'user',
          index: 1,
          sid: null,
          effect: 'Deny',
          matches: false,
          failed: 'scope',
        },
        {
          policy: 'KMSReadOnlyPolicy',
          via: 'user',
          index: 0,
          sid: null,
          effect: 'Allow',
          matches: false,
          failed: 'action',
        },
        {
          policy: 'tags',
          via: 'group:dev',
          index: 0,
          sid: null,
          effect: 'Allow',
          matches: false,
          failed: 'action',
        },
        {
          policy: 'tags',
          via: 'group:dev',
          index: 1,
          sid: null,
          effect: 'Allow',
          matches: false,
          failed: 'action',
        },
      ],
      dependencies: [
        {
          action: 'kms:cmk:decryptDataKey',
          resource: `kms:local-1:${DOMAIN}:KeyId:k1`,
          decision: 'allow',
          statement: decrypt,
        },
      ],
    });
    const [unknown] = explain('csms:secret:getVersion').dependencies;
    expect(unknown).toMatchObject({ resource: '*', decision: 'deny', statement: null });
    expect(explain('csms:secret:getVersion', { resource: 'web' })).toMatchObject({
      reason: 'no-allow',
      statement: null,
    });
    expect(
      explain('csms:secretVersion:get', { resource: `csms:local-1:${DOMAIN}:secretName:app-x` }).decision,
    ).toBe('allow');
    expect(explain('csms:secret:delete', { project: 'beta' })).toMatchObject({
      decision: 'deny',
      reason: 'explicit-deny',
      statement: { policy: 'write', index: 1 },
    });
    expect(explain('csms::listEvents', { name: 'bob' })).toMatchObject({
      reason: 'no-allow',
      resource: '*',
      considered: [],
    });
  });

  it('goes by what it is told of the resource, and takes the rest for absent', () => {
    const tagged = (value: string) => ({ context: readContext(`{"g:ResourceTag/team": "${value}"}`) });
    expect(explain('csms:secret:update').considered.at(-1)?.failed).toBe('condition');
    expect(explain('csms:secret:update', tagged('bob')).decision).toBe('deny');
    expect(explain('csms:secret:update', tagged('ann')).statement).toMatchObject({
      policy: 'tags',
      via: 'group:dev',
    });
    // A key that the action does not have stays absent.
    const window = readContext('{"g:resourcetag/team": "ann", "csms:RecoveryWindowInDays": 7}');
    expect(explain('csms:secret:get', { context: window }).decision).toBe('deny');
  });

  it.each([
    [
      'an unknown action, with the nearest',
      () => explain('csms:secret:git'),
      'the nearest is csms:secret:get',
    ],
    ['an alias of several', () => explain('kms:cmk:update'), 'stands for several actions'],
    [
      'an action without its resource',
      () => explain('csms:secret:get', { resource: undefined }),
      '--resource',
    ],
    [
      'a resource of another account',
      () => explain('csms:secret:get', { resource: 'csms:r:d:secretName:x' }),
      'begins with csms:local-1:',
    ],
    ['an unknown project', () => explain('csms:secret:get', { project: 'gamma' }), 'no project gamma'],
    ['an unknown user', () => findUser(CONTENTS, 'eve', undefined), 'no user eve'],
    ['an unknown domain', () => findUser(CONTENTS, 'ann', 'x'), 'no domain x'],
    ['a context that is no object', () => readContext('[]'), '--context must be a JSON object'],
    ['an unknown key', () => readContext('{"csms:Typ": "x"}'), 'no condition key csms:Typ'],
    ['a value of a wrong type', () => readContext('{"csms:RecoveryWindowInDays": "x"}'), 'must be a number'],
    ['one text for several', () => readContext('{"g:TagKeys": 1}'), 'must be a list of texts'],
  ])('refuses %s', (_, call, message) => {
    expect(call).toThrow(message);
  });

  it('is read by a person', () => {
    const user = findUser(CONTENTS, 'ann', undefined);
    const text = (action: string, given?: Partial<Asked>) =>
      explanationText(explain(action, given), { usesPolicies: true, user });
    expect(
      text('csms:secret:getVersion'),
    ).toBe(`May ann (domain acme) do csms:secret:getVersion on csms:local-1:${DOMAIN}:secretName:app-db in project alpha?

Yes: statement 0 (values) of policy read allows it.
But it also takes kms:cmk:decryptDataKey on a key that --key does not name, which is not allowed.

Considered, in this order:
  Allow  statement 0 (values) of policy read: matches
  Allow  statement 1 of policy read: does not match: it is about other actions
  Allow  statement 0 of policy write: does not match: it counts in other projects
  Deny   statement 1 of policy write: does not match: it counts in other projects
  Allow  statement 0 of policy KMSReadOnlyPolicy: does not match: it is about other actions
  Allow  statement 0 of policy tags of group dev: does not match: it is about other actions
  Allow  statement 1 of policy tags of group dev: does not match: it is about other actions

It also takes:
  kms:cmk:decryptDataKey on a key that --key does not name: not allowed by any policy
`);
    expect(text('csms:secret:delete', { project: 'beta' })).toContain(
      'No: statement 1 of policy write denies it, whatever else allows it.',
    );
    expect(text('csms:secret:update')).toContain('No: no policy allows it.');
  });
});

describe('policy suggest', () => {
  const line = (action: string, resource: string, user = 'ann') =>
    `${JSON.stringify({ time: 1, user, project: 'alpha', action, resource })}\n`;
  const [A, B, K] = ['csms:r:d:secretName:a', 'csms:r:d:secretName:b', 'kms:r:d:KeyId:k'];
  const suggest = (text: string, version: '1.1' | '5.0' = '5.0', user?: string) =>
    suggestDocument({ file: 'learnt', text }, { user, version });
  const statement = (Action: readonly string[], Resource: readonly string[]) => ({
    Effect: 'Allow',
    Action,
    Resource,
  });

  it('allows each set of resources exactly what was done to it', () => {
    const learnt = [
      line('csms:secret:getVersion', B),
      line('csms:secret:get', B),
      line('csms:secret:get', A),
      line('csms:secret:getVersion', A),
      line('csms:secret:get', A),
      line('kms:cmk:decryptDataKey', K),
      line('csms::listEvents', '*'),
      line('csms:secret:delete', A, 'bob'),
    ].join('');
    expect(suggest(`${learnt}{"time"`, '5.0', 'ann')).toEqual({
      document: {
        Version: '5.0',
        Statement: [
          statement(['csms::listEvents'], ['*']),
          statement(['csms:secret:get', 'csms:secret:getVersion'], [A, B]),
          statement(['kms:cmk:decryptDataKey'], [K]),
        ],
      },
    });
    expect(suggest(learnt, '1.1', 'ann')).toEqual({
      document: {
        Version: '1.1',
        Statement: [
          statement(['csms:event:list'], ['*']),
          statement(['csms:secret:get', 'csms:secretVersion:get'], [A, B]),
          statement(['kms:dek:decrypt'], [K]),
        ],
      },
    });
  });

  it('splits statements of version 1.1 at ten resources, and refuses more than eight of them', () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, index) =>
        line('csms:secret:get', `csms:r:d:secretName:${index}`),
      ).join('');
    const made = suggest(many(21), '1.1');
    expect('document' in made && made.document).toMatchObject({
      Statement: [{ Resource: { length: 10 } }, { Resource: { length: 10 } }, { Resource: { length: 1 } }],
    });
    expect(suggest(many(81), '1.1')).toHaveProperty('refusal', expect.stringContaining('9 statements'));
    expect(suggest(many(81))).toHaveProperty('document');
  });

  it('says that nothing was learnt, and refuses what no server has written', () => {
    expect(suggest('')).toEqual({ refusal: 'nothing was learnt' });
    expect(suggest(line('csms:secret:get', A), '5.0', 'bob')).toEqual({ refusal: 'nothing was learnt' });
    expect(() => suggest(`x\n${line('csms:secret:get', A)}`)).toThrow('learnt:1: (line): is no check');
    expect(() => suggest(`${line('csms:secret:git', A)}\n`)).toThrow('learnt:1: (line): is no check');
  });
});
