import { execFile } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readFunctionTemplates } from '../../src/function-templates/texts.ts';
import { type RunningFunction, runFunction, SECRET, signature } from './running.ts';

const templates = readFunctionTemplates();
const ENGINES = ['mysql', 'postgresql', 'sqlserver'] as const;
/** A name and a password that break out of careless quotes. */
const NAME = `app'"]; --`;
const QUOTED = `p'"]\`$ --`;
const current = { username: NAME, password: QUOTED, note: 'kept' };
const call = { taskId: 't1', secretName: 's', secretType: 'RDS-FG', instanceId: 'db1', current };

describe.each(ENGINES)('the function for %s and one account', (engine) => {
  let running: RunningFunction;
  beforeAll(async () => {
    running = await runFunction(templates.textFor({ subType: 'SingleUser', engine }));
  });
  afterAll(() => running.stop());
  beforeEach(() => running.setAccounts({ [NAME]: QUOTED }));
  const single = { ...call, subType: 'SingleUser' };

  it('makes a value that changes nothing yet, another one every time', async () => {
    const [one, other] = [
      await running.call({ ...single, step: 'create' }),
      await running.call({ ...single, step: 'create' }),
    ];
    expect(one.status).toBe(200);
    expect(one.json).toEqual({ pending: { ...current, password: expect.stringMatching(/^[\w.~-]{32}$/) } });
    expect(other.json).not.toEqual(one.json);
    expect(running.accounts()[NAME]).toBe(QUOTED);
  });

  it('gives the account its new password, and ends the same when a step comes twice', async () => {
    const { pending } = (await running.call({ ...single, step: 'create' })).json as {
      pending: { password: string };
    };
    for (const step of ['set', 'set', 'test', 'test', 'finish', 'finish', 'set'])
      expect([step, await running.call({ ...single, step, pending })]).toEqual([
        step,
        { status: 200, json: {} },
      ]);
    expect(running.accounts()).toEqual({ dba: 'dba', [NAME]: pending.password });
  });

  it('takes every password that the server has stored', async () => {
    const pending = { ...current, password: `${QUOTED}'']]""` };
    expect((await running.call({ ...single, step: 'set', pending })).status).toBe(200);
    expect(running.accounts()[NAME]).toBe(pending.password);
  });

  it('says that a password is refused, or that the database is down, without any password', async () => {
    const pending = { ...current, password: 'nobody-knows-it' };
    const answers = [
      await running.call({ ...single, step: 'test', pending }),
      await running.call({ ...single, step: 'set', pending, current: pending }),
      await running.call({ ...single, step: 'set', pending, instanceId: 'down' }),
    ];
    for (const { status, json } of answers) {
      expect(status).toBe(500);
      expect(json).toEqual({ error_msg: expect.stringMatching(/^the step failed: \w+$/) });
      expect(JSON.stringify(json)).not.toMatch(/nobody-knows-it|refused/);
    }
    expect(running.accounts()[NAME]).toBe(QUOTED);
    expect(running.output()).toBe('');
  });
});

describe.each(ENGINES)('the function for %s and two accounts', (engine) => {
  let running: RunningFunction;
  beforeAll(async () => {
    running = await runFunction(templates.textFor({ subType: 'MultiUser', engine }));
  });
  afterAll(() => running.stop());
  const second = `${NAME}_2`;
  beforeEach(() => running.setAccounts({ [NAME]: QUOTED, [second]: 'second' }));
  const multi = { ...call, subType: 'MultiUser' };

  it('resets the account that is not in use, and leaves the other alone', async () => {
    const previous = { username: second, password: 'second' };
    const { pending } = (await running.call({ ...multi, step: 'create', previous })).json as {
      pending: { password: string };
    };
    expect(pending).toEqual({ username: second, password: expect.stringMatching(/^[\w.~-]{32}$/) });
    for (const step of ['set', 'set', 'test', 'finish'])
      expect((await running.call({ ...multi, step, previous, pending })).status).toBe(200);
    expect(running.accounts()).toEqual({ dba: 'dba', [NAME]: QUOTED, [second]: pending.password });
  });

  it('begins with the second account where there is no previous value', async () => {
    const { json } = await running.call({ ...multi, step: 'create' });
    expect(json.pending).toMatchObject({ username: second, note: 'kept' });
  });

  it('never takes the password of the account in use away', async () => {
    const pending = { ...current, password: 'new' };
    expect((await running.call({ ...multi, step: 'set', pending })).status).toBe(500);
    expect(running.accounts()[NAME]).toBe(QUOTED);
  });
});

describe('every function', () => {
  let running: RunningFunction;
  beforeAll(async () => {
    running = await runFunction(templates.textFor({ subType: 'SingleUser', engine: 'mysql' }));
    running.setAccounts({ [NAME]: QUOTED });
  });
  afterAll(() => running.stop());
  const step = { ...call, step: 'create' };
  const body = JSON.stringify(step);
  const seconds = () => Math.floor(Date.now() / 1_000);

  // Made when it is called: by then the tests before it may have taken longer than a signature is off.
  it.each<[string, (now: number) => string | undefined]>([
    ['none', () => undefined],
    ['an empty one', () => ''],
    ['one of another secret', (now) => signature(body, now, 'another')],
    ['one of another body', (now) => signature(`${body} `, now)],
    ['one of another time', (now) => signature(body, now).replace(`t=${now}`, `t=${now - 1}`)],
    ['one that is too old', (now) => signature(body, now - 310)],
    ['one of the future', (now) => signature(body, now + 310)],
    ['one that is cut off', (now) => signature(body, now).slice(0, -1)],
    ['the secret itself', (now) => `t=${now},v1=${SECRET}`],
  ])('refuses a signature that is %s', async (_, sign) => {
    const signed = sign(seconds());
    const headers: Record<string, string> = signed === undefined ? {} : { 'x-csms-signature': signed };
    expect(await running.call(step, headers)).toEqual({
      status: 401,
      json: { error_msg: 'the signature is wrong' },
    });
  });

  it('takes a signature of some minutes ago', async () => {
    expect((await running.call(step, { 'x-csms-signature': signature(body, seconds() - 200) })).status).toBe(
      200,
    );
  });

  it.each([
    ['an unknown step', { step: 'drop' }],
    ['a step of the language', { step: 'constructor' }],
    ['an unknown instance', { instanceId: 'other' }],
    ['an instance of the language', { instanceId: 'constructor' }],
  ])('refuses %s for good', async (_, changed) => {
    expect((await running.call({ ...step, ...changed })).status).toBe(400);
  });

  it('refuses a body that is too large', async () => {
    expect((await running.call({ ...step, padding: 'x'.repeat(1_100_000) })).status).toBe(500);
  });

  it('refuses, once it knows its own URN, what was signed for another function', async () => {
    const urn = 'urn:fss:local-1:p:function:default:mine';
    const own = await runFunction(templates.textFor({ subType: 'SingleUser', engine: 'mysql' }), {
      FUNCTION_URN: urn,
    });
    try {
      const answers = [urn, `${urn}2`, undefined].map((named) => own.call({ ...step, urn: named }));
      expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 403, 403]);
    } finally {
      await own.stop();
    }
  });

  it('does not start without its secret', async () => {
    const text = templates
      .textFor({ subType: 'SingleUser', engine: 'mysql' })
      .replace(/^import mysql .*$/m, '');
    const code = await new Promise((resolve) => {
      execFile(process.execPath, ['--input-type=module', '--eval', text], { env: {} }, (error) =>
        resolve(error?.code),
      );
    });
    expect(code).toBe(1);
  });
});
