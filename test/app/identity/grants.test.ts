import { describe, expect, it } from 'vitest';
import { createGrant, listGrants, removeGrants, updateGrant } from '../../../src/app/identity/grants.ts';
import type { Caller } from '../../../src/app/ports/deps.ts';
import type { Grantee } from '../../../src/core/identity/grants.ts';
import { DAY_MS, outcomeOf, REF, T0 } from '../../support/builders.ts';
import { aWorld, createPlain, DOMAIN_ID } from '../../support/world.ts';

const CALLER: Caller = {
  world: 'main',
  domainId: DOMAIN_ID,
  userId: 'me',
  userName: 'me',
  projectIds: new Set([REF.projectId]),
  method: 'token',
  accessKeyId: undefined,
};
const ANN: Grantee = { type: 'user', id: 'ann' };

async function aSecret() {
  const world = aWorld();
  world.users.set('ann', 'Ann');
  const secret = await createPlain(world.deps);
  return { ...world, ref: { projectId: REF.projectId, secretId: secret.id } };
}

describe('a grant', () => {
  it('is listed until its end has come, and is gone then', async () => {
    const { clock, deps, ref } = await aSecret();
    const grant = await createGrant(deps, CALLER, { ref, grantee: ANN, expireTimeMs: T0 + DAY_MS });
    clock.wallMs = T0 + DAY_MS - 1;
    expect((await listGrants(deps, CALLER, ref)).grants).toEqual([{ grant, granteeName: 'Ann' }]);
    clock.wallMs = T0 + DAY_MS;
    expect((await listGrants(deps, CALLER, ref)).grants).toEqual([]);
    expect(await outcomeOf(updateGrant(deps, { ref, grantee: ANN, expireTimeMs: undefined }))).toBe(
      'resource-not-found',
    );
    expect(await outcomeOf(removeGrants(deps, ref, 'ann'))).toBe('resource-not-found');
    const again = await createGrant(deps, CALLER, { ref, grantee: ANN, expireTimeMs: undefined });
    expect(again.id).not.toBe(grant.id);
  });

  it('is for users and groups of the caller’s own domain', async () => {
    const { deps, groups, ref } = await aSecret();
    const stranger = { ...CALLER, domainId: 'another' };
    const input = { ref, grantee: ANN, expireTimeMs: undefined };
    expect(await outcomeOf(createGrant(deps, stranger, input))).toBe('invalid-parameter');
    const eve = { ...input, grantee: { type: 'user', id: 'eve' } } as const;
    expect(await outcomeOf(createGrant(deps, CALLER, eve))).toBe('invalid-parameter');
    const group = { ...input, grantee: { type: 'group', id: 'ann' } } as const;
    expect(await outcomeOf(createGrant(deps, CALLER, group))).toBe('invalid-parameter');
    groups.set('ann', 'Anns');
    await createGrant(deps, CALLER, group);
    expect((await listGrants(deps, CALLER, ref)).grants[0]?.granteeName).toBe('Anns');
  });
});
