import { beforeAll, describe, expect, it } from 'vitest';
import { OPERATIONS, type Operation, type OperationId } from '../../../src/core/operations.ts';
import { type ActionId, actionOf } from '../../../src/core/policy/actions.ts';
import { NAMED } from '../../../src/http/requests/access.ts';
import { TABLE_OPERATIONS } from '../../policy/tables.ts';
import type { Answer } from '../../support/exchange.ts';
import { ADMIN, ALPHA, BETA, GUEST, OUTSIDER, type TestServer, type TestUser } from '../../support/server.ts';
import { type Fixture, type Maker, PAYMENTS, requestOf, targetOf } from './fixtures.ts';
import { dependencyRefused, MANY, refusalOf, refused } from './refusals.ts';
import { allButUser, DEMANDS, type Demand, lackingUser, NOBODY, onlyUser, PAYER } from './users.ts';

/** Operations that are open to everyone who is known. */
const OPEN = 'ShowSecretFunctionTemplates CreateAgency ShowAgency UpdateUserPassword'.split(' ');
/** Reads whose answers differ from one time to the next. */
const DRAWN: readonly OperationId[] = ['GenerateRandomPassword', 'DownloadSecretBlob'];

const rowOf = ({ action }: Demand) => actionOf(action as ActionId);
const isRead = (demand: Demand) => ['List', 'Read'].includes(rowOf(demand).level);
/** True when a refusal of one item holds up no other, and is in the answer. */
const isEach = (id: OperationId) => (OPERATIONS[id] as Operation).each !== undefined;
const namesProject = ({ id }: Demand) => targetOf(id)?.template.includes('{project_id}') === true;

/** Every operation by every kind of caller. */
export function describeMatrix(server: TestServer, maker: Maker): void {
  const call = (fixture: Fixture, user: TestUser) => server.send(requestOf(fixture), user);

  describe('every operation', () => {
    it('has the action of the table, or none there either', () => {
      const taken = Object.entries<Operation>(OPERATIONS).filter(([, { action }]) => action !== undefined);
      const inTable = [...TABLE_OPERATIONS.keys()].map((name) => name.replace(' per item', ''));
      const ids = new Set(inTable);
      ids.delete('ListTraces');
      expect(taken.map(([id]) => id).sort()).toEqual([...ids].sort());
      expect(taken.map(([, { action }]) => action)).toEqual(DEMANDS.map(({ action }) => action));
      const needed = taken.map(([, { each, needs = [] }]) => {
        const item: Operation | undefined = each === undefined ? undefined : OPERATIONS[each as OperationId];
        return [...needs, ...(item?.needs ?? [])];
      });
      const isOfItem = (name: string) => name === 'csms:secret:getVersion';
      expect(needed).toEqual(DEMANDS.map(({ others }) => others.filter((name) => !isOfItem(name))));
    });

    it('with an action says what its requests name, of the type that the action is done to', () => {
      const parts = { params: {}, query: {}, body: {} };
      for (const demand of DEMANDS) {
        const kind = NAMED[demand.id]?.(parts).subject.kind;
        const { resource } = rowOf(demand);
        const kinds = {
          secret: ['secret', 'secret-by-id', 'new-secret', 'blob'],
          key: ['key', 'new-key', 'ciphertext'],
        };
        const fitting =
          resource === undefined ? ['none'] : MANY.includes(demand.id) ? ['many'] : kinds[resource];
        expect(fitting, demand.id).toContain(kind);
      }
    });
  });

  describe.each(DEMANDS)('$id', (demand) => {
    const { action, id, others } = demand;
    let fixture: Fixture;
    beforeAll(async () => {
      fixture = await maker.make(id);
    });

    it('is done in an enterprise project by who may do everything there, and not outside', async () => {
      const inside = await maker.make(id, PAYMENTS.id);
      if (!rowOf(demand).keys.has('E')) {
        expect(refusalOf(await call(inside, PAYER))).toEqual(refused(inside, PAYER, { action }));
        return;
      }
      const [done, kept] = [await call(inside, PAYER), await call(fixture, PAYER)];
      expect(done.status, done.text).toBeLessThan(300);
      if (!MANY.includes(id)) expect(refusalOf(kept)).toEqual(refused(fixture, PAYER, { action }));
      else expectKept(kept, fixture);
    });

    it('is done for who may do exactly that, and refused to all others', async () => {
      expect(refusalOf(await call(fixture, NOBODY))).toEqual(refused(fixture, NOBODY, { action }));
      const other = allButUser(demand);
      expect(refusalOf(await call(fixture, other))).toEqual(
        refused(fixture, other, { action, isExplicit: true }),
      );
      if (!isEach(id)) await expectDependencies(fixture);
      const answer = await call(fixture, onlyUser(demand));
      expect(answer.status, answer.text).toBeLessThan(300);
      if (isEach(id)) expect(answer.text).not.toContain('not authorized');
      if (isRead(demand) && !DRAWN.includes(id))
        expect(answer.json).toEqual((await call(fixture, ADMIN)).json);
    });

    async function expectDependencies(fixture: Fixture): Promise<void> {
      for (const [index, dependency] of others.entries()) {
        const user = lackingUser(demand, index);
        expect(refusalOf(await call(fixture, user))).toEqual(dependencyRefused(fixture, user, dependency));
        if (
          fixture.known.secret_name === undefined ||
          !requestOf(fixture).path.includes(`${fixture.known.secret_name}`)
        )
          continue;
        const absent = { ...fixture, known: { ...fixture.known, secret_name: 'absent' } };
        expect((await call(absent, user)).status).toBe(404);
      }
    }

    function expectKept({ json, status, text }: Answer, { known }: Fixture): void {
      expect(status, text).toBe(200);
      if (id === 'BatchImportSecrets') expect(json).toMatchObject({ success: 0, failed: 1 });
      else for (const hidden of [known.secret_name, known.key_id]) expect(text).not.toContain(hidden);
    }
  });

  it.each(DEMANDS.filter(namesProject))(
    '$id is refused in a project that is not the caller’s',
    async ({ id }) => {
      const requestIn = (project_id: string) => requestOf({ operation: id, known: { project_id } });
      const refusals = [
        await server.send(requestIn(BETA), GUEST),
        await server.send(requestIn(ALPHA), OUTSIDER),
        await server.send(requestIn(BETA), NOBODY),
      ].map((answer) => refusalOf(answer).slice(0, 2));
      expect(refusals).toEqual(Array(3).fill([403, 'APIGW.0302']));
    },
  );

  it.each(OPEN)('%s is open to those who may do nothing', async (id) => {
    const known = { secret_type: 'RDS-FG', secret_sub_type: 'SINGLE_USER' };
    const answer = await call({ operation: id as OperationId, known }, NOBODY);
    expect(answer.text).not.toContain('0302');
    expect([200, 201, 400]).toContain(answer.status);
  });
}
