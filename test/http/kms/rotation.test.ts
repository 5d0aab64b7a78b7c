import { describe, expect, it } from 'vitest';
import { ALPHA, shareServer } from '../../support/server.ts';
import { callsOf, ok } from '../calls.ts';
import { ABSENT_KEY, changeAt, keyringOf, kmsCallsOf, refusal } from '../kms-calls.ts';

const DAY_MS = 86_400_000;
const OFF = {
  key_rotation_enabled: false,
  rotation_interval: 0,
  last_rotation_time: '',
  number_of_rotations: 0,
};
const server = shareServer();
const kms = kmsCallsOf(server);
const acme = callsOf(server);
const status = async (key_id: string) => ok(await kms.post('get-key-rotation-status', { key_id }));

/** Rotates a key as the background round would, at a time when it is due. */
async function rotate(id: string, versionNumber: number): Promise<void> {
  const ref = { projectId: ALPHA, id };
  const material = keyringOf(server).createKeyMaterial(ref, versionNumber);
  const nowMs = Date.now() + versionNumber * 400 * DAY_MS;
  const command = { kind: 'rotate-key', ref, versionNumber, material, nowMs } as const;
  expect(await changeAt(server, command)).toBe(true);
}

describe('the rotation of a key', () => {
  it('is off, is switched on with 365 days, takes an interval, and is switched off again', async () => {
    const key_id = await kms.create('turning');
    expect(await status(key_id)).toEqual(OFF);
    const on = await kms.post('enable-key-rotation', { key_id });
    expect([on.status, on.text]).toEqual([200, '{}']);
    expect(await status(key_id)).toEqual({ ...OFF, key_rotation_enabled: true, rotation_interval: 365 });
    expect((await kms.describe(key_id)).key_rotation_enabled).toBe('true');
    const set = await kms.post('update-key-rotation-interval', { key_id, rotation_interval: 30 });
    expect([set.status, set.text]).toEqual([200, '{}']);
    expect((await status(key_id)).rotation_interval).toBe(30);
    expect(refusal(await kms.post('enable-key-rotation', { key_id }))).toEqual([400, 'KMS.2901']);
    const off = await kms.post('disable-key-rotation', { key_id });
    expect([off.status, off.text]).toEqual([200, '{}']);
    expect(await status(key_id)).toEqual(OFF);
    expect((await kms.describe(key_id)).key_rotation_enabled).toBe('false');
  });

  it('has to be on to be changed or switched off', async () => {
    const key_id = await kms.create('resting');
    expect(refusal(await kms.post('disable-key-rotation', { key_id }))).toEqual([400, 'KMS.0313']);
    const interval = { key_id, rotation_interval: 30 };
    expect(refusal(await kms.post('update-key-rotation-interval', interval))).toEqual([400, 'KMS.0313']);
  });

  it.each([29, 366, 0, '29'])('refuses an interval of %j', async (rotation_interval) => {
    const answer = await kms.post('update-key-rotation-interval', {
      key_id: ABSENT_KEY,
      rotation_interval,
    });
    expect(refusal(answer)).toEqual([400, 'KMS.3001']);
    expect(answer.json.error_msg).toContain('rotation_interval');
  });

  it.each([30, 365, '90'])('takes an interval of %j', async (rotation_interval) => {
    const key_id = await kms.create(`every-${rotation_interval}`);
    ok(await kms.post('enable-key-rotation', { key_id }));
    ok(await kms.post('update-key-rotation-interval', { key_id, rotation_interval }));
    expect((await status(key_id)).rotation_interval).toBe(Number(rotation_interval));
  });

  it('is not changed while the key waits for its deletion', async () => {
    const key_id = await kms.create('leaving');
    ok(await kms.post('schedule-key-deletion', { key_id, pending_days: '7' }));
    expect(refusal(await kms.post('enable-key-rotation', { key_id }))).toEqual([400, 'KMS.0210']);
  });

  it('leaves everything readable that was made before', async () => {
    const key_id = await kms.create('rotated');
    ok(await kms.post('enable-key-rotation', { key_id }));
    await acme.create('before', { secret_string: 'value before', kms_key_id: key_id });
    const data = ok(await kms.post('encrypt-data', { key_id, plain_text: 'data before' })).cipher_text;
    const made = ok(await kms.post('create-datakey', { key_id }));
    await rotate(key_id, 2);
    await rotate(key_id, 3);
    expect(await status(key_id)).toMatchObject({ number_of_rotations: 2 });
    expect((await status(key_id)).last_rotation_time).toMatch(/^\d{13}$/);
    expect(ok(await acme.get('/before/versions/latest')).version.secret_string).toBe('value before');
    expect(ok(await kms.post('decrypt-data', { cipher_text: data })).plain_text).toBe('data before');
    const opened = { key_id, cipher_text: made.cipher_text, datakey_cipher_length: '32' };
    expect(ok(await kms.post('decrypt-datakey', opened)).data_key).toBe(made.plain_text);
    // What is made now is made with the newest version, and opens too.
    const newer = ok(await kms.post('encrypt-data', { key_id, plain_text: 'data after' })).cipher_text;
    expect(Buffer.from(data, 'base64').readUInt32BE(6)).toBe(1);
    expect(Buffer.from(newer, 'base64').readUInt32BE(6)).toBe(3);
    expect(ok(await kms.post('decrypt-data', { cipher_text: newer })).plain_text).toBe('data after');
    await acme.addVersion('before', { secret_string: 'value after' });
    expect(ok(await acme.get('/before/versions/v2')).version.secret_string).toBe('value after');
  });

  it('is carried out by the server itself', async () => {
    const key_id = await kms.create('due');
    const ref = { projectId: ALPHA, id: key_id };
    await changeAt(server, { kind: 'enable-rotation', ref, nowMs: Date.now() - 366 * DAY_MS } as never);
    await expect.poll(async () => (await status(key_id)).number_of_rotations, { timeout: 60_000 }).toBe(1);
  });
});
