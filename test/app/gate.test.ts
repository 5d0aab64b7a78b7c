import { describe, expect, it } from 'vitest';
import { createGate, type OnLeaving } from '../../src/app/gate.ts';
import { createDataKey } from '../../src/app/kms/data-keys.ts';
import type { Deps } from '../../src/app/ports/deps.ts';
import { showVersion } from '../../src/app/secrets/versions.ts';
import type { Actor } from '../../src/core/actor.ts';
import type { OperationId } from '../../src/core/operations.ts';
import { outcomeOf, REF } from '../support/builders.ts';
import { aWorld, createPlain } from '../support/world.ts';

const by = (operation: OperationId): Actor => ({
  kind: 'caller',
  world: 'main',
  operation,
  requestId: 'r',
  address: '127.0.0.1',
  receivedMs: 0,
  domainId: 'd',
  userId: 'u',
  userName: 'ann',
  method: 'token',
  accessKeyId: undefined,
});
const JOB: Actor = { kind: 'system', job: 'rotation' };

/** A world with one secret, and what a request of the actor works with in it. */
async function worldFor(actor: Actor, onLeaving?: OnLeaving): Promise<Deps> {
  const { deps } = aWorld();
  await createPlain(deps, REF.name, 'value');
  return { ...deps, actor, ...createGate(deps, onLeaving)(actor) };
}

const show = async (deps: Deps) => String((await showVersion(deps, REF, 1)).bytes);

describe('the gate', () => {
  it.each([by('ShowSecretVersion'), by('BatchShowSecretVersion'), JOB])(
    'lets a value out for %j',
    async (actor) => {
      expect(await show(await worldFor(actor))).toBe('value');
    },
  );

  it.each(['ShowSecret', 'UpdateSecret', 'RotateSecret', 'CreateSecretVersion', 'ListKeys'] as const)(
    'is shut for %s, which gives out nothing',
    async (operation) => {
      const deps = await worldFor(by(operation));
      expect(await outcomeOf(show(deps))).toBe('internal');
      const key = (await deps.store.listKeys(REF.projectId))[0]!;
      const input = { use: 'data', plaintext: Buffer.alloc(1), aad: '' } as const;
      for (const leave of [
        () => deps.keyring.sealBackup(key, '', Buffer.alloc(1)),
        () => deps.cipher.encrypt(key, input),
        () => deps.cipher.decrypt(key, { use: 'data', ciphertext: Buffer.alloc(1), aad: '' }),
        () => deps.cipher.random(8),
      ]) {
        expect(leave).toThrow(expect.objectContaining({ code: 'internal' }));
      }
    },
  );

  it('lets values in for every operation', async () => {
    const deps = await worldFor(by('CreateSecret'));
    expect(await outcomeOf(createPlain(deps, 'another'))).toBe('ok');
  });

  it('is called for each value before it leaves, with who gets it and the key', async () => {
    const told: Parameters<OnLeaving>[] = [];
    const actor = by('CreateDatakey');
    const deps = await worldFor(actor, (...leaving) => told.push(leaving));
    const key = (await deps.store.listKeys(REF.projectId))[0]!;
    await show(deps);
    await createDataKey(deps, { projectId: REF.projectId, keyId: `alias/${key.alias}`, aad: '' }, 128);
    expect(told).toEqual([
      [actor, key],
      [actor, undefined],
      [actor, key],
    ]);
  });

  it('keeps a value in when what it tells refuses', async () => {
    const deps = await worldFor(by('ShowSecretVersion'), () => {
      throw new Error('nobody has written it down');
    });
    await expect(show(deps)).rejects.toThrow('nobody has written it down');
  });
});
