import { beforeAll, describe, expect, it } from 'vitest';
import { ADMIN, BETA, shareServer } from '../../support/server.ts';
import { ok } from '../calls.ts';
import { ABSENT_KEY, kmsCallsOf, refusal } from '../kms-calls.ts';

const server = shareServer();
let key_id: string;
let other: string;
beforeAll(async () => {
  key_id = await kms.create('own');
  other = await kms.create('zebra');
});
const kms = kmsCallsOf(server);
const beta = kmsCallsOf(server, ADMIN, BETA);
const listed = async (query = '') =>
  ok(await kms.get(`aliases${query}`)).aliases.map(({ alias }: { alias: string }) => alias);

describe('CreateAlias', () => {
  it.each(['second', 'alias/third'])('adds %s and returns it with its URN', async (alias) => {
    const before = Date.now();
    const answer = await kms.post('aliases', { key_id, alias });
    expect(answer.status).toBe(201);
    expect(answer.json).toEqual({
      domain_id: ADMIN.domainId,
      key_id,
      alias,
      alias_urn: `kms:local-1:${ADMIN.domainId}:alias:${alias.replace('alias/', '')}`,
      create_time: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/),
      update_time: answer.json.create_time,
    });
    expect(Math.abs(Date.parse(answer.json.create_time) - before)).toBeLessThan(60_000);
    expect((await kms.describe(answer.json.alias_urn)).key_id).toBe(key_id);
    expect((await kms.describe(key_id)).key_alias).toBe('own');
  });

  it.each([
    ['second', 'KMS.1104'],
    ['alias/second', 'KMS.1104'],
    ['third', 'KMS.1104'],
    ['own', 'KMS.1104'],
    ['zebra', 'KMS.1104'],
    ['x/default', 'KMS.1101'],
    ['alias/', 'KMS.1101'],
  ])('refuses %j', async (alias, code) => {
    const answer = await kms.post('aliases', { key_id: other, alias });
    expect(refusal(answer)).toEqual([400, code]);
    if (code === 'KMS.1101') expect(answer.json.error_msg).toMatch(/\balias\b/);
  });

  it('ends at 50 aliases of a key', async () => {
    const full = await kms.create('full');
    for (let index = 1; index < 50; index += 1)
      ok(await kms.post('aliases', { key_id: full, alias: `full-${index}` }));
    const answer = await kms.post('aliases', { key_id: full, alias: 'full-50' });
    expect(refusal(answer)).toEqual([400, 'KMS.0308']);
    expect(answer.json.error_msg).toContain('at most 50 aliases');
    const aliases = Array.from({ length: 49 }, (_, index) => `full-${index + 1}`);
    expect((await kms.remove('aliases', { key_id: full, aliases })).status).toBe(204);
  });
});

describe('ListAliases', () => {
  it('returns an object with the aliases of one key, in order', async () => {
    const answer = ok(await kms.get(`aliases?key_id=${key_id}`));
    expect(answer.aliases.map(({ alias }: { alias: string }) => alias)).toEqual([
      'alias/third',
      'own',
      'second',
    ]);
    expect(answer.page_info).toEqual({ current_count: 3, next_marker: '' });
    for (const entry of answer.aliases) expect(entry).toMatchObject({ key_id, domain_id: ADMIN.domainId });
  });

  it('returns those of all keys of the project', async () => {
    expect(await listed()).toEqual(['alias/third', 'full', 'own', 'second', 'zebra']);
    expect(ok(await beta.get('aliases')).aliases).toEqual([]);
  });

  it('returns page by page', async () => {
    const first = ok(await kms.get('aliases?limit=2'));
    expect(first.page_info).toEqual({ current_count: 2, next_marker: 'full' });
    expect(await listed('?limit=2&marker=full')).toEqual(['own', 'second']);
    expect(ok(await kms.get('aliases?limit=2&marker=second')).page_info).toEqual({
      current_count: 1,
      next_marker: '',
    });
    expect(await listed('?marker=')).toHaveLength(5);
  });

  it.each([
    [`key_id=${ABSENT_KEY}`, [404, 'KMS.0207']],
    ['key_id=nonsense', [400, 'KMS.0205']],
  ])('refuses %s', async (query, expected) => {
    expect(refusal(await kms.get(`aliases?${query}`))).toEqual(expected);
  });
});

describe('DeleteAlias', () => {
  it('takes aliases away, all or none, and frees their names', async () => {
    const none = await kms.remove('aliases', { key_id, aliases: ['second', 'absent'] });
    expect(refusal(none)).toEqual([404, 'KMS.1101']);
    expect(await listed(`?key_id=${key_id}`)).toEqual(['alias/third', 'own', 'second']);
    const both = await kms.remove('aliases', { key_id, aliases: ['second', 'alias/third'] });
    expect([both.status, both.text]).toEqual([204, '']);
    expect(await listed(`?key_id=${key_id}`)).toEqual(['own']);
    expect(refusal(await kms.post('describe-key', { key_id: 'alias/second' }))).toEqual([404, 'KMS.0207']);
    expect((await kms.post('aliases', { key_id: other, alias: 'second' })).status).toBe(201);
  });

  it('does not take the key’s own, which can be replaced', async () => {
    const answer = await kms.remove('aliases', { key_id, aliases: ['own'] });
    expect(refusal(answer)).toEqual([400, 'KMS.1101']);
    expect(answer.json.error_msg).toContain('aliases');
  });

  it('does not take another key’s', async () => {
    expect(refusal(await kms.remove('aliases', { key_id, aliases: ['zebra'] }))).toEqual([404, 'KMS.1101']);
    expect((await kms.describe('alias/zebra')).key_id).toBe(other);
  });

  it('leaves a key alone that waits for its deletion', async () => {
    const leaving = await kms.create('leaving');
    ok(await kms.post('aliases', { key_id: leaving, alias: 'leaving-2' }));
    ok(await kms.post('schedule-key-deletion', { key_id: leaving, pending_days: '7' }));
    expect(refusal(await kms.remove('aliases', { key_id: leaving, aliases: ['leaving-2'] }))).toEqual([
      400,
      'KMS.0210',
    ]);
    expect(refusal(await kms.post('aliases', { key_id: leaving, alias: 'leaving-3' }))).toEqual([
      400,
      'KMS.0210',
    ]);
  });
});
