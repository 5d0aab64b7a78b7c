import { beforeAll, describe, expect, it } from 'vitest';
import { ALPHA, BETA, shareServer } from '../../support/server.ts';
import { callsOf, INVALID, NOT_THERE, ok, problem, UUID } from '../calls.ts';

const server = shareServer({ env: { CSMS_LIMITS: 'events=40' } });
const acme = callsOf(server);

const TOPIC = { target_type: 'SMN', target_id: `urn:smn:local-1:${ALPHA}:ops`, target_name: 'ops' };
const ALL_TYPES = [
  'SECRET_VERSION_CREATED',
  'SECRET_VERSION_EXPIRED',
  'SECRET_ROTATED',
  'SECRET_DELETED',
  'SECRET_ROTATED_FAILED',
];
const body = (name: string, changes: object = {}) => {
  return { name, event_types: ['SECRET_DELETED'], state: 'ENABLED', notification: TOPIC, ...changes };
};
const send = (method: string, path: string, payload?: unknown, project = ALPHA) =>
  server.send({ method, path: `/v1/${project}/csms/events${path}`, body: payload });
const create = async (name: string, changes: object = {}) =>
  ok(await send('POST', '', body(name, changes))).event;

/** The whole body of a refusal: nested, with the same at the top. */
function nested(answer: { json: Record<string, unknown> }) {
  const { error, ...top } = answer.json;
  expect(error).toEqual({ ...top, code: top.error_code, message: top.error_msg });
  return top;
}

describe('CreateSecretEvent', () => {
  it('returns the event, and ShowSecretEvent the same', async () => {
    const before = Date.now();
    const answer = await send('POST', '', body('first', { event_types: ALL_TYPES }));
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      event: {
        name: 'first',
        event_id: expect.stringMatching(UUID),
        event_types: ALL_TYPES,
        state: 'ENABLED',
        create_time: expect.any(Number),
        update_time: answer.json.event.create_time,
        notification: TOPIC,
      },
    });
    expect(answer.json.event.create_time).toBeGreaterThanOrEqual(before);
    expect(ok(await send('GET', '/first'))).toEqual(answer.json);
  });

  it('refuses a name in use', async () => {
    await create('taken');
    const answer = await send('POST', '', body('taken'));
    expect(answer.status).toBe(409);
    expect(nested(answer)).toEqual({ error_code: 'CSMS.0101', error_msg: 'The event name already exists.' });
  });

  it('does not look whether the topic exists', async () => {
    const notification = { ...TOPIC, target_id: 'demo-smn-id' };
    expect((await create('nowhere', { notification })).notification).toEqual(notification);
  });

  it('takes the longest names', async () => {
    const notification = { target_type: 'SMN', target_id: 'u'.repeat(256), target_name: 't'.repeat(64) };
    expect((await create('n'.repeat(64), { notification })).notification).toEqual(notification);
  });
});

describe('UpdateSecretEvent', () => {
  it.each([
    { state: 'DISABLED' },
    { event_types: ['SECRET_ROTATED', 'SECRET_DELETED'] },
    { notification: { target_type: 'SMN', target_id: 'other', target_name: 'o' } },
  ])('changes %j and nothing else', async (changes) => {
    const created = await create(`changed-${Object.keys(changes)[0]}`);
    const answer = await send('PUT', `/${created.name}`, changes);
    expect(answer.status).toBe(200);
    const { update_time } = answer.json.event;
    expect(answer.json.event).toEqual({ ...created, ...changes, update_time });
    expect(update_time).toBeGreaterThanOrEqual(created.update_time);
    expect(ok(await send('GET', `/${created.name}`))).toEqual(answer.json);
  });

  it('leaves everything alone with nothing, with nulls and with what cannot be changed', async () => {
    const created = await create('untouched');
    for (const changes of [
      {},
      { state: null, event_types: null, notification: null },
      { name: 'x', event_id: 'y' },
    ]) {
      expect(ok(await send('PUT', '/untouched', changes)).event).toEqual(created);
    }
  });
});

