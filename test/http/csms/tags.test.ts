import { describe, expect, it } from 'vitest';
import { BETA, GAMMA, OUTSIDER, shareServer } from '../../support/server.ts';
import { callsOf, INVALID, NOT_THERE, ok, PENDING, problem } from '../calls.ts';

const server = shareServer();
const acme = callsOf(server);

let names = 0;
/** The id of a new secret with these tags. */
async function tagged(tags: Readonly<Record<string, string>> = {}, name = `s${++names}`): Promise<string> {
  const { id } = await acme.create(name);
  const list = Object.entries(tags).map(([key, value]) => ({ key, value }));
  if (list.length > 0) ok(await acme.csms('POST', `/${id}/tags/action`, { action: 'create', tags: list }));
  return id;
}
const tagsOf = async (id: string) => ok(await acme.csms('GET', `/${id}/tags`)).tags;
const ABSENT = '00000000-0000-4000-8000-000000000000';

describe('CreateSecretTag', () => {
  it('returns 204 without a body, and the tag is there', async () => {
    const id = await tagged();
    const answer = await acme.csms('POST', `/${id}/tags`, { tag: { key: 'DEV', value: 'DEV1' } });
    expect([answer.status, answer.text, answer.headers['content-type']]).toEqual([204, '', undefined]);
    expect(ok(await acme.csms('GET', `/${id}/tags`))).toEqual({
      tags: [{ key: 'DEV', value: 'DEV1' }],
      sys_tags: null,
    });
  });

  it('gives a key that is there its new value', async () => {
    const id = await tagged({ a: '1', b: '2' });
    expect((await acme.csms('POST', `/${id}/tags`, { tag: { key: 'a', value: 'new' } })).status).toBe(204);
    expect(await tagsOf(id)).toEqual([
      { key: 'a', value: 'new' },
      { key: 'b', value: '2' },
    ]);
  });

  it.each([{ key: 'a' }, { key: 'a', value: null }, { key: 'a', value: '' }])(
    'takes %j with an empty value',
    async (tag) => {
      const id = await tagged();
      ok(await acme.csms('POST', `/${id}/tags`, { tag }));
      expect(await tagsOf(id)).toEqual([{ key: 'a', value: '' }]);
    },
  );

  it('leaves the secret’s update_time alone', async () => {
    const id = await tagged({}, 'quiet');
    const before = ok(await acme.get('/quiet'));
    ok(await acme.csms('POST', `/${id}/tags`, { tag: { key: 'a' } }));
    expect(ok(await acme.get('/quiet'))).toEqual(before);
  });

  it('takes 20 tags and refuses the 21st', async () => {
    const id = await tagged(Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`k${n}`, ''])));
    const refused = await acme.csms('POST', `/${id}/tags`, { tag: { key: 'one-more' } });
    expect(problem(refused)).toEqual(INVALID);
    expect(refused.json.error_msg).toContain('at most 20 tags');
    ok(await acme.csms('POST', `/${id}/tags`, { tag: { key: 'k7', value: 'new' } }));
    expect(await tagsOf(id)).toHaveLength(20);
  });

  it('counts characters and not UTF-16 units', async () => {
    const id = await tagged();
    const tag = { key: '\u{20000}'.repeat(128), value: '\u{20000}'.repeat(255) };
    ok(await acme.csms('POST', `/${id}/tags`, { tag }));
    expect(await tagsOf(id)).toEqual([tag]);
  });
});

