import { beforeAll, describe, expect, it } from 'vitest';
import type { OperationId } from '../../../src/core/operations.ts';
import { ADMIN, ALPHA, type TestServer, type TestUser } from '../../support/server.ts';
import { callsOf, ok } from '../calls.ts';
import { ABSENT_KEY, kmsCallsOf } from '../kms-calls.ts';
import { type Known, requestOf } from './fixtures.ts';
import { BY_DIGIT, BY_PATH, DEMANDS, onlyUser } from './users.ts';

const TAGGED = { key: 'list', value: 'all' };
const SEEN = ['seen-1', 'seen-2', 'seen-3'];
const isSeen = (keyId: string) => /^[0-7]/.test(keyId);

/** One page, and where the next one begins: undefined behind the last. */
type Page = readonly [entries: readonly string[], next: string | number | undefined];

/** Lists speak of what their caller may see, and of nothing else. */
export function describeLists(server: TestServer): void {
  const csms = `/v1/${ALPHA}`;
  const kms = `/v1.0/${ALPHA}/kms`;
  const send = async (user: TestUser, method: string, path: string, body?: unknown) =>
    ok(await server.send({ method, path, ...(body !== undefined && { body }) }, user));
  const search = (user: TestUser, base: string, more: object) =>
    send(user, 'POST', `${base}/resource_instances/action`, {
      action: 'filter',
      tags: [{ key: TAGGED.key }],
      ...more,
    });
  /** Everything, one entry at a time. */
  const walk = async (read: (from: string | number | undefined) => Promise<Page>): Promise<string[]> => {
    const all: string[] = [];
    for (let next: Page[1], count = 0; count < 200; count += 1) {
      const [entries, following] = await read(next);
      expect(entries.length).toBeLessThanOrEqual(1);
      all.push(...entries);
      if (following === undefined) return all;
      next = following;
    }
    throw new Error('a list without end');
  };
  /** The ids of all keys with the tag, as the administrator made them. */
  const keys: string[] = [];

  beforeAll(async () => {
    const [secrets, keyring] = [callsOf(server), kmsCallsOf(server)];
    const event = { name: 'lists', event_types: ['SECRET_DELETED'], state: 'ENABLED' };
    const notification = { target_type: 'SMN', target_id: 'urn:smn:r:p:t', target_name: 't' };
    ok(await secrets.csms('POST', '/events', { ...event, notification }));
    for (const name of [...SEEN, 'out-of-sight', 'seen']) {
      const { id } = await secrets.create(name, { secret_string: 'x', event_subscriptions: ['lists'] });
      expect((await secrets.csms('POST', `/${id}/tags`, { tag: TAGGED })).status).toBe(204);
    }
    for (let count = 0; count < 8 || new Set(keys.map(isSeen)).size < 2; count += 1) {
      const id = await keyring.create(`listed-${count}`);
      keys.push(id);
      expect((await keyring.post(`${id}/tags`, { tag: TAGGED })).status).toBe(204);
    }
  });

  describe('secrets', () => {
    it.each(['', '&event_name=lists'])('are paged as if there were no others%s', async (filter) => {
      const names = await walk(async (from = '') => {
        const path = `${csms}/secrets?limit=1&marker=${from}${filter}`;
        const { page_info, secrets } = await send(BY_PATH, 'GET', path);
        expect(page_info.current_count).toBe(secrets.length);
        return [secrets.map(({ name }: { name: string }) => name), page_info.next_marker ?? undefined];
      });
      expect(names).toEqual(SEEN);
    });

    it('are found and counted by tags as if there were no others', async () => {
      const names = await walk(async (from = 0) => {
        const { resources, total_count } = await search(BY_PATH, `${csms}/csms`, { limit: 1, offset: from });
        expect(total_count).toBe(3);
        const found = resources.map(({ resource_name }: { resource_name: string }) => resource_name);
        return [found, found.length === 0 ? undefined : Number(from) + 1];
      });
      expect(names.sort()).toEqual(SEEN);
      const counted = await search(BY_PATH, `${csms}/csms`, { action: 'count' });
      expect([
        counted.total_count,
        (await search(ADMIN, `${csms}/csms`, { action: 'count' })).total_count,
      ]).toEqual([3, 5]);
    });
  });

  describe('keys', () => {
    it('are paged and counted as if there were no others', async () => {
      const whole: { keys: string[]; total: number } = await send(ADMIN, 'POST', `${kms}/list-keys`, {
        limit: '1000',
      });
      const seen = whole.keys.filter(isSeen);
      const ids = await walk(async (from) => {
        const body = { limit: '1', ...(from !== undefined && { marker: from }) };
        const page = await send(BY_DIGIT, 'POST', `${kms}/list-keys`, body);
        expect(page.total).toBe(seen.length);
        return [page.keys, page.truncated === 'true' ? page.next_marker : undefined];
      });
      expect(ids).toEqual(seen);
      expect(seen.length).toBeLessThan(whole.total);
    });

    it('are found and counted by tags as if there were no others', async () => {
      const seen = keys.filter(isSeen);
      const ids = await walk(async (from = 0) => {
        const page = await search(BY_DIGIT, kms, { limit: '1', offset: String(from) });
        expect(page.total_count).toBe(seen.length);
        const found = page.resources.map(({ resource_id }: { resource_id: string }) => resource_id);
        return [found, found.length === 0 ? undefined : Number(from) + 1];
      });
      expect(ids.sort()).toEqual(seen.sort());
    });

    it('have aliases that are paged as if there were no others', async () => {
      const aliases = await walk(async (from = '') => {
        const page = await send(BY_DIGIT, 'GET', `${kms}/aliases?limit=1&marker=${from}`);
        expect(page.aliases.every(({ key_id }: { key_id: string }) => isSeen(key_id))).toBe(true);
        const found = page.aliases.map(({ alias }: { alias: string }) => alias);
        return [found, page.page_info.next_marker || undefined];
      });
      const expected = keys.flatMap((id, index) => (isSeen(id) ? [`listed-${index}`] : []));
      expect(aliases.filter((alias) => alias.includes('listed-')).sort()).toEqual(expected.sort());
    });

    it('that are hidden have the aliases of those that are not there', async () => {
      const hidden = keys.find((id) => !isSeen(id));
      const read = (keyId: unknown) =>
        server.send({ method: 'GET', path: `${kms}/aliases?key_id=${keyId}` }, BY_DIGIT);
      const [there, absent] = [await read(hidden), await read(ABSENT_KEY)];
      expect([there.status, there.text]).toEqual([absent.status, absent.text]);
    });
  });

  it('a hidden list says nothing about what is wrong with its request', async () => {
    const demand = DEMANDS.find(({ id }) => id === 'ShowSecret');
    if (demand === undefined) throw new Error('no ShowSecret');
    const known: Known = { project_id: ALPHA };
    const lists: OperationId[] = [
      'ListSecrets',
      'ListResourceInstances',
      'ListKeys',
      'ListAliases',
      'ListKmsByTags',
    ];
    for (const operation of lists) {
      const { method, path } = requestOf({ operation, known });
      const wrong =
        method === 'GET' ? { method, path: `${path}?limit=x` } : { method, path, body: { limit: [] } };
      expect((await server.send(wrong, onlyUser(demand))).status).toBe(403);
    }
  });
}
