import { describe, expect, it } from 'vitest';
import {
  functionRequest,
  parseAccount,
  readFunctionResponse,
  readPending,
} from '../../../src/core/rotation/functions.ts';
import { functionProject, parseRotationConfig } from '../../../src/core/rotation/rotation.ts';
import { aTask, outcome, TASK_ID } from '../../support/builders.ts';

const CURRENT = { username: 'app', password: 'Canary-old', note: 'Canary-note', port: 5 };
const PENDING = { username: 'app', password: 'Canary-new' };
const ACCOUNTS = { current: CURRENT, previous: undefined, pending: PENDING };
const SINGLE = { instanceId: 'db1', subType: 'SingleUser' } as const;
const MULTI = { instanceId: 'db1', subType: 'MultiUser' } as const;

describe('a rotation_config', () => {
  it.each<[string | undefined, unknown]>([
    ['{"InstanceId":"db1","SecretSubType":"SingleUser"}', SINGLE],
    ['{"InstanceId":"db1","SecretSubType":"MultiUser","more":1}', MULTI],
    ["{'InstanceId':'db1','SecretSubType':'SingleUser'}", SINGLE],
    ['{"InstanceId":"db\'1","SecretSubType":"SingleUser"}', { ...SINGLE, instanceId: "db'1" }],
    ['{"InstanceId":"","SecretSubType":"SingleUser"}', undefined],
    ['{"InstanceId":"db1","SecretSubType":"singleuser"}', undefined],
    ['{"InstanceId":"db1"}', undefined],
    ['null', undefined],
    ['"text"', undefined],
    ['{', undefined],
    [undefined, undefined],
  ])('%s', (text, expected) => expect(parseRotationConfig(text)).toStrictEqual(expected));
});

describe('the project of a function', () => {
  it.each([
    ['urn:fss:local-1:abc:function:default:rotate', 'abc'],
    ['urn:fss:local-1:abc:function:default:rotate:latest', 'abc'],
    ['urn:fss:local-1:abc:function:', undefined],
    ['urn:fss:local-1:function:x', undefined],
    ['urn:smn:local-1:abc:function:x', undefined],
    ['', undefined],
  ])('%s', (urn, project) => expect(functionProject(urn)).toBe(project));
});

describe('an account', () => {
  it.each<[string, boolean]>([
    ['{"username":"a","password":"b"}', true],
    ['{"username":"a","password":"b","more":{"x":1}}', true],
    ['{"username":"","password":"b"}', false],
    ['{"username":"a","password":""}', false],
    ['{"username":"a"}', false],
    ['{"username":1,"password":"b"}', false],
    ['[{"username":"a","password":"b"}]', false],
    ['null', false],
    ['plain text', false],
  ])('%s', (text, isOne) => {
    expect(parseAccount(text)).toStrictEqual(isOne ? JSON.parse(text) : undefined);
  });
});

describe('a request', () => {
  it('of create has no new value', () => {
    const accounts = { current: CURRENT, previous: undefined, pending: undefined };
    expect(functionRequest(aTask(), 'RDS-FG', SINGLE, accounts)).toStrictEqual({
      step: 'create',
      urn: aTask().functionUrn,
      taskId: TASK_ID,
      secretName: 'db-password',
      secretType: 'RDS-FG',
      subType: 'SingleUser',
      instanceId: 'db1',
      current: CURRENT,
    });
  });

  it('of the other steps has all of them', () => {
    const previous = { username: 'app2', password: 'x' };
    const task = aTask({ step: 'set', versionNumber: 3 });
    expect(functionRequest(task, 'GaussDB-FG', MULTI, { ...ACCOUNTS, previous })).toMatchObject({
      step: 'set',
      versionId: 'v3',
      subType: 'MultiUser',
      current: CURRENT,
      previous,
      pending: PENDING,
    });
  });
});

