import { expect, it } from 'vitest';
import { downloadBlob, uploadBlob } from '../../../src/app/secrets/blob.ts';
import { deleteSecret } from '../../../src/app/secrets/lifecycle.ts';
import { createSecret, updateSecret } from '../../../src/app/secrets/secrets.ts';
import { addVersion } from '../../../src/app/secrets/versions.ts';
import { parseValue } from '../../../src/core/secrets/values.ts';
import { aDraft, aKey, outcomeOf, REF } from '../../support/builders.ts';
import { aWorld, type World } from '../../support/world.ts';

const value = (text: string) => parseValue({ text, binary: undefined }, { valueBytes: 65_536 } as never);

/** A world with a secret of two versions under two keys. */
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

it.each(['old-key', 'new-key'])('a backup is refused when %s cannot be used', async (id) => {
  const world = await worldWithSecret();
  world.keys.set(`${REF.projectId}/${id}`, aKey({ id, state: 'DISABLED' }));
  expect(await outcomeOf(downloadBlob(world.deps, REF))).toBe('key-unusable');
  world.keys.delete(`${REF.projectId}/${id}`);
  expect(await outcomeOf(downloadBlob(world.deps, REF))).toBe('key-unusable');
});

it('a restore is refused without its key, which cannot be recreated', async () => {
  const world = await worldWithSecret();
  const blob = await downloadBlob(world.deps, REF);
  await deleteSecret(world.deps, REF);
  world.keys.set(`${REF.projectId}/new-key`, aKey({ id: 'new-key', state: 'PENDING_DELETE' }));
  expect(await outcomeOf(uploadBlob(world.deps, REF.projectId, blob))).toBe('key-unusable');
  world.keys.delete(`${REF.projectId}/new-key`);
  expect(await outcomeOf(uploadBlob(world.deps, REF.projectId, blob))).toBe('key-unusable');
  expect(world.keys.has(`${REF.projectId}/new-key`)).toBe(false);
});
