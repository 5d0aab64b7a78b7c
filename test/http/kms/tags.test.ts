import { beforeAll, describe, expect, it } from 'vitest';
import { ADMIN, BETA, shareServer } from '../../support/server.ts';
import { ok } from '../calls.ts';
import { kmsCallsOf, refusal } from '../kms-calls.ts';

const server = shareServer();
let key_id: string;
beforeAll(async () => {
  key_id = await kms.create('tagged');
});
const kms = kmsCallsOf(server);
const beta = kmsCallsOf(server, ADMIN, BETA);
const tag = (key: string, value = '') => ({ key, value });
const tagsOf = async (id = key_id) => ok(await kms.get(`${id}/tags`));

describe('CreateKmsTag, ShowKmsTags and DeleteTag', () => {
  it('set, show, replace and take away', async () => {
    const set = await kms.post(`${key_id}/tags`, { tag: tag('team', 'red') });
    expect([set.status, set.text]).toEqual([204, '']);
    ok(await kms.post('alias%2Ftagged/tags', { tag: { key: 'ключ' } }));
    ok(await kms.post(`${key_id}/tags`, { tag: { key: 'a b', value: null } }));
    expect(await tagsOf()).toEqual({
      tags: [tag('team', 'red'), tag('ключ'), tag('a b')],
      existTagsNum: 3,
    });
    ok(await kms.post(`${key_id}/tags`, { tag: tag('team', 'blue') }));
    expect((await tagsOf()).tags[0]).toEqual(tag('team', 'blue'));
    for (const name of ['team', 'ключ', 'a b']) {
      const gone = await kms.remove(`${key_id}/tags/${encodeURIComponent(name)}`);
      expect([gone.status, gone.text]).toEqual([204, '']);
    }
    expect(await tagsOf()).toEqual({ tags: [], existTagsNum: 0 });
    expect(refusal(await kms.remove(`${key_id}/tags/team`))).toEqual([404, 'KMS.0416']);
  });

  it('take the longest key and value', async () => {
    ok(await kms.post(`${key_id}/tags`, { tag: tag('🔑'.repeat(36), '漢'.repeat(43)) }));
    ok(await kms.remove(`${key_id}/tags/${encodeURIComponent('🔑'.repeat(36))}`));
  });
});

describe('BatchCreateKmsTags', () => {
  const batch = (action: unknown, tags: unknown) => kms.post(`${key_id}/tags/action`, { action, tags });

  it('sets and takes away several at once', async () => {
    const set = await batch('create', [tag('a', '1'), tag('b', '2'), tag('c')]);
    expect([set.status, set.text]).toEqual([204, '']);
    ok(await batch('create', [tag('b', '3'), tag('d')]));
    expect((await tagsOf()).tags).toEqual([tag('a', '1'), tag('b', '3'), tag('c'), tag('d')]);
    // By the key alone: the value of another time does not matter, nor does one that is not there.
    ok(await batch('delete', [tag('b', 'old'), { key: 'c' }, tag('absent')]));
    expect((await tagsOf()).tags).toEqual([tag('a', '1'), tag('d')]);
    ok(await batch('delete', [tag('a'), tag('d')]));
  });

  it('sets all or none', async () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => tag(`k${index}`));
    ok(await batch('create', many(19)));
    expect(refusal(await batch('create', [tag('x'), tag('y')]))).toEqual([400, 'KMS.0409']);
    expect((await tagsOf()).existTagsNum).toBe(19);
    ok(await batch('create', [tag('x'), tag('k0', 'changed')]));
    expect(refusal(await kms.post(`${key_id}/tags`, { tag: tag('y') }))).toEqual([400, 'KMS.0409']);
    ok(await batch('delete', [...many(19), tag('x')]));
  });

  it.each([
    ['create', [tag('a'), tag('a', '1')], 'KMS.0412'],
    ['delete', [tag('a'), tag('a')], 'KMS.0412'],
  ])('refuses to %j %j', async (action, tags, code) => {
    expect(refusal(await batch(action, tags))).toEqual([400, code]);
    expect((await tagsOf()).existTagsNum).toBe(0);
  });

  it('leaves a key alone that waits for its deletion', async () => {
    const id = await kms.create('leaving');
    ok(await kms.post(`${id}/tags`, { tag: tag('a') }));
    ok(await kms.post('schedule-key-deletion', { key_id: id, pending_days: '7' }));
    expect(refusal(await kms.post(`${id}/tags`, { tag: tag('b') }))).toEqual([400, 'KMS.0210']);
    expect(refusal(await kms.remove(`${id}/tags/a`))).toEqual([400, 'KMS.0210']);
    expect((await tagsOf(id)).tags).toEqual([tag('a')]);
  });
});

describe('ListKmsTags and ListKmsByTags', () => {
  let ids: string[];
  beforeAll(async () => {
    ids = [];
    for (const [alias, tags] of [
      ['db-red', [tag('team', 'red'), tag('tier', '1')]],
      ['db-blue', [tag('team', 'blue'), tag('tier', '1')]],
      ['web', [tag('team', 'red')]],
    ] as const) {
      const id = await beta.create(alias);
      ok(await beta.post(`${id}/tags/action`, { action: 'create', tags }));
      ids.push(id);
    }
  });
  const search = async (body: object) => ok(await beta.post('resource_instances/action', body));

  it('list every tag of the project once', async () => {
    expect(ok(await beta.get('tags'))).toEqual({
      tags: [
        { key: 'team', values: ['blue', 'red'] },
        { key: 'tier', values: ['1'] },
      ],
    });
  });

  it('show keys with their details and tags', async () => {
    const { resources, total_count } = await search({
      action: 'filter',
      tags: [{ key: 'team', values: ['blue'] }],
    });
    expect(total_count).toBe(1);
    expect(resources).toEqual([
      {
        resource_id: ids[1],
        resource_name: 'db-blue',
        resource_detail: await beta.describe(ids[1]!),
        tags: [tag('team', 'blue'), tag('tier', '1')],
      },
    ]);
  });

  it.each([
    [{}, [0, 1, 2]],
    [{ tags: [], matches: [] }, [0, 1, 2]],
    [{ tags: null, matches: null }, [0, 1, 2]],
    [{ tags: [{ key: 'team', values: ['red', 'blue'] }] }, [0, 1, 2]],
    [{ tags: [{ key: 'team', values: ['red'] }, { key: 'tier' }] }, [0]],
    [{ tags: [{ key: 'tier', values: [] }] }, [0, 1]],
    [{ matches: [{ key: 'resource_name', value: 'db' }] }, [0, 1]],
    [{ limit: 1, offset: '1' }, [1]],
    [{ limit: '2' }, [0, 1]],
    [{ offset: 3 }, []],
  ])('find with %j', async (conditions, expected) => {
    const { resources } = await search({ action: 'filter', ...conditions });
    expect(resources.map((entry: { resource_id: string }) => entry.resource_id)).toEqual(
      expected.map((index) => ids[index]),
    );
  });

  it('count without showing, whatever the page would be', async () => {
    expect(await search({ action: 'count' })).toEqual({ resources: [], total_count: 3 });
    expect(await search({ action: 'count', limit: 1, tags: [{ key: 'tier' }] })).toEqual({
      resources: [],
      total_count: 2,
    });
  });
});
