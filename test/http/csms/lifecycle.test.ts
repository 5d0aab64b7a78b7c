import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Answer } from '../../support/exchange.ts';
import { ALPHA, shareServer, startTestServer } from '../../support/server.ts';
import { callsOf, NO_SECRET, NOT_ENABLED, ok, PENDING, problem } from '../calls.ts';

const DAY_MS = 86_400_000;
const server = shareServer();
const acme = callsOf(server);
const schedule = (name: string, body?: unknown, headers?: Record<string, string>) =>
  acme.post(`/${name}/scheduled-deleted-tasks/create`, body, headers);
const cancel = (name: string, body?: unknown, headers?: Record<string, string>) =>
  acme.post(`/${name}/scheduled-deleted-tasks/cancel`, body, headers);
const JSON_TYPE = { 'content-type': 'application/json' };

describe('DeleteSecret', () => {
  it('returns 200 with an empty object, and everything is gone', async () => {
    await acme.create('doomed');
    const answer = await acme.remove('/doomed');
    expect([answer.status, answer.text, answer.headers['content-length']]).toEqual([200, '{}', '2']);
    expect(problem(await acme.get('/doomed'))).toEqual(NO_SECRET);
    expect(problem(await acme.get('/doomed/versions/v1'))).toEqual(NO_SECRET);
    expect(problem(await acme.remove('/doomed'))).toEqual(NO_SECRET);
  });

  it('removes a secret that someone has damaged, which is logged', async () => {
    await acme.create('damaged');
    const db = new Database(join(server.directory, 'data', 'csms.db'));
    db.exec("UPDATE secret SET row_mac = zeroblob(32) WHERE name = 'damaged'");
    db.close();
    expect((await acme.get('/damaged')).status).toBe(500);
    expect((await acme.remove('/damaged')).status).toBe(200);
    expect(problem(await acme.get('/damaged'))).toEqual(NO_SECRET);
    expect(server.logged()).toContainEqual(
      expect.objectContaining({
        projectId: ALPHA,
        name: 'damaged',
        msg: expect.stringContaining('damaged secret'),
      }),
    );
  });

  it('frees the name for another secret that starts at v1', async () => {
    const { id } = await acme.create('again', { secret_string: 'old' });
    await acme.addVersion('again');
    await acme.remove('/again');
    expect((await acme.create('again', { secret_string: 'new' })).id).not.toBe(id);
    expect(await acme.marks('again')).toEqual({ SYSCURRENT: 'v1' });
    expect(ok(await acme.get('/again/versions/v1')).version.secret_string).toBe('new');
  });

  it.each([
    ['no body and a JSON content type', undefined, JSON_TYPE],
    ['an empty object', {}, undefined],
    ['text that is JSON', '"x"', undefined],
  ])('takes %s', async (title, body, headers) => {
    const name = title.replaceAll(/[^a-zA-Z]/g, '-');
    await acme.create(name);
    expect((await acme.remove(`/${name}`, body, headers)).status).toBe(200);
  });
});

describe('DeleteSecretForSchedule', () => {
  it('returns the secret with its state and the time of its end', async () => {
    const created = await acme.create('scheduled');
    const before = Date.now();
    const answer = await schedule('scheduled', { recovery_window_in_days: 7 });
    const { update_time } = answer.json.secret;
    expect(answer.status).toBe(200);
    expect(update_time).toBeGreaterThanOrEqual(before);
    expect(answer.json).toEqual({
      secret: {
        ...created,
        state: 'PENDING_DELETE',
        update_time,
        scheduled_delete_time: update_time + 7 * DAY_MS,
      },
    });
    expect(ok(await acme.get('/scheduled'))).toEqual(answer.json);
  });

  it.each([
    ['no body', undefined, undefined],
    ['no body and a JSON content type', undefined, JSON_TYPE],
    ['an empty object', {}, undefined],
    ['null', { recovery_window_in_days: null }, undefined],
    ['30', { recovery_window_in_days: 30 }, undefined],
  ])('waits 30 days with %s', async (title, body, headers) => {
    const name = `waits-${title.replaceAll(/[^a-zA-Z0-9]/g, '-')}`;
    await acme.create(name);
    const { secret } = ok(await schedule(name, body, headers));
    expect(secret.scheduled_delete_time).toBe(secret.update_time + 30 * DAY_MS);
  });
});

describe('RestoreSecret', () => {
  it('returns the secret as it was, but for update_time', async () => {
    const created = await acme.create('restored');
    await schedule('restored');
    const answer = await cancel('restored');
    const { update_time } = answer.json.secret;
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ secret: { ...created, update_time } });
    expect(ok(await acme.get('/restored/versions/latest')).version.secret_string).toBe('value of restored');
  });

  it('takes a JSON content type without a body, and an empty object', async () => {
    await acme.create('bodies');
    await schedule('bodies');
    expect((await cancel('bodies', undefined, JSON_TYPE)).status).toBe(200);
    await schedule('bodies');
    expect((await cancel('bodies', {})).status).toBe(200);
  });
});

