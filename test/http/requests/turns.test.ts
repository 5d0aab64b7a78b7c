import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { createTurns } from '../../../src/app/turns.ts';
import { joined } from '../../../src/http/connections/pieces.ts';
import { turnsOfRequest } from '../../../src/http/requests/turns.ts';
import { ALPHA, shareServer } from '../../support/server.ts';

const GONE = { code: 'unavailable', logReason: 'the client has gone' };

describe('the turns of a request', () => {
  it('end with its client, those that wait for their place too', async () => {
    const all = createTurns();
    const socket = { destroyed: false };
    const turns = turnsOfRequest(all, socket);
    const pause = turns.pauseOf('p');
    await pause();
    const held = Promise.withResolvers<void>();
    const first = all.alone('p', () => held.promise);
    const work = vi.fn(async () => undefined);
    const waiting = turns.alone('p', work);
    socket.destroyed = true;
    held.resolve();
    await first;
    await expect(waiting).rejects.toMatchObject(GONE);
    expect(work).not.toHaveBeenCalled();
    expect(pause).toThrow(expect.objectContaining(GONE));
    // Its place is free again.
    expect(await all.alone('p', async () => 'next')).toBe('next');
  });
});

it('a long answer that is given up leaves no bytes behind', async () => {
  const made: Buffer<ArrayBuffer>[] = [];
  const allocate = vi.spyOn(Buffer, 'allocUnsafeSlow').mockImplementation((size) => {
    made.push(Buffer.alloc(size, 1));
    return made[0]!;
  });
  let pieces = 0;
  const pause = () => {
    pieces += 1;
    if (pieces > 2) throw new Error('gone');
    return undefined;
  };
  await expect(joined([Buffer.from('ab'), Buffer.from('cd'), Buffer.from('ef')], pause)).rejects.toThrow(
    'gone',
  );
  allocate.mockRestore();
  expect(made[0]?.subarray(0, 4)).toEqual(Buffer.alloc(4));
});

describe('an import', () => {
  const server = shareServer({ listen: true });

  it('ends when its client has gone', async () => {
    const secrets = Array.from({ length: 1_000 }, (_, number) => ({
      name: `s${number}`,
      secret_string: 'x',
    }));
    const request = {
      method: 'POST',
      path: `/v1/${ALPHA}/secrets/batch-import`,
      body: JSON.stringify({ secrets }),
    };
    const count = async () =>
      (await server.send({ method: 'GET', path: `/v1/${ALPHA}/secrets?limit=1000` })).json.page_info
        .current_count;
    const client = new AbortController();
    const { host: _, ...headers } = server.sign(request);
    const answer = fetch(`${server.baseUrl}${request.path}`, { ...request, headers, signal: client.signal });
    while ((await count()) === 0);
    client.abort();
    await expect(answer).rejects.toThrow('aborted');
    let created = -1;
    for (let next = await count(); next !== created; next = await count()) {
      created = next;
      await sleep(300);
    }
    expect(created).toBeLessThan(1_000);
  });
});