describe('BatchCreateOrDeleteTags', () => {
  const batch = (id: string, action: string, ...tags: object[]) =>
    acme.csms('POST', `/${id}/tags/action`, { action, tags, sequence: ABSENT });

  it('creates and changes tags, and returns 204', async () => {
    const id = await tagged({ b: '1' });
    const answer = await batch(
      id,
      'create',
      { key: 'c', value: '3' },
      { key: 'b', value: '2' },
      { key: 'a' },
    );
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(await tagsOf(id)).toEqual([
      { key: 'a', value: '' },
      { key: 'b', value: '2' },
      { key: 'c', value: '3' },
    ]);
  });

  it('deletes tags by key, whatever value is sent, and skips absent ones', async () => {
    const id = await tagged({ a: '1', b: '2' });
    expect((await batch(id, 'delete', { key: 'a', value: 'other' }, { key: 'absent' })).status).toBe(204);
    expect(await tagsOf(id)).toEqual([{ key: 'b', value: '2' }]);
  });

  it('deletes keys that no path can hold', async () => {
    const id = await tagged({ '.': '', '..': '' });
    ok(await batch(id, 'delete', { key: '.' }, { key: '..' }));
    expect(await tagsOf(id)).toEqual([]);
  });

  it('creates all or none', async () => {
    const id = await tagged({ a: '1' });
    const many = Array.from({ length: 20 }, (_, n) => ({ key: `k${n}` }));
    expect(problem(await batch(id, 'create', ...many))).toEqual(INVALID);
    expect(problem(await batch(id, 'create', { key: 'b' }, { key: 'c/d' }))).toEqual(INVALID);
    expect(await tagsOf(id)).toEqual([{ key: 'a', value: '1' }]);
  });

  it('refuses a key twice', async () => {
    const twice = await batch(await tagged(), 'delete', { key: 'a', value: '1' }, { key: 'a', value: '2' });
    expect(problem(twice)).toEqual(INVALID);
    expect(twice.json.error_msg).toContain('tags.key must not be repeated');
  });
});

describe('DeleteSecretTag', () => {
  it.each(['plain', 'with blank', 'Ключ', '\u{20000}'.repeat(128), 'a+b=c@d:e', 'action'])(
    'takes %j away once',
    async (key) => {
      const id = await tagged({ [key]: 'v', other: 'w' });
      const path = `/${id}/tags/${encodeURIComponent(key)}`;
      const answer = await acme.csms('DELETE', path);
      expect([answer.status, answer.text]).toEqual([204, '']);
      expect(await tagsOf(id)).toEqual([{ key: 'other', value: 'w' }]);
      expect(problem(await acme.csms('DELETE', path))).toEqual(NOT_THERE);
    },
  );

  it.each(['a%2Fb', '_sys_a', 'k'.repeat(129), '%20'])('refuses %s as a key', async (key) => {
    const answer = await acme.csms('DELETE', `/${await tagged()}/tags/${key}`);
    expect(problem(answer)).toEqual(INVALID);
    expect(answer.json.error_msg).toContain(' key must be');
  });
});

describe('a tag operation', () => {
  const operations = [
    ['POST', '/tags', { tag: { key: 'a' } }],
    ['POST', '/tags/action', { action: 'create', tags: [{ key: 'a' }] }],
    ['POST', '/tags/action', { action: 'delete', tags: [{ key: 'a' }] }],
    ['DELETE', '/tags/a', undefined],
  ] as const;

  it.each(operations)('%s %s is refused while the secret waits for deletion', async (...operation) => {
    const [method, path, body] = operation;
    const id = await tagged({ a: '1' }, `pending${++names}`);
    ok(await acme.post(`/pending${names}/scheduled-deleted-tasks/create`, { recovery_window_in_days: 7 }));
    expect(problem(await acme.csms(method, `/${id}${path}`, body))).toEqual(PENDING);
    expect(await tagsOf(id)).toEqual([{ key: 'a', value: '1' }]);
  });

  it('does nothing to a secret that has taken the name of a deleted one', async () => {
    const id = await tagged({ a: '1' }, 'again');
    ok(await acme.remove('/again'));
    const { id: next } = await acme.create('again');
    expect(problem(await acme.csms('POST', `/${id}/tags`, { tag: { key: 'a' } }))).toEqual(NOT_THERE);
    expect(await tagsOf(next)).toEqual([]);
  });
});

describe('ListProjectSecretsTags', () => {
  it('lists every key once with its values, inside the project', async () => {
    const gamma = callsOf(server, OUTSIDER, GAMMA);
    for (const tags of [{ key1: 'val1', key2: 'val2' }, { key1: 'val0' }, { key1: 'val1' }]) {
      const { id } = await gamma.create(`g${++names}`);
      const list = Object.entries(tags).map(([key, value]) => ({ key, value }));
      ok(await gamma.csms('POST', `/${id}/tags/action`, { action: 'create', tags: list }));
    }
    expect(ok(await gamma.csms('GET', '/tags'))).toEqual({
      tags: [
        { key: 'key1', values: ['val0', 'val1'] },
        { key: 'key2', values: ['val2'] },
      ],
    });
    expect(ok(await callsOf(server, undefined, BETA).csms('GET', '/tags'))).toEqual({ tags: [] });
  });
});
