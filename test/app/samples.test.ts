import { describe, expect, it } from 'vitest';
import type { Deps } from '../../src/app/ports.ts';
import { openSamples } from '../../src/app/samples.ts';
import { createSecret } from '../../src/app/secrets.ts';
import { SecretError } from '../../src/core/errors.ts';
import { DEFAULT_LIMITS } from '../../src/core/limits.ts';
import { parseValue } from '../../src/core/value.ts';
import { aDraft, aKey, aWorld, REF } from '../support/builders.ts';

const value = parseValue({ text: 'x', binary: undefined }, DEFAULT_LIMITS);

async function aWorldWith(...names: string[]) {
  const world = aWorld();
  for (const name of names) {
    await createSecret(world.deps, { ref: { ...REF, name }, draft: aDraft(), value, kmsKeyId: undefined });
  }
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
  it('is opened; what does not open is counted, and the rest is opened all the same', async () => {
    const { deps } = await aWorldWith('a', 'b', 'c');
    expect(await openSamples(deps, 9)).toEqual({ opened: 3, damaged: 0 });
    expect(await openSamples(deps, 2)).toEqual({ opened: 2, damaged: 0 });
    expect(await openSamples(damaging(deps, 'a', 'c'), 9)).toEqual({ opened: 1, damaged: 2 });
  });

  it('of nothing is nothing', async () => {
    expect(await openSamples(aWorld().deps, 9)).toEqual({ opened: 0, damaged: 0 });
  });

  it('passes over values whose key is not in use', async () => {
    const { deps, keys } = await aWorldWith('a');
    for (const [path, key] of keys) keys.set(path, aKey({ ...key, state: 'DISABLED' }));
    expect(await openSamples(deps, 9)).toEqual({ opened: 0, damaged: 0 });
  });

  it('is given up for a failure that is no damage', async () => {
    const { deps } = await aWorldWith('a');
    const failure = new TypeError('bug');
    const store = { ...deps.store, findValue: () => Promise.reject(failure) };
    await expect(openSamples({ ...deps, store }, 9)).rejects.toBe(failure);
  });
});
