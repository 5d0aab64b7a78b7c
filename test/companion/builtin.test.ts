import { describe, expect, it } from 'vitest';
import type { Webhooks } from '../../src/app/outbound/webhooks.ts';
import { BUILTIN, withBuiltin } from '../../src/companion/hooks/builtin.ts';
import { readWorldHooks } from '../../src/companion/hooks/world-hooks.ts';
import { systemRandom } from '../../src/compose/sources.ts';
import { readFunctionResponse, readPending } from '../../src/core/rotation/functions.ts';
import type { RotationSubType } from '../../src/core/rotation/rotation.ts';
import { rateStrength } from '../../src/core/secrets/strength.ts';
import { parseAddressRules } from '../../src/webhook/address-rules.ts';
import { FileError } from '../../src/yaml/file-error.ts';
import { parseYaml } from '../../src/yaml/yaml-node.ts';

const called: string[] = [];
const outside: Webhooks = {
  post: async (url) => {
    called.push(url);
    return { kind: 'failed', reason: 'unreachable' };
  },
};
const webhooks = withBuiltin(outside, systemRandom);
const current = { username: 'app', password: 'first', host: 'db.example' };

async function answerTo(body: object) {
  const outcome = await webhooks.post(BUILTIN, JSON.stringify(body), {});
  if (outcome.kind !== 'answered') throw new Error(outcome.reason);
  const response = { status: outcome.status, text: Buffer.from(outcome.body).toString() };
  const read = readFunctionResponse(response, { current, previous: undefined, pending: undefined });
  if (read.kind !== 'passed') throw new Error(read.error.message);
  return read.response;
}

async function pendingOf(subType: RotationSubType, values: object) {
  const response = await answerTo({ step: 'create', subType, current, ...values });
  const held = { current, ...values }.current;
  return JSON.parse(readPending(response, held, { instanceId: 'i', subType }));
}

describe('the function inside', () => {
  it('gives the same user another password, and keeps the rest of the value', async () => {
    const pending = await pendingOf('SingleUser', {});
    expect(pending).toEqual({ ...current, password: expect.any(String) });
    expect(pending.password).not.toBe(current.password);
  });

  it('gives the previous user another password, or the clone of the present one', async () => {
    const previous = { username: 'app_b', password: 'zeroth', host: 'b.example' };
    expect(await pendingOf('MultiUser', { previous })).toMatchObject({
      username: 'app_b',
      host: 'b.example',
    });
    expect(await pendingOf('MultiUser', {})).toMatchObject({ username: 'app_clone', host: 'db.example' });
    const same = { ...previous, username: 'app' };
    expect(await pendingOf('MultiUser', { previous: same })).toMatchObject({ username: 'app_clone' });
    const clone = { current: { ...current, username: 'app_clone' }, previous: current };
    expect(await pendingOf('MultiUser', clone)).toMatchObject({ username: 'app' });
  });

  it('makes strong passwords of 32 characters that need no escape', async () => {
    const passwords = await Promise.all(
      Array.from({ length: 200 }, async () => (await pendingOf('SingleUser', {})).password as string),
    );
    expect(new Set(passwords).size).toBe(200);
    for (const password of passwords) {
      expect(password).toMatch(/^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?=.*[-_.])[\w.-]{32}$/);
      expect(rateStrength(password).strength).toBe('strong');
    }
  });

  it.each(['set', 'test', 'finish'])('passes the step %s', async (step) => {
    expect(await answerTo({ step, subType: 'SingleUser', current })).toEqual({});
  });

  it('accepts as a topic what SMN would deliver', async () => {
    expect(await webhooks.post(BUILTIN, '{"type":"Notification"}', {})).toMatchObject({ status: 200 });
  });

  it('is called by its own name alone', async () => {
    expect(called).toEqual([]);
    for (const url of ['https://builtin/', 'builtin:']) await webhooks.post(url, '{}', {});
    expect(called).toEqual(['https://builtin/', 'builtin:']);
  });
});

describe('hooks of a world', () => {
  const rules = parseAddressRules('ops.example');
  const TOPIC = `urn:smn:local-1:${'a1'.repeat(16)}:ops`;
  const url = 'https://ops.example/csms';
  const secret = 's'.repeat(16);
  const read = (hooks: object) =>
    readWorldHooks(parseYaml({ file: 'body', text: JSON.stringify(hooks) }), rules);
  const topic = (more: object) => ({ topics: [{ urn: TOPIC, endpoints: [url], secret, ...more }] });
  const fn = (more: object) => ({ functions: [{ urn: '*', url, secret, ...more }] });

  it('lead outside with a secret, and stay inside without', () => {
    const [one, two] = read({ ...topic({}), ...fn({ url: 'builtin', secret: undefined }) });
    expect(one).toMatchObject({ kind: 'topic', urn: TOPIC, urls: [url] });
    expect(one?.key?.export().toString()).toBe(secret);
    expect(two).toEqual({ kind: 'function', urn: '*', urls: ['builtin'], key: undefined });
    expect(read(topic({ endpoints: ['builtin', url] }))[0]).toMatchObject({ urls: ['builtin', url] });
    expect(read({})).toEqual([]);
  });

  it.each([
    [topic({ secret: undefined }), 'topics[0]: secret is missing'],
    [topic({ endpoints: ['builtin', url], secret: undefined }), 'topics[0]: secret is missing'],
    [topic({ secret: 's'.repeat(15) }), 'topics[0].secret: must have 16 to 4096 bytes'],
    [topic({ secret: 's'.repeat(4_097) }), 'topics[0].secret: must have 16 to 4096 bytes'],
    [topic({ endpoints: ['builtin'] }), 'topics[0].secret: is of no use for builtin'],
    [topic({ endpoints: ['builtin', 'builtin'], secret: undefined }), 'must not hold a URL twice'],
    [topic({ endpoints: [] }), 'must hold 1 to 16 URLs'],
    [topic({ endpoints: ['https://evil.example/'] }), 'CSMS_WEBHOOK_HOSTS does not allow'],
    [topic({ urn: 'urn:*' }), 'topics[0].urn: must be a topic'],
    [topic({ secret_file: 'x' }), 'topics[0].secret_file: is not known here'],
    [fn({ url: 'BUILTIN' }), 'functions[0].url: must be an absolute URL'],
    [fn({ urn: TOPIC }), 'functions[0].urn: must be a function'],
    [{ functions: [...fn({}).functions, ...fn({}).functions] }, 'functions[1].urn: comes twice'],
  ])('%j is refused: %s', (hooks, problem) => {
    expect(() => read(hooks)).toThrow(FileError);
    expect(() => read(hooks)).toThrow(problem);
  });

  it('never quote a secret in a refusal', () => {
    expect(() => read(topic({ secret: 'short-canary' }))).not.toThrow(/canary/);
  });
});