describe('DeleteSecretEvent', () => {
  it('returns 204 without a body, once', async () => {
    await create('doomed');
    const answer = await send('DELETE', '/doomed');
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(problem(await send('DELETE', '/doomed'))).toEqual(NOT_THERE);
    expect(problem(await send('GET', '/doomed'))).toEqual(NOT_THERE);
  });

  it('is refused while a secret refers to the event', async () => {
    await create('used');
    await acme.create('subscriber', { secret_string: 'x', event_subscriptions: ['used'] });
    const answer = await send('DELETE', '/used');
    expect(answer.status).toBe(400);
    expect(nested(answer)).toEqual({
      error_code: 'CSMS.0003',
      error_msg: 'The request is invalid. Secrets still refer to the event.',
    });
    ok(await acme.put('/subscriber', { event_subscriptions: [] }));
    expect((await send('DELETE', '/used')).status).toBe(204);
  });
});

describe('subscriptions', () => {
  it('are shown, kept by other updates, and filter ListSecrets', async () => {
    await create('filter');
    for (const name of ['sub-b', 'sub-a', 'sub-c'])
      await acme.create(name, { secret_string: 'x', event_subscriptions: ['filter'] });
    await acme.create('unsub');
    expect(ok(await acme.put('/sub-a', { description: 'new' })).secret.event_subscriptions).toEqual([
      'filter',
    ]);
    const names = async (query: string) =>
      ok(await acme.get(`?event_name=${query}`)).secrets.map(({ name }: { name: string }) => name);
    expect(await names('filter')).toEqual(['sub-a', 'sub-b', 'sub-c']);
    expect(await names('filter&limit=1&marker=sub-a')).toEqual(['sub-b']);
    expect(await names('none')).toEqual([]);
  });

  it('need an event of the project', async () => {
    await send('POST', '', body('elsewhere'), BETA);
    for (const event of ['elsewhere', 'none', 'Filter']) {
      const answer = await acme.post('', { name: 'x', secret_string: 'x', event_subscriptions: [event] });
      expect(problem(answer)).toEqual(INVALID);
      expect(answer.json.error_msg).toContain('event_subscriptions');
      expect(answer.json.error_code).toBe('CSMS.0002');
    }
  });

  it('may be null or empty, which clears them', async () => {
    await create('cleared');
    for (const none of [null, []]) {
      const name = `cleared-${String(none)}`;
      await acme.create(name, { secret_string: 'x', event_subscriptions: ['cleared'] });
      expect(
        ok(await acme.put(`/${name}`, { event_subscriptions: none })).secret.event_subscriptions,
      ).toEqual([]);
    }
  });
});

describe('ListSecretEvents', () => {
  beforeAll(async () => {
    for (const name of ['b', 'B', 'a', '_', '9']) ok(await send('POST', '', body(name), BETA));
  });
  const list = async (query = '') => {
    const { events, page_info } = ok(await send('GET', query, undefined, BETA));
    return [events.map(({ name }: { name: string }) => name), page_info];
  };
  const names = ['9', 'B', '_', 'a', 'b', 'elsewhere'];

  it('shows all by name in byte order', async () => {
    expect(await list()).toEqual([
      names,
      { next_marker: null, previous_marker: '9', current_count: names.length },
    ]);
  });

  it('continues behind an exclusive marker, which need not exist', async () => {
    expect(await list('?limit=2')).toEqual([
      ['9', 'B'],
      { next_marker: 'B', previous_marker: '9', current_count: 2 },
    ]);
    expect((await list('?limit=2&marker=B'))[0]).toEqual(['_', 'a']);
    expect((await list('?marker=a0'))[0]).toEqual(['b', 'elsewhere']);
    expect(await list('?marker=z')).toEqual([
      [],
      { next_marker: null, previous_marker: null, current_count: 0 },
    ]);
  });
});

describe('the quota', () => {
  it('refuses one event too many, by its figure', async () => {
    const { events } = ok(await send('GET', '?limit=1000'));
    for (let count = events.length; count < 40; count += 1) await create(`filler-${count}`);
    const answer = await send('POST', '', body('one-too-many'));
    expect(problem(answer)).toEqual([400, 'CSMS.0202']);
    expect(nested(answer).error_msg).toContain('at most 40 events');
    expect((await send('DELETE', '/first')).status).toBe(204);
    await create('one-too-many');
  });
});