describe('a state', () => {
  // DISABLED and FROZEN cannot be reached through the API; the rules for them are tested in core.
  const operations: Readonly<Record<string, (name: string) => Promise<Answer>>> = {
    ShowSecret: (name) => acme.get(`/${name}`),
    ListSecretVersions: (name) => acme.get(`/${name}/versions`),
    ShowSecretStage: (name) => acme.get(`/${name}/stages/SYSCURRENT`),
    ShowSecretVersion: (name) => acme.get(`/${name}/versions/v1`),
    'ShowSecretVersion latest': (name) => acme.get(`/${name}/versions/latest`),
    'ShowSecretVersion absent': (name) => acme.get(`/${name}/versions/v99`),
    CreateSecretVersion: (name) => acme.post(`/${name}/versions`, { secret_string: 'x' }),
    UpdateVersion: (name) => acme.put(`/${name}/versions/v1`, { expire_time: 1 }),
    'UpdateVersion absent': (name) => acme.put(`/${name}/versions/v99`, { expire_time: 1 }),
    UpdateSecret: (name) => acme.put(`/${name}`, { description: 'x' }),
    CreateSecretStage: (name) => acme.post(`/${name}/stages`, { name: 'n', version_id: 'v1' }),
    UpdateSecretStage: (name) => acme.put(`/${name}/stages/n`, { version_id: 'v1' }),
    DeleteSecretStage: (name) => acme.remove(`/${name}/stages/own`),
    DeleteSecretForSchedule: (name) => schedule(name),
    RestoreSecret: (name) => cancel(name),
    'CreateSecret of the same name': (name) => acme.post('', { name, secret_string: 'x' }),
    DeleteSecret: (name) => acme.remove(`/${name}`),
  };
  const TAKEN = [409, 'CSMS.0101'] as const;
  const expected: Readonly<Record<string, readonly [enabled: unknown, pending: unknown]>> = {
    ShowSecret: [200, 200],
    ListSecretVersions: [200, 200],
    ShowSecretStage: [200, 200],
    ShowSecretVersion: [200, NOT_ENABLED],
    'ShowSecretVersion latest': [200, NOT_ENABLED],
    'ShowSecretVersion absent': [[404, 'CSMS.0005'], NOT_ENABLED],
    CreateSecretVersion: [200, NOT_ENABLED],
    UpdateVersion: [200, NOT_ENABLED],
    'UpdateVersion absent': [[404, 'CSMS.0005'], NOT_ENABLED],
    UpdateSecret: [200, PENDING],
    CreateSecretStage: [200, PENDING],
    UpdateSecretStage: [200, PENDING],
    DeleteSecretStage: [204, PENDING],
    DeleteSecretForSchedule: [200, [400, 'CSMS.0107']],
    RestoreSecret: [[400, 'CSMS.0108'], 200],
    'CreateSecret of the same name': [TAKEN, TAKEN],
    DeleteSecret: [200, 200],
  };

  it.each(Object.keys(operations))('decides about %s', async (title) => {
    const outcomes: unknown[] = [];
    for (const state of ['ENABLED', 'PENDING_DELETE']) {
      const name = `${state}-${title.replaceAll(' ', '-')}`;
      await acme.create(name);
      ok(await acme.put(`/${name}/stages/own`, { version_id: 'v1' }));
      if (state === 'PENDING_DELETE') ok(await schedule(name));
      const before = await acme.snapshot(name);
      const answer = await operations[title]!(name);
      outcomes.push(answer.status < 300 ? answer.status : problem(answer));
      if (answer.status >= 300) expect(await acme.snapshot(name)).toEqual(before);
    }
    expect(outcomes).toEqual(expected[title]);
  });

  it('answers for every operation on one secret', () => {
    expect(Object.keys(expected)).toEqual(Object.keys(operations));
  });
});

describe('a deletion that is due', () => {
  it('is carried out by the server itself, not before its time', async () => {
    // Both clocks advance by 30 days, as if they had passed: one alone would not be believed.
    vi.useFakeTimers({ toFake: ['Date', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const early = await startTestServer();
    const { create, get, post } = callsOf(early);
    const isGone = (name: string) =>
      vi.waitFor(async () => expect(problem(await get(`/${name}`))).toEqual(NO_SECRET), {
        timeout: 60_000,
        interval: 200,
      });
    for (const name of ['sooner', 'later']) {
      await create(name);
      ok(await post(`/${name}/scheduled-deleted-tasks/create`));
      vi.advanceTimersByTime(DAY_MS);
    }
    const { secret } = ok(await get('/later'));
    expect(secret.scheduled_delete_time).toBe(secret.update_time + 30 * DAY_MS);

    vi.advanceTimersByTime(28 * DAY_MS);
    // Every change has the server look at what is due.
    await create('a-change');
    await isGone('sooner');
    ok(await get('/later'));
    vi.advanceTimersByTime(DAY_MS);
    await create('another-change');
    await isGone('later');
    await early.close();
  });
});
