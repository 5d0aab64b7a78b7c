import { beforeAll, describe, expect, it } from 'vitest';
import { BETA, OUTSIDER, shareServer } from '../../support/server.ts';
import { callsOf, ok } from '../calls.ts';

const server = shareServer();
const TAGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'api-prod': { env: 'prod', team: 'a' },
  'api-test': { env: 'test', team: 'a' },
  'db-prod': { env: 'prod', team: 'b' },
  plain: {},
};
const acme = callsOf(server);
const search = (body: object) => acme.csms('POST', '/resource_instances/action', body);
/** Names of what is found. */
async function found(conditions: object): Promise<string[]> {
  const { resources, total_count } = ok(await search({ action: 'filter', ...conditions }));
  expect(total_count).toBe(resources.length);
  expect(ok(await search({ action: 'count', ...conditions }))).toEqual({ resources: [], total_count });
  return resources.map(({ resource_name }: { resource_name: string }) => resource_name);
}

beforeAll(async () => {
  for (const [name, tags] of Object.entries(TAGS)) {
    const { id } = await acme.create(name);
    const list = Object.entries(tags).map(([key, value]) => ({ key, value }));
    if (list.length > 0) ok(await acme.csms('POST', `/${id}/tags/action`, { action: 'create', tags: list }));
  }
});

describe('ListResourceInstances', () => {
  it('answers one resource for each secret, with its detail and tags', async () => {
    const body = { action: 'filter', tags: [{ key: 'team', values: ['b'] }] };
    const { secret } = ok(await acme.get('/db-prod'));
    expect(ok(await search(body))).toEqual({
      resources: [
        {
          resource_id: secret.id,
          resource_name: 'db-prod',
          resource_detail: secret,
          tags: [
            { key: 'env', value: 'prod' },
            { key: 'team', value: 'b' },
          ],
          sys_tags: [],
        },
      ],
      total_count: 1,
    });
  });

  it.each([
    ['no conditions', {}, ['api-prod', 'api-test', 'db-prod', 'plain']],
    [
      'conditions that are null',
      { tags: null, matches: null, sequence: null },
      ['api-prod', 'api-test', 'db-prod', 'plain'],
    ],
    ['empty lists', { tags: [], matches: [] }, ['api-prod', 'api-test', 'db-prod', 'plain']],
    ['a key alone', { tags: [{ key: 'env' }] }, ['api-prod', 'api-test', 'db-prod']],
    ['a key without values', { tags: [{ key: 'env', values: [] }] }, ['api-prod', 'api-test', 'db-prod']],
    ['a part of the name', { matches: [{ key: 'resource_name', value: 'prod' }] }, ['api-prod', 'db-prod']],
    ['an empty part', { matches: [{ key: 'resource_name', value: '' }] }, []],
    [
      'an empty part beside another one',
      { matches: [{ key: 'resource_name', value: 'api' }, { key: 'resource_name' }] },
      [],
    ],
    [
      'tags and parts of the name',
      {
        tags: [
          { key: 'team', values: ['a'] },
          { key: 'env', values: ['prod', 'dev'] },
        ],
        matches: [
          { key: 'resource_name', value: 'api' },
          { key: 'resource_name', value: '-' },
        ],
      },
      ['api-prod'],
    ],
  ])('with %s', async (_, conditions, names) => {
    expect(await found(conditions)).toEqual(names);
  });

  it.each([
    ['as numbers', (n: number) => n],
    ['as text', String],
  ])('pages with limit and offset %s, as Terraform does', async (_, count) => {
    const seen: string[] = [];
    for (let offset = 0; ; offset += 1) {
      const page = ok(await search({ action: 'filter', limit: count(1), offset: count(offset) }));
      expect(page.total_count).toBe(4);
      if (page.resources.length === 0) break;
      expect(page.resources).toHaveLength(1);
      seen.push(page.resources[0].resource_name);
    }
    expect(seen).toEqual(['api-prod', 'api-test', 'db-prod', 'plain']);
  });

  it('has pages of 10 by default', async () => {
    const gamma = callsOf(server, OUTSIDER, 'c3'.repeat(16));
    for (let count = 0; count < 11; count += 1) await gamma.create(`s${String(count).padStart(2, '0')}`);
    const pageOf = async (more: object) => {
      const answer = await gamma.csms('POST', '/resource_instances/action', { action: 'filter', ...more });
      return ok(answer).resources.length;
    };
    expect(await pageOf({})).toBe(10);
    expect(await pageOf({ limit: '', offset: '' })).toBe(10);
    expect(await pageOf({ limit: 1000 })).toBe(11);
    expect(await pageOf({ limit: '11', offset: '10' })).toBe(1);
  });

  it('shows secrets that wait for deletion, and stays in its project', async () => {
    const beta = callsOf(server, undefined, BETA);
    await beta.create('mine');
    ok(await beta.post('/mine/scheduled-deleted-tasks/create', { recovery_window_in_days: 7 }));
    const { resources } = ok(await beta.csms('POST', '/resource_instances/action', { action: 'filter' }));
    expect(resources).toHaveLength(1);
    expect(resources[0].resource_detail).toMatchObject({ name: 'mine', state: 'PENDING_DELETE' });
  });
});
