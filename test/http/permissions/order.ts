import { beforeAll, describe, expect, it } from 'vitest';
import type { OperationId } from '../../../src/core/operations.ts';
import { BETA, GUEST, startTestServer, type TestServer } from '../../support/server.ts';
import { ABSENT_KEY } from '../kms-calls.ts';
import { type Fixture, type Maker, requestOf, targetOf } from './fixtures.ts';
import { refusalOf } from './refusals.ts';
import { DEMANDS, lackingUser, NOBODY, onlyUser } from './users.ts';

const BODY = 'no JSON';
const inProjects = DEMANDS.filter(({ id }) => targetOf(id)?.template.includes('{project_id}'));
const withBody = DEMANDS.filter(({ id }) => targetOf(id)?.body !== undefined);
const withNeeds = DEMANDS.filter(
  ({ id, others }) => others.length > 0 && targetOf(id)?.template.includes('{secret_name}'),
);

/** Each reason for a refusal comes before those behind it, whatever else is wrong with the request. */
export function describeOrder(server: TestServer, maker: Maker): void {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await maker.make('ShowSecret');
  });
  const requestFor = (operation: OperationId, more = {}) =>
    requestOf({ operation, known: { ...fixture.known, ...more } });

  describe('who is not known', () => {
    it.each(DEMANDS)('is told so by $id first', async ({ id }) => {
      const request = {
        ...requestFor(id, { project_id: BETA }),
        ...(withBody.some((one) => one.id === id) && { body: BODY }),
      };
      const [status] = refusalOf(await server.sendUnsigned(request));
      expect(status).toBe(401);
    });
  });

  describe('who may do nothing', () => {
    it.each(inProjects)('is told by $id of the project first', async ({ id }) => {
      const request = { ...requestFor(id, { project_id: BETA }), ...(targetOf(id)?.body && { body: BODY }) };
      expect(refusalOf(await server.send(request, NOBODY)).slice(0, 2)).toEqual([403, 'APIGW.0302']);
    });

    it.each(withBody)('is told so by $id before what is wrong with the body', async ({ id }) => {
      for (const body of [BODY, [], '{"limit":{}}'])
        expect(refusalOf(await server.send({ ...requestFor(id), body }, NOBODY))[0]).toBe(403);
    });
  });

  it('too many requests are told after who is not known, and before the project', async () => {
    const request = requestOf({ operation: 'ShowSecret', known: { project_id: BETA } });
    const few = await startTestServer({ env: { CSMS_RATE_LIMIT: '1' } });
    try {
      const codes: unknown[] = [];
      for (let count = 0; count < 20 && !codes.includes('APIGW.0308'); count += 1)
        codes.push(refusalOf(await few.send(request, GUEST))[1]);
      expect(new Set(codes)).toEqual(new Set(['APIGW.0302', 'APIGW.0308']));
      expect((await few.sendUnsigned(request)).status).toBe(401);
    } finally {
      await few.close();
    }
  });

  describe('who may do it', () => {
    it.each(withBody)('is told by $id what is wrong with the body before what is missing', async (demand) => {
      const known = {
        secret_name: 'absent',
        resource_id: ABSENT_KEY,
        secret_id: ABSENT_KEY,
        key_id: ABSENT_KEY,
      };
      const request = { ...requestFor(demand.id, known), body: BODY };
      expect(refusalOf(await server.send(request, onlyUser(demand)))[0]).toBe(400);
    });

    it.each(withNeeds)('$id but not what it takes of the key is told of that last', async (demand) => {
      const { id, others } = demand;
      const scheduled = await maker.make(id);
      await server.send(requestOf({ ...scheduled, operation: 'DeleteSecretForSchedule' }));
      const { known } = scheduled;
      const absent = { ...fixture.known, version_id: 'v9' };
      for (const index of others.keys()) {
        const user = lackingUser(demand, index);
        const requests = [requestOf({ operation: id, known })];
        if (id === 'ShowSecretVersion') requests.push(requestOf({ operation: id, known: absent }));
        for (const request of requests) {
          const [whole, lacking] = [await server.send(request), await server.send(request, user)];
          expect(whole.status).toBeGreaterThanOrEqual(400);
          expect(lacking.text).toBe(whole.text);
        }
      }
    });
  });
}
