import { describe, expect, it } from 'vitest';
import { ADMIN, GUEST, OUTSIDER, shareServer } from '../../support/server.ts';
import { callsOf, INVALID, NOT_THERE, ok, PENDING, problem, UUID } from '../calls.ts';

const server = shareServer();
const acme = callsOf(server);

let names = 0;
const aSecret = async (name = `s${++names}`) => (await acme.create(name)).id;
const bodyOf = (resource_id: string, more: object = {}) => ({
  resource_id,
  type: 'SECRET',
  grantee_type: '0',
  grantee_target_id: GUEST.id,
  ...more,
});
const grant = (id: string, more: object = {}) => acme.csms('POST', '/grants', bodyOf(id, more));
const update = (id: string, more: object = {}) =>
  acme.csms('PUT', `/grants?resource_id=${id}`, bodyOf(id, more));
const list = async (id: string) => ok(await acme.csms('GET', `/grants?resource_id=${id}`)).data;
const OPS = { grantee_type: '2', grantee_target_id: 'ops' };
const ABSENT = '00000000-0000-4000-8000-000000000000';
/** Epoch milliseconds of a moment in UTC. */
const ms = (text: string) => Date.parse(`${text}Z`);

describe('CreateGrants', () => {
  it('returns the grant, without an end unless one is given', async () => {
    const id = await aSecret();
    const before = Date.now();
    const { data } = ok(await grant(id));
    expect(data).toEqual({
      uuid: expect.stringMatching(UUID),
      resourceId: id,
      type: 'SECRET',
      granteeUser: GUEST.id,
      createTime: expect.any(Number),
      updateTime: data.createTime,
      validityTime: null,
      state: 0,
      signature: '',
    });
    expect(data.createTime).toBeGreaterThanOrEqual(before);
  });

  it.each([
    ['2099-12-31', ms('2100-01-01T00:00:00')],
    ['2099-12-31 12:00:01', ms('2099-12-31T12:00:01')],
    ['2099-12-31T12:00:01Z', ms('2099-12-31T12:00:01')],
    [null, null],
  ])('takes the end %j', async (validity_time, validityTime) => {
    expect(ok(await grant(await aSecret(), { validity_time })).data.validityTime).toBe(validityTime);
  });

  it('gives someone who has the permission the new end, under the same id', async () => {
    const id = await aSecret();
    const first = ok(await grant(id)).data;
    const second = ok(await grant(id, { validity_time: '2099-12-31' })).data;
    expect(second).toEqual({
      ...first,
      updateTime: second.updateTime,
      validityTime: ms('2100-01-01T00:00:00'),
    });
    expect((await list(id)).grantee_user).toHaveLength(1);
  });

  it.each([OUTSIDER.id, 'user_01', GUEST.name])('refuses %s, who is no user of the domain', async (user) => {
    const answer = await grant(await aSecret(), { grantee_target_id: user });
    expect(problem(answer)).toEqual(INVALID);
    expect(answer.json.error_msg).toContain('grantee_target_id');
  });

  it('takes a group of the domain, and no other', async () => {
    expect(ok(await grant(await aSecret(), OPS)).data.granteeUser).toBe('ops');
    const answer = await grant(await aSecret(), { ...OPS, grantee_target_id: ADMIN.id });
    expect(problem(answer)).toEqual(INVALID);
  });

  it('knows secrets by their ids alone, and no groups of them', async () => {
    const id = await aSecret('by-name');
    expect(problem(await grant('by-name'))).toEqual(NOT_THERE);
    for (const type of ['GROUP', 'group']) {
      const answer = await grant(id, { type });
      expect(problem(answer)).toEqual(NOT_THERE);
      expect(answer.json.error_msg).toContain('no groups of secrets');
    }
    expect(ok(await grant(id, { type: 'secret' })).data.type).toBe('SECRET');
  });

  it('needs a secret that does not wait for deletion', async () => {
    const id = await aSecret('closing');
    ok(await acme.post('/closing/scheduled-deleted-tasks/create', { recovery_window_in_days: 7 }));
    expect(problem(await grant(id))).toEqual(PENDING);
  });

  it('takes 100 grants of one secret and no more', async () => {
    const id = await aSecret();
    for (let count = 0; count < 100; count += 1)
      ok(await grant(id, { ...OPS, grantee_target_id: `group-${count}` }));
    const refused = await grant(id, OPS);
    expect(problem(refused)).toEqual(INVALID);
    expect(refused.json.error_msg).toContain('at most 100 grants');
    expect((await list(id)).grantee_user).toHaveLength(100);
  });
});

