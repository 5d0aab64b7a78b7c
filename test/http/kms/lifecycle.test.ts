import { describe, expect, it } from 'vitest';
import { ALPHA, shareServer } from '../../support/server.ts';
import { ok } from '../calls.ts';
import { changeAt, kmsCallsOf, refusal } from '../kms-calls.ts';

const DAY_MS = 86_400_000;
const server = shareServer();
const kms = kmsCallsOf(server);

describe('EnableKey and DisableKey', () => {
  it('switch between two states and answer them', async () => {
    const key_id = await kms.create('switched');
    expect(ok(await kms.post('disable-key', { key_id }))).toEqual({ key_info: { key_id, key_state: '3' } });
    expect((await kms.describe(key_id)).key_state).toBe('3');
    expect(refusal(await kms.post('disable-key', { key_id }))).toEqual([400, 'KMS.1301']);
    expect(ok(await kms.post('enable-key', { key_id: 'alias/switched' }))).toEqual({
      key_info: { key_id, key_state: '2' },
    });
    expect((await kms.describe(key_id)).key_state).toBe('2');
    expect(refusal(await kms.post('enable-key', { key_id }))).toEqual([400, 'KMS.1201']);
  });
});

describe('DeleteKey and CancelKeyDeletion', () => {
  it('answer without key_info around, and lead to a disabled key', async () => {
    const key_id = await kms.create('doomed');
    const before = Date.now();
    expect(ok(await kms.post('schedule-key-deletion', { key_id, pending_days: '7' }))).toEqual({
      key_id,
      key_state: '4',
    });
    const { scheduled_deletion_date: date, key_state } = await kms.describe(key_id);
    expect(key_state).toBe('4');
    expect(date).toMatch(/^\d{13}$/);
    expect(Number(date) - before).toBeGreaterThanOrEqual(7 * DAY_MS);
    expect(Number(date) - Date.now()).toBeLessThanOrEqual(7 * DAY_MS);
    expect(refusal(await kms.post('schedule-key-deletion', { key_id, pending_days: '8' }))).toEqual([
      400,
      'KMS.1402',
    ]);
    expect(refusal(await kms.post('enable-key', { key_id }))).toEqual([400, 'KMS.1201']);
    expect(refusal(await kms.post('disable-key', { key_id }))).toEqual([400, 'KMS.1301']);
    expect(ok(await kms.post('cancel-key-deletion', { key_id }))).toEqual({ key_id, key_state: '3' });
    expect((await kms.describe(key_id)).scheduled_deletion_date).toBe('');
    expect(refusal(await kms.post('cancel-key-deletion', { key_id }))).toEqual([400, 'KMS.1501']);
  });

  it.each(['7', '1096', 7, 1_096])('take %j days', async (pending_days) => {
    const key_id = await kms.create(`in-${typeof pending_days}-${pending_days}`);
    expect(ok(await kms.post('schedule-key-deletion', { key_id, pending_days })).key_state).toBe('4');
  });

  it('refuse other numbers of days', async () => {
    const key_id = await kms.create('spared');
    for (const pending_days of ['6', '1097', '0', 6, 1_097]) {
      const answer = await kms.post('schedule-key-deletion', { key_id, pending_days });
      expect(refusal(answer), String(pending_days)).toEqual([400, 'KMS.1401']);
      expect(answer.json.error_msg).toContain('pending_days');
    }
    expect((await kms.describe(key_id)).key_state).toBe('2');
  });

  it('destroy the key when its time has come', async () => {
    const key_id = await kms.create('destroyed');
    ok(await kms.post('schedule-key-deletion', { key_id, pending_days: '7' }));
    expect(await changeAt(server, { ...purgeOf(key_id), nowMs: Date.now() })).toBe(false);
    expect(await changeAt(server, purgeOf(key_id))).toBe(true);
    for (const name of [key_id, 'alias/destroyed'])
      expect(refusal(await kms.post('describe-key', { key_id: name }))).toEqual([404, 'KMS.0207']);
    expect(refusal(await kms.post('cancel-key-deletion', { key_id }))).toEqual([404, 'KMS.0207']);
    expect(await kms.create('destroyed')).not.toBe(key_id);
  });

  it('is carried out by the server itself', async () => {
    const key_id = await kms.create('due');
    // Eight days ago, as if the request had come then.
    const ref = { projectId: ALPHA, id: key_id };
    const nowMs = Date.now() - 8 * DAY_MS;
    await changeAt(server, { kind: 'schedule-key-deletion', ref, pendingDays: 7, nowMs } as never);
    await expect
      .poll(async () => (await kms.post('describe-key', { key_id })).status, { timeout: 60_000 })
      .toBe(404);
  });
});

function purgeOf(id: string) {
  return { kind: 'purge-key', ref: { projectId: ALPHA, id }, nowMs: Date.now() + 8 * DAY_MS } as const;
}
