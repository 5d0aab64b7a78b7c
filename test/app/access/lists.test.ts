import { describe, expect, it } from 'vitest';
import { authorize } from '../../../src/app/access/authorize.ts';
import type { Caller, Store } from '../../../src/app/ports/deps.ts';
import { walkSecrets } from '../../../src/app/secrets/secrets.ts';
import type { OperationId } from '../../../src/core/operations.ts';
import type { Secret } from '../../../src/core/secrets/secrets.ts';
import { policiesOf, type Short } from '../../core/policy/questions.ts';
import { CALLER_ACTOR } from '../../support/acting.ts';
import { REF } from '../../support/builders.ts';
import { walked } from '../../support/walks.ts';
import { aWorld } from '../../support/world.ts';

const { projectId } = REF;
const COUNT = 5_000;
const nameOf = (index: number) => `s-${String(index).padStart(4, '0')}`;

/** Dependencies of a caller with these statements, over a store of 5,000 secrets that counts what is asked of it. */
function aLargeWorld(statements: readonly Short[]) {
  const { deps } = aWorld();
  const asked = { lists: 0, rows: 0, pauses: 0 };
  const names = Array.from({ length: COUNT }, (_, index) => nameOf(index));
  const listSecrets: Store['listSecrets'] = ({ afterName = '', limit }) => {
    asked.lists += 1;
    const from = names.findIndex((name) => name > afterName);
    const page = from < 0 ? [] : names.slice(from, from + limit);
    asked.rows += page.length;
    return page.map((name) => ({ id: name, name, projectId, enterpriseProjectId: '0' }) as Secret);
  };
  const store = { ...deps.store, listSecrets };
  const pause = () => {
    asked.pauses += 1;
    return undefined;
  };
  const caller: Caller = {
    ...CALLER_ACTOR,
    projectIds: new Set([projectId]),
    permissions: {
      policies: policiesOf(statements),
      domainName: 'acme',
      groupIds: [],
      projectNames: new Map([[projectId, 'local-1']]),
    },
  } as Caller;
  const turns = { pauseOf: () => pause, alone: <T>(_: string, work: () => Promise<T>) => work() };
  const given = {
    ...deps,
    actor: { ...CALLER_ACTOR, operation: 'ListSecrets' as OperationId },
    store,
    turns,
  };
  const list = async (limit: number) => {
    const request = { subject: { kind: 'many' }, operation: 'ListSecrets', projectId, caller } as const;
    const own = await authorize(given, {
      ...request,
      address: undefined,
      userAgent: undefined,
      isSecure: false,
    });
    const { entries, end } = await walked(walkSecrets(own, { projectId, limit }));
    return { names: entries.map(({ name }) => name), hasMore: end, own };
  };
  return { asked, given, list };
}

describe('a list of 5,000 secrets', () => {
  it('of which one is visible is read once, in steps of a hundred rows with a pause in between', async () => {
    const last = nameOf(COUNT - 1);
    const { asked, list } = aLargeWorld([
      { Action: 'csms:secret:list', Resource: `csms:*:*:secretName:${last}` },
    ]);
    const { hasMore, names } = await list(50);
    expect([names, hasMore]).toEqual([[last], false]);
    expect(asked).toEqual({ lists: 51, rows: COUNT, pauses: 50 });
  });

  it('costs nothing more where policies do not depend on the rows', async () => {
    const { asked, given, list } = aLargeWorld([{ Action: 'csms:*:*' }]);
    const { names, own } = await list(50);
    expect(names).toHaveLength(50);
    expect(asked).toEqual({ lists: 1, rows: 51, pauses: 0 });
    expect(own.store).toBe(given.store);
    expect(own.sees).toBeUndefined();
  });
});
