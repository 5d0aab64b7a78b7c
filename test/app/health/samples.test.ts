import { describe, expect, it } from 'vitest';
import { checkSamples, openSamples } from '../../../src/app/health/samples.ts';
import type { Deps } from '../../../src/app/ports/deps.ts';
import { StartError } from '../../../src/app/start-error.ts';
import { SecretError } from '../../../src/core/errors.ts';
import { aKey } from '../../support/builders.ts';
import { aWorld, createPlain } from '../../support/world.ts';

async function aWorldWith(...names: string[]) {
  const world = aWorld();
  for (const name of names) await createPlain(world.deps, name);
  return world;
}

/** The same deps, whose keyring opens no value of these secrets. */
function damaging(deps: Deps, ...names: string[]): Deps {
  return {
    ...deps,
    keyring: {
      ...deps.keyring,
      open(key, binding, sealed) {
        if (names.includes(binding.secretName)) throw new SecretError('damaged');
        return deps.keyring.open(key, binding, sealed);
      },
    },
  };
}

describe('a sample of the stored values', () => {
  it('is opened; what does not open is counted, and the rest is opened anyway', async () => {
    const { deps } = await aWorldWith('a', 'b', 'c');
    expect(await openSamples(deps, 9)).toEqual({ opened: 3, damaged: 0, causes: 0 });
    // The newest, and one of the others or the newest once more.
    expect([1, 2]).toContain((await openSamples(deps, 1)).opened);
    expect(await openSamples(deps, 0)).toEqual({ opened: 0, damaged: 0, causes: 0 });
    expect(await openSamples(damaging(deps, 'a', 'c'), 9)).toEqual({ opened: 1, damaged: 2, causes: 2 });
  });

  it('of nothing is nothing', async () => {
    expect(await openSamples(aWorld().deps, 9)).toEqual({ opened: 0, damaged: 0, causes: 0 });
  });

  it('says how many things are to blame: a secret or a key for all its values', async () => {
    const { deps } = await aWorldWith('a', 'b');
    const damagedRow = () => {
      throw new SecretError('damaged');
    };
    const noSecret = { ...deps.store, findVersions: damagedRow, findValue: damagedRow };
    expect(await openSamples({ ...deps, store: noSecret }, 9)).toEqual({ opened: 0, damaged: 2, causes: 2 });
    const noKey = { ...deps.store, findKey: damagedRow, findValue: damagedRow };
    expect(await openSamples({ ...deps, store: noKey }, 9)).toEqual({ opened: 0, damaged: 2, causes: 1 });
  });

  it('lets the server start when one secret is to blame, and not when none of several opens', async () => {
    const one = await aWorldWith('a');
    await checkSamples(damaging(one.deps, 'a'), 9);
    expect(one.logged).toEqual([expect.stringContaining('do not open')]);
    const two = await aWorldWith('a', 'b');
    await expect(checkSamples(damaging(two.deps, 'a', 'b'), 9)).rejects.toThrow(StartError);
  });

  it('skips values whose key is not in use', async () => {
    const { deps, keys } = await aWorldWith('a');
    for (const [path, key] of keys) keys.set(path, aKey({ ...key, state: 'DISABLED' }));
    expect(await openSamples(deps, 9)).toEqual({ opened: 0, damaged: 0, causes: 0 });
  });

  it('is given up for a failure that is no damage', async () => {
    const { deps } = await aWorldWith('a');
    const failure = new TypeError('bug');
    const store = { ...deps.store, findValue: () => Promise.reject(failure) };
    await expect(openSamples({ ...deps, store }, 9)).rejects.toBe(failure);
  });
});
