import { expect, it, vi } from 'vitest';
import { ADMIN, shareServer } from '../support/server.ts';
import { callsOf, ok } from './calls.ts';

const server = shareServer();
const acme = callsOf(server);

it('a change is made by the caller, in the operation and request that it came with', async () => {
  const change = vi.spyOn(server.composed.store, 'change');
  const beforeMs = Date.now();
  await acme.create('db');
  const answer = await acme.post('/db/versions', { secret_string: 'x' });
  ok(answer);
  const all = change.mock.calls.map(([{ kind }, actor]) => [kind, actor] as const);
  // The server itself may have kept the time meanwhile.
  const made = all.filter(([, actor]) => actor?.kind !== 'system');
  expect(made.map(([kind]) => kind)).toEqual(['ensure-key', 'create-secret', 'add-version']);
  expect(made[2]?.[1]).toEqual({
    kind: 'caller',
    world: 'main',
    operation: 'CreateSecretVersion',
    requestId: answer.headers['x-request-id'],
    address: '127.0.0.1',
    receivedMs: expect.any(Number),
    domainId: expect.stringMatching(/^\w{32}$/),
    userId: expect.stringMatching(/^\w{32}$/),
    userName: 'admin',
    method: 'signature',
    accessKeyId: ADMIN.accessKeyId,
  });
  expect(made[0]?.[1]).toMatchObject({ operation: 'CreateSecret' });
  const times = made.map(([, actor]) => (actor?.kind === 'caller' ? actor.receivedMs : 0));
  expect(Math.min(...times)).toBeGreaterThanOrEqual(beforeMs - 1);
  expect(Math.max(...times)).toBeLessThanOrEqual(Date.now());
});
