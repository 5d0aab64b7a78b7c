import { beforeAll, describe, expect, it } from 'vitest';
import { ADMIN, BETA, shareServer } from '../../support/server.ts';
import { callsOf, ok } from '../calls.ts';

/** In byte order: digits, then capitals, then small letters. */
const NAMES = ['0', 'A', 'Z', 'a', 'a-b', 'a.b', 'a_b', 'aa', 'b'].sort();

const server = shareServer();
beforeAll(async () => {
  for (const name of NAMES.toReversed()) await acme.create(name);
});
const acme = callsOf(server);

/** Names of all pages of that size, following next_marker until it is null. */
async function walk(limit: number): Promise<{ names: string[]; pages: number }> {
  const names: string[] = [];
  for (let marker = '', pages = 1; pages < 50; pages += 1) {
    const { secrets, page_info } = ok(await acme.get(`?limit=${limit}&marker=${marker}`));
    const page: string[] = secrets.map((secret: { name: string }) => secret.name);
    names.push(...page);
    expect(page_info.current_count).toBe(page.length);
    expect(page_info.previous_marker).toBe(page[0] ?? null);
    if (page_info.next_marker === null) return { names, pages };
    expect(page_info.next_marker).toBe(page.at(-1));
    marker = page_info.next_marker;
  }
  throw new Error('the pages never end');
}

describe('ListSecrets', () => {
  it('returns all secrets as ShowSecret does, by name in byte order', async () => {
    const answer = await acme.get('');
    const shown = await Promise.all(NAMES.map(async (name) => ok(await acme.get(`/${name}`)).secret));
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      secrets: shown,
      page_info: { next_marker: null, previous_marker: '0', current_count: NAMES.length },
    });
  });

  it('returns an empty page with an empty list and no markers', async () => {
    const answer = await callsOf(server, ADMIN, BETA).get('');
    expect(answer.json).toEqual({
      secrets: [],
      page_info: { next_marker: null, previous_marker: null, current_count: 0 },
    });
  });

  it.each([
    [1, 9],
    [2, 5],
    [3, 3],
    [8, 2],
    [9, 1],
    [10, 1],
    [1000, 1],
  ])('gives every secret once in pages of %i', async (limit, pages) => {
    expect(await walk(limit)).toEqual({ names: NAMES, pages });
  });

  it('continues behind a marker that never existed, or does not exist any more', async () => {
    const namesBehind = async (marker: string) =>
      ok(await acme.get(`?marker=${marker}`)).secrets.map((secret: { name: string }) => secret.name);
    await acme.create('a-c');
    ok(await acme.remove('/a-c'));
    expect(await namesBehind('a-c')).toEqual(['a.b', 'a_b', 'aa', 'b']);
    expect(await namesBehind('a-zzzz')).toEqual(['a.b', 'a_b', 'aa', 'b']);
    expect(await namesBehind('zzz')).toEqual([]);
  });

  it('lists secrets that wait for their deletion', async () => {
    ok(await acme.post('/b/scheduled-deleted-tasks/create'));
    const states = ok(await acme.get('?marker=aa')).secrets.map((secret: { state: string }) => secret.state);
    ok(await acme.post('/b/scheduled-deleted-tasks/cancel'));
    expect(states).toEqual(['PENDING_DELETE']);
  });

  it('is 50 long by default', async () => {
    const beta = callsOf(server, ADMIN, BETA);
    const numbered = Array.from({ length: 51 }, (_, index) => `s${String(index).padStart(3, '0')}`);
    await Promise.all(numbered.map((name) => beta.create(name)));
    const { secrets, page_info } = ok(await beta.get(''));
    expect(secrets).toHaveLength(50);
    expect(page_info.next_marker).toBe('s049');
  });

  it('ignores parameters that it does not know', async () => {
    expect(ok(await acme.get('?limit=2&offset=1&enterprise_project_id=0')).secrets).toHaveLength(2);
  });
});