describe('an answer', () => {
  const read = (status: number, body: unknown = {}) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return readFunctionResponse({ status, text }, ACCOUNTS);
  };

  it('of 200 with an object passes', () => {
    expect(read(200, { pending: 1 })).toStrictEqual({ kind: 'passed', response: { pending: 1 } });
  });

  it.each(['', 'ok', '[]', 'null', '<html>', '"x"', '{"a":1'])(
    'of 200 with %j asks for another attempt',
    (body) => {
      expect(read(200, body)).toMatchObject({ isFinal: false, error: { code: 'ANSWER_INVALID' } });
    },
  );

  it.each([201, 204, 301, 302, 400, 401, 403, 404, 499])('of %d is final', (status) => {
    expect(read(status)).toMatchObject({ isFinal: true, error: { code: 'FUNCTION_REFUSED' } });
  });

  it.each([408, 429, 500, 502, 503, 504, 599, 100])('of %d asks for another attempt', (status) => {
    expect(read(status)).toMatchObject({ isFinal: false, error: { code: 'FUNCTION_FAILED' } });
  });

  const messageOf = (error_msg: unknown) => {
    const outcome = read(500, { error_msg });
    return outcome.kind === 'failed' ? outcome.error.message : undefined;
  };

  it('is shown in the function’s own words, without control characters, within 512 characters', () => {
    expect(messageOf('no role "app"\r\n\0there')).toBe(
      'The function answered with status 500: no role "app" there',
    );
    expect(messageOf('x'.repeat(600))).toHaveLength(512);
    expect(messageOf(`x${'😀'.repeat(300)}`)?.isWellFormed()).toBe(true);
    for (const nothing of [undefined, '', 7, null, {}]) {
      expect(messageOf(nothing)).toBe('The function answered with status 500.');
    }
  });

  it.each(['Canary-old', 'Canary-new', 'Canary-note'])('never repeats a part of a value: %s', (part) => {
    const message = messageOf(`login with ${part} failed`);
    expect(message).not.toContain('Canary');
    expect(message).toContain('left out');
  });

  describe('repeats no other spelling of a part of a value', () => {
    const PASSWORD = `Canary'/"\\é>>??`;
    const NOTE = `note's\n\ud800`;
    const pending = { username: 'app', password: 'Canary-new', more: { note: NOTE } };
    const accounts = { current: { username: 'app', password: PASSWORD }, previous: undefined, pending };

    it.each<[string, string]>([
      ['as JSON', `{"password":${JSON.stringify(PASSWORD)}}`],
      ['percent-encoded', `pg://app:${encodeURIComponent(PASSWORD)}@db`],
      ['percent-encoded in small letters', `pg://app:Canary'%2f%22%5c%c3%a9%3e%3e%3f%3f@db`],
      ['with single quotes doubled', `PASSWORD '${PASSWORD.replace("'", "''")}'`],
      ['with quotes behind a backslash', `'${PASSWORD.replace("'", "\\'").replace('"', '\\"')}'`],
      ['with backslashes doubled too', `'Canary\\'/\\"\\\\é>>??'`],
      ['as Base64', `got ${Buffer.from(PASSWORD).toString('base64')}`],
      [
        'as Base64 without padding',
        `got ${Buffer.from('Canary-new').toString('base64').replace(/=+$/, '')}.`,
      ],
      ['as Base64 for URLs', `got ${Buffer.from(PASSWORD).toString('base64url')}`],
      ['as hex', `got \\x${Buffer.from(PASSWORD).toString('hex')}`],
      ['as hex in capitals', `got ${Buffer.from('Canary-new').toString('hex').toUpperCase()}`],
      ['of another member', `{"note":${JSON.stringify(NOTE)}}`],
    ])('%s', (_, error_msg) => {
      expect(
        readFunctionResponse({ status: 500, text: JSON.stringify({ error_msg }) }, accounts),
      ).toMatchObject({
        error: {
          message:
            'The function answered with status 500: (its text is left out, because it repeats a part of a value)',
        },
      });
    });
  });

  it('has none of its words kept while the new value is not known', () => {
    const accounts = { ...ACCOUNTS, pending: undefined };
    const text = JSON.stringify({ error_msg: 'cannot use Canary-made' });
    expect(readFunctionResponse({ status: 500, text }, accounts)).toMatchObject({
      error: {
        code: 'FUNCTION_FAILED',
        message:
          'The function answered with status 500: (its text is left out, because the new value is not known yet)',
      },
    });
  });
});

describe('the new value', () => {
  it('is kept with all its members', () => {
    const pending = { ...CURRENT, password: 'another' };
    expect(JSON.parse(readPending({ pending }, CURRENT, SINGLE))).toStrictEqual(pending);
    const other = { ...pending, username: 'app_2' };
    expect(JSON.parse(readPending({ pending: other }, CURRENT, MULTI))).toStrictEqual(other);
  });

  it.each<[string, unknown, typeof SINGLE | typeof MULTI]>([
    ['missing', undefined, SINGLE],
    ['a text', 'x', SINGLE],
    ['a list', [], SINGLE],
    ['without a password', { username: 'app' }, SINGLE],
    ['another account', { username: 'other', password: 'x' }, SINGLE],
    ['the same account', { username: 'app', password: 'x' }, MULTI],
    ['the same password', { username: 'app', password: 'Canary-old' }, SINGLE],
  ])('is refused when it is %s', (_, pending, config) => {
    expect(outcome(() => readPending({ pending }, CURRENT, config))).toBe('invalid-parameter');
  });
});
