import { describe, expect, it } from 'vitest';
import * as dataKeys from '../../src/app/kms/data-keys.ts';
import * as encryption from '../../src/app/kms/encryption.ts';
import { KEY_ID, outcomeOf, REF } from '../support/builders.ts';
import { aCustomKey } from '../support/keys.ts';
import { aWorld, type World } from '../support/world.ts';

const app = { ...dataKeys, ...encryption };
const { projectId } = REF;
const target = { projectId, keyId: KEY_ID, aad: 'bound' };
const bytes = Buffer.from('bytes');

function withKey(changes: Parameters<typeof aCustomKey>[0] = {}): World {
  const world = aWorld();
  const key = aCustomKey(changes);
  world.keys.set(`${key.projectId}/${key.id}`, key);
  return world;
}

/** Every operation that works with a key, on a ciphertext that fits. */
const OPERATIONS: Readonly<Record<string, (world: World, keyId: string) => Promise<unknown>>> = {
  createDataKey: ({ deps }, keyId) => app.createDataKey(deps, { ...target, keyId }, 256),
  encryptDataKey: ({ deps }, keyId) => app.encryptDataKey(deps, { ...target, keyId }, bytes),
  decryptDataKey: ({ deps }, keyId) => app.decryptDataKey(deps, { ...target, keyId }, cipherOf('data-key')),
  encryptData: ({ deps }, keyId) => app.encryptData(deps, { ...target, keyId }, bytes),
  decryptData: ({ deps }, keyId) => app.decryptData(deps, { ...target, keyId }, cipherOf('data')),
};

function cipherOf(use: 'data' | 'data-key', keyId = KEY_ID): Buffer {
  const { cipher } = aWorld().deps;
  return cipher.encrypt(aCustomKey({ id: keyId }), { use, plaintext: bytes, aad: 'bound' });
}

describe.each(Object.entries(OPERATIONS))('%s', (_, run) => {
  it('works with an enabled key, named by id or alias', async () => {
    for (const keyId of [KEY_ID, 'alias/own', 'kms:local-1:d:alias:own'])
      expect(await outcomeOf(run(withKey(), keyId)), keyId).toBe('ok');
  });

  it.each([
    ['DISABLED', 'key-disabled'],
    ['PENDING_DELETE', 'key-pending-deletion'],
  ] as const)('is refused while the key is %s', async (state, ends) => {
    expect(await outcomeOf(run(withKey({ state }), KEY_ID))).toBe(ends);
  });

  it('sees no key of another project, and distinguishes a wrong id from a missing key', async () => {
    const foreign = withKey({ projectId: 'b'.repeat(32) });
    expect(await outcomeOf(run(foreign, KEY_ID))).toBe('key-not-found');
    expect(await outcomeOf(run(foreign, 'alias/own'))).toBe('key-not-found');
    expect(await outcomeOf(run(foreign, 'own'))).toBe('key-id-invalid');
  });
});

describe('createDataKey', () => {
  it('returns as many bits as are wanted, and a ciphertext that opens to them', async () => {
    const { deps } = withKey();
    const made = await app.createDataKey(deps, target, 512);
    expect(made.keyId).toBe(KEY_ID);
    expect(made.plaintext).toHaveLength(64);
    expect(await app.decryptDataKey(deps, target, made.ciphertext)).toEqual(made.plaintext);
  });
});

describe('decryptData', () => {
  it('finds the key in the ciphertext when the request names none', async () => {
    const found = await app.decryptData(withKey().deps, { ...target, keyId: undefined }, cipherOf('data'));
    expect(found).toEqual({ keyId: KEY_ID, plaintext: bytes });
  });

  it.each(['33333333-3333-4333-8333-333333333333', 'short'])(
    'takes a ciphertext of the absent key %s for an invalid one',
    async (keyId) => {
      const decrypting = app.decryptData(
        withKey().deps,
        { ...target, keyId: undefined },
        cipherOf('data', keyId),
      );
      expect(await outcomeOf(decrypting)).toBe('ciphertext-invalid');
    },
  );

  it('refuses a key of the request that is not the one of the ciphertext', async () => {
    const world = withKey();
    world.keys.set(`${projectId}/other`, aCustomKey({ id: 'other', alias: 'other' }));
    expect(
      await outcomeOf(app.decryptData(world.deps, { ...target, keyId: 'other' }, cipherOf('data'))),
    ).toBe('ciphertext-invalid');
  });
});
