import { expect, it } from 'vitest';
import { SECRET_RESPONSE_BYTES_MAX } from '../../src/http/wire/limits.ts';
import type { Answer } from '../support/exchange.ts';
import { shareServer } from '../support/server.ts';
import { callsOf, ok } from './calls.ts';
import { kmsCallsOf } from './kms-calls.ts';

const server = shareServer();
const acme = callsOf(server);
const kms = kmsCallsOf(server);
const bytesOf = async (answer: Promise<Answer>) => {
  const { bytes, status, text } = await answer;
  expect(status, text.slice(0, 200)).toBe(200);
  return bytes.length;
};

/** Escapes six times as long as what they stand for. */
const CONTROLS = '\u0001'.repeat(2_048);
const longest = {
  secret_string: 'x',
  description: CONTROLS,
  secret_type: 'RDS-FG',
  rotation_config: '\u0001'.repeat(1_024),
  rotation_period: '8760h',
  rotation_func_urn: '\u0001'.repeat(255),
  auto_rotation: true,
  enterprise_project_id: '\u0001'.repeat(36),
};

it('an answer that shows a secret has the bytes that are set aside for it at most', async () => {
  const name = 'n'.repeat(64);
  const made = await acme.post('', { name, ...longest });
  expect(made.status, made.text.slice(0, 300)).toBe(200);
  const others = [
    await acme.put(`/${name}`, { description: CONTROLS }),
    await acme.post(`/${name}/scheduled-deleted-tasks/create`, {}),
    await acme.post(`/${name}/scheduled-deleted-tasks/cancel`),
  ];
  for (const { bytes, status } of [made, ...others]) {
    expect(status).toBe(200);
    expect(bytes.length).toBeGreaterThan(18_432);
    expect(bytes.length).toBeLessThanOrEqual(SECRET_RESPONSE_BYTES_MAX);
  }
});

it('an import says of a refused secret at most 1 KiB', async () => {
  const refused = [
    { name: '\u0001'.repeat(200), secret_string: 'x' },
    { name: '\ud800'.repeat(200), secret_string: 'x' },
    { name: 'a', description: CONTROLS },
    { name: '"'.repeat(64), secret_string: 'x', kms_key_id: '"'.repeat(36) },
    { name: 'b', secret_string: 'x', kms_key_id: 'unknown' },
    { name: 'c', ...longest, rotation_period: '\u0001'.repeat(50) },
    { name: 'e', secret_string: 'x', event_subscriptions: ['none'] },
    { name: 'f', secret_string: 'x'.repeat(65_537) },
    {},
  ];
  const { error_list } = ok(await acme.post('/batch-import', { secrets: refused }));
  expect(error_list).toHaveLength(refused.length);
  for (const entry of error_list) {
    expect(Buffer.byteLength(JSON.stringify(entry)) + 1).toBeLessThanOrEqual(1_024);
  }
});

it('data that a key encrypts or decrypts, and data keys, make the bytes that are set aside for them at most', async () => {
  const key_id = await kms.create('k');
  const text = { key_id, plain_text: '\u0001'.repeat(4_096) };
  const encrypted = await kms.post('encrypt-data', text);
  const decrypted = kms.post('decrypt-data', { key_id, cipher_text: ok(encrypted).cipher_text });
  expect(encrypted.bytes.length).toBeLessThanOrEqual(32_768);
  expect(await bytesOf(decrypted)).toBeLessThanOrEqual(32_768);
  expect(await bytesOf(kms.post('create-datakey', { key_id, datakey_length: '8192' }))).toBeLessThanOrEqual(
    8_192,
  );
});
