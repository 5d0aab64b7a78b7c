import { describe, expect, it } from 'vitest';
import { downloadBlob, uploadBlob } from '../../src/app/secrets/blob.ts';
import { deleteSecret, scheduleDeletion } from '../../src/app/secrets/lifecycle.ts';
import { createSecret, updateSecret } from '../../src/app/secrets/secrets.ts';
import { addVersion, showVersion } from '../../src/app/secrets/versions.ts';
import type { SecretRef } from '../../src/core/secrets/secrets.ts';
import { parseValue } from '../../src/core/secrets/values.ts';
import { aDraft, aKey, outcomeOf, REF } from '../support/builders.ts';
import { aWorld, type World } from '../support/world.ts';

const value = (text: string) => parseValue({ text, binary: undefined }, { valueBytes: 65_536 } as never);

/** A world with a secret of two versions, and what it answers about it. */
async function worldWithSecret(): Promise<World> {
  const world = aWorld({ unknownKey: 'create' });
  const { deps } = world;
  await createSecret(deps, {
    ref: REF,
    draft: aDraft({ description: 'd' }),
    value: value('one'),
    kmsKeyId: 'old-key',
  });
  await updateSecret(deps, REF, { kmsKeyId: 'new-key' });
  await addVersion(deps, { ref: REF, value: value('two'), stages: ['SYSCURRENT', 'blue'], expireTimeMs: 7 });
  return world;
}

async function valuesOf({ deps }: World, ref: SecretRef): Promise<string[]> {
  const shown = await Promise.all([1, 2].map((number) => showVersion(deps, ref, number)));
  return shown.map(({ bytes }) => bytes.toString());
}

describe('a backup that is restored', () => {
  it('brings all values back, under the key of the secret', async () => {
    const world = await worldWithSecret();
    const before = world.secrets.get(`${REF.projectId}/${REF.name}`)!;
    expect(before.versions.map(({ kmsKeyId }) => kmsKeyId)).toEqual(['old-key', 'new-key']);
    const blob = await downloadBlob(world.deps, REF);
    await deleteSecret(world.deps, REF);
    world.clock.wallMs += 1_000;
    const secret = await uploadBlob(world.deps, REF.projectId, blob);
    expect(secret).toEqual({ ...before.secret, revision: expect.any(Number) });
    const after = world.secrets.get(`${REF.projectId}/${REF.name}`)!;
    expect(after.versions.map(({ kmsKeyId }) => kmsKeyId)).toEqual(['new-key', 'new-key']);
    expect(after.versions.map(({ uid }) => uid)).not.toEqual(before.versions.map(({ uid }) => uid));
    expect(after.stages).toEqual(before.stages);
    expect(await valuesOf(world, REF)).toEqual(['one', 'two']);
  });

  it('does not need the keys of former versions', async () => {
    const world = await worldWithSecret();
    const blob = await downloadBlob(world.deps, REF);
    await deleteSecret(world.deps, REF);
    world.keys.delete(`${REF.projectId}/old-key`);
    await uploadBlob(world.deps, REF.projectId, blob);
    expect(await valuesOf(world, REF)).toEqual(['one', 'two']);
  });

  it('says when it was made', async () => {
    const world = await worldWithSecret();
    const [, header = ''] = (await downloadBlob(world.deps, REF)).split('.');
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({
      project: REF.projectId,
      key: 'new-key',
      secret: REF.name,
      time: world.clock.wallMs,
    });
  });
});

describe('a backup is refused', () => {
  it('of a secret that is not there, or not enabled', async () => {
    const world = await worldWithSecret();
    expect(await outcomeOf(downloadBlob(world.deps, { ...REF, name: 'absent' }))).toBe('secret-not-found');
    await scheduleDeletion(world.deps, REF, 7);
    expect(await outcomeOf(downloadBlob(world.deps, REF))).toBe('secret-not-enabled');
  });

  it.each(['old-key', 'new-key'])('when %s cannot be used', async (id) => {
    const world = await worldWithSecret();
    world.keys.set(`${REF.projectId}/${id}`, aKey({ id, state: 'DISABLED' }));
    expect(await outcomeOf(downloadBlob(world.deps, REF))).toBe('key-unusable');
    world.keys.delete(`${REF.projectId}/${id}`);
    expect(await outcomeOf(downloadBlob(world.deps, REF))).toBe('key-unusable');
  });
});

describe('a restore is refused', () => {
  async function removed(): Promise<{ world: World; blob: string }> {
    const world = await worldWithSecret();
    const blob = await downloadBlob(world.deps, REF);
    await deleteSecret(world.deps, REF);
    return { world, blob };
  }

  it('while the name is in use, also by a secret that waits for deletion', async () => {
    const world = await worldWithSecret();
    const blob = await downloadBlob(world.deps, REF);
    expect(await outcomeOf(uploadBlob(world.deps, REF.projectId, blob))).toBe('secret-exists');
    await scheduleDeletion(world.deps, REF, 7);
    expect(await outcomeOf(uploadBlob(world.deps, REF.projectId, blob))).toBe('secret-exists');
  });

  it('in another project', async () => {
    const { world, blob } = await removed();
    expect(await outcomeOf(uploadBlob(world.deps, 'b'.repeat(32), blob))).toBe('invalid-parameter');
  });

  it('without its key, which cannot be recreated', async () => {
    const { world, blob } = await removed();
    world.keys.set(`${REF.projectId}/new-key`, aKey({ id: 'new-key', state: 'PENDING_DELETE' }));
    expect(await outcomeOf(uploadBlob(world.deps, REF.projectId, blob))).toBe('key-unusable');
    world.keys.delete(`${REF.projectId}/new-key`);
    expect(await outcomeOf(uploadBlob(world.deps, REF.projectId, blob))).toBe('key-unusable');
    expect(world.keys.has(`${REF.projectId}/new-key`)).toBe(false);
  });

  it('when its header says something else than what was sealed', async () => {
    const { world, blob } = await removed();
    const [prefix, header = '', ...sealed] = blob.split('.');
    const other = { ...JSON.parse(Buffer.from(header, 'base64url').toString()), time: 1 };
    const text = [prefix, Buffer.from(JSON.stringify(other)).toString('base64url'), ...sealed].join('.');
    expect(await outcomeOf(uploadBlob(world.deps, REF.projectId, text))).toBe('invalid-parameter');
  });

  it('and leaves nothing behind', async () => {
    const { world, blob } = await removed();
    await outcomeOf(uploadBlob(world.deps, REF.projectId, `${blob}x`));
    expect(world.secrets.size).toBe(0);
  });
});
