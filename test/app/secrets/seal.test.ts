import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { sealVersion, untilSealed } from '../../../src/app/secrets/seal.ts';
import { SecretError } from '../../../src/core/errors.ts';
import { aKey, outcomeOf, REF, SECRET_ID } from '../../support/builders.ts';
import { aWorld } from '../../support/world.ts';

/** An attempt whose value is outdated so many times before it succeeds. */
function outdatedFor(times: number) {
  const attempts = { made: 0 };
  const attempt = async () => {
    attempts.made += 1;
    if (attempts.made <= times) throw new SecretError('seal-outdated');
    return 'sealed';
  };
  return { attempts, attempt };
}

describe('until a value is sealed', () => {
  it.each([0, 1, 4])('it is tried again after %i outdated attempts', async (times) => {
    const { attempts, attempt } = outdatedFor(times);
    expect(await untilSealed(attempt)).toBe('sealed');
    expect(attempts.made).toBe(times + 1);
  });

  it('a key found unusable ends it at the second attempt only, since the first may go by what has changed', async () => {
    let made = 0;
    const attempt = async () => {
      made += 1;
      throw new SecretError('key-unusable');
    };
    expect(await outcomeOf(untilSealed(attempt))).toBe('key-unusable');
    expect(made).toBe(2);
  });

  it('no more than five attempts are made', async () => {
    const { attempts, attempt } = outdatedFor(Number.POSITIVE_INFINITY);
    expect(await outcomeOf(untilSealed(attempt))).toBe('unavailable');
    expect(attempts.made).toBe(5);
  });

  it.each([
    new SecretError('secret-not-found'),
    new TypeError('bug'),
    Object.assign(new Error('of another program'), { code: 'seal-outdated' }),
  ])('any other failure ends it at once: %s', async (failure) => {
    let made = 0;
    const attempt = async () => {
      made += 1;
      throw failure;
    };
    await expect(untilSealed(attempt)).rejects.toBe(failure);
    expect(made).toBe(1);
  });
});

describe('sealing a version', () => {
  it('binds the value to project, secret, name, uid and kind, under a fresh uid', () => {
    const { deps } = aWorld();
    const key = aKey();
    const value = { kind: 'binary', bytes: Buffer.from('QQ==') } as const;
    const seal = () => sealVersion(deps, { ref: REF, secretId: SECRET_ID, key }, { value, expireTimeMs: 7 });
    const version = seal();
    expect(version).toMatchObject({ kind: 'binary', kmsKeyId: key.id, expireTimeMs: 7 });
    const binding = { ...REF, secretId: SECRET_ID, versionUid: version.uid, kind: 'binary' } as const;
    const { name: secretName, ...bound } = binding;
    expect(deps.keyring.open(key, { ...bound, secretName }, version.sealed)).toEqual(value.bytes);
    expect(seal().uid).not.toBe(version.uid);
  });
});