describe('UpdateGrant', () => {
  it('sets the end, or takes it away', async () => {
    const id = await aSecret();
    const { data } = ok(await grant(id));
    ok(await grant(id, OPS));
    const updated = ok(await update(id, { validity_time: '2099-12-31' })).data;
    expect(updated).toEqual({
      ...data,
      updateTime: expect.any(Number),
      validityTime: ms('2100-01-01T00:00:00'),
    });
    expect(ok(await update(id)).data.validityTime).toBeNull();
    expect((await list(id)).grantee_user).toHaveLength(2);
  });

  it('changes no grant that is not there', async () => {
    const id = await aSecret();
    ok(await grant(id, OPS));
    expect(problem(await update(id))).toEqual(NOT_THERE);
  });

  it('wants the same secret in the query and in the body', async () => {
    const id = await aSecret();
    ok(await grant(id));
    for (const query of ['', '?resource_id=', `?resource_id=${ABSENT}`]) {
      const answer = await acme.csms('PUT', `/grants${query}`, bodyOf(id));
      expect(problem(answer), query).toEqual(INVALID);
      expect(answer.json.error_msg).toContain('resource_id');
    }
  });

  it('is refused while the secret waits for deletion', async () => {
    const id = await aSecret('closed');
    ok(await grant(id));
    ok(await acme.post('/closed/scheduled-deleted-tasks/create', { recovery_window_in_days: 7 }));
    expect(problem(await update(id, { validity_time: '2099-12-31' }))).toEqual(PENDING);
  });
});

describe('ListGrants', () => {
  it('describes a secret without grants', async () => {
    const id = await aSecret('lonely');
    const { secret } = ok(await acme.get('/lonely'));
    expect(await list(id)).toEqual({
      id,
      name: 'lonely',
      type: 'SECRET',
      grantee_user: [],
      create_time: secret.create_time,
      update_time: secret.update_time,
    });
  });

  it('names users and groups', async () => {
    const id = await aSecret();
    const guest = ok(await grant(id, { validity_time: '2099-12-31' })).data;
    const ops = ok(await grant(id, OPS)).data;
    const admin = ok(await grant(id, { grantee_target_id: ADMIN.id })).data;
    const data = await list(id);
    const entryOf = (user_id: string) =>
      data.grantee_user.find((entry: { user_id: string }) => entry.user_id === user_id);
    expect(data).toMatchObject({ id, create_time: guest.createTime, update_time: admin.updateTime });
    expect(data.grantee_user).toHaveLength(3);
    expect(entryOf(GUEST.id)).toEqual({
      user_id: GUEST.id,
      user_name: GUEST.name,
      grantee_type: '0',
      create_time: guest.createTime,
      validity_time: guest.validityTime,
    });
    expect(entryOf('ops')).toEqual({
      user_id: 'ops',
      user_name: 'operators',
      grantee_type: '2',
      create_time: ops.createTime,
      validity_time: null,
    });
    expect(entryOf(ADMIN.id)).toMatchObject({ user_name: ADMIN.name });
  });
});

describe('DeleteGrant', () => {
  const remove = (query: string) => acme.csms('DELETE', `/grants?${query}`);
  const idsOf = async (id: string) =>
    (await list(id)).grantee_user.map((entry: { user_id: string }) => entry.user_id);

  it('takes one grantee’s permission, once', async () => {
    const id = await aSecret();
    ok(await grant(id));
    ok(await grant(id, OPS));
    const answer = await remove(`resource_id=${id}&grantee_user=${GUEST.id}`);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(await idsOf(id)).toEqual(['ops']);
    expect(problem(await remove(`resource_id=${id}&grantee_user=${GUEST.id}`))).toEqual(NOT_THERE);
  });

  it.each(['', '&grantee_user='])('takes everyone’s permission with %j', async (more) => {
    const id = await aSecret();
    ok(await grant(id));
    ok(await grant(id, OPS));
    expect((await remove(`resource_id=${id}${more}`)).status).toBe(204);
    expect(await idsOf(id)).toEqual([]);
    expect((await remove(`resource_id=${id}${more}`)).status).toBe(204);
  });

  it('works while the secret waits for deletion', async () => {
    const id = await aSecret('leaving');
    ok(await grant(id));
    ok(await acme.post('/leaving/scheduled-deleted-tasks/create', { recovery_window_in_days: 7 }));
    expect((await remove(`resource_id=${id}`)).status).toBe(204);
  });
});
