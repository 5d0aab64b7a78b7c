import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ALPHA, shareServer } from '../support/server.ts';
import { control, TOKEN } from './control.ts';
import { seeds } from './seeds-arbitrary.ts';

const options = { mode: 'dev', listen: true, env: { CSMS_CONTROL_TOKEN: TOKEN } } as const;
const one = shareServer(options);
const other = shareServer(options);

type Server = typeof one;
const put = async (at: Server, body: string) => (await control(at, 'PUT', '/main/seed', { body })).json;
const exported = async (at: Server) => (await control(at, 'GET', '/main/seed')).text;

/** Nothing is there, and the clock stands. */
async function empty(at: Server): Promise<void> {
  await put(at, 'csms: 1\nclock: 2030-01-01T00:00:00Z\n');
  await control(at, 'POST', '/main/reset');
}

async function secretsOf(at: Server): Promise<string> {
  const { json } = await at.send({ method: 'GET', path: `/v1/${ALPHA}/secrets?limit=100` });
  // Rotations count anew.
  return JSON.stringify(json).replaceAll(/"next_rotation_time":\d+/g, '');
}

it('whatever a seed says, it is unchanged the second time, and exported and applied elsewhere it is the same', async () => {
  await fc.assert(
    fc.asyncProperty(seeds, async (seed) => {
      await empty(one);
      await empty(other);
      const body = JSON.stringify(seed);
      const count = seed.keys.length + seed.events.length + seed.secrets.length;
      expect(await put(one, body)).toEqual({ created: count, replaced: 0, unchanged: 0 });
      expect(await put(one, body)).toEqual({ created: 0, replaced: 0, unchanged: count });
      const text = await exported(one);
      expect(await put(one, text)).toMatchObject({ created: 0, replaced: 0 });
      expect(await put(other, text)).toMatchObject({ replaced: 0, unchanged: 0 });
      expect(await exported(other)).toBe(text);
      expect(await secretsOf(other)).toBe(await secretsOf(one));
    }),
    { numRuns: 12 },
  );
});
