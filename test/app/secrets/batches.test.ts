import { describe, expect, it } from 'vitest';
import type { Deps } from '../../../src/app/ports/deps.ts';
import { deleteOfInstance, importSecrets, showCurrentVersions } from '../../../src/app/secrets/batches.ts';
import type { CreateSecret } from '../../../src/app/secrets/secrets.ts';
import { invalidParameter, SecretError } from '../../../src/core/errors.ts';
import { aDraft, outcomeOf, REF } from '../../support/builders.ts';
import { aWorld, failing } from '../../support/world.ts';

const { projectId } = REF;

function input(name: string, draft = aDraft()): () => CreateSecret {
  const value = { kind: 'string', bytes: Buffer.from(`value of ${name}`) } as const;
  return () => ({ ref: { projectId, name }, draft, value, kmsKeyId: undefined });
}
const refusing = (): never => {
  throw invalidParameter('name', 'is wrong');
};

describe('an import', () => {
  it('creates what it can, in the order of the list', async () => {
    const world = aWorld();
    const refusals = await importSecrets(world.deps, projectId, [
      input('b'),
      refusing,
      input('a'),
      input('b'),
    ]);
    expect(refusals.map((refusal) => refusal?.code)).toEqual([
      undefined,
      'invalid-parameter',
      undefined,
      'secret-exists',
    ]);
    expect(world.names()).toEqual(['b', 'a']);
  });

  it('ends with a failure of the server, and keeps what is there', async () => {
    const world = aWorld();
    const deps = { ...world.deps, store: failing(world.deps.store, { b: new SecretError('storage-full') }) };
    expect(await outcomeOf(importSecrets(deps, projectId, [input('a'), input('b'), input('c')]))).toBe(
      'storage-full',
    );
    expect(world.names()).toEqual(['a']);
  });

  it('does not take an error of another kind for a refusal', async () => {
    const broken = () => {
      throw new TypeError('broken');
    };
    await expect(importSecrets(aWorld().deps, projectId, [broken])).rejects.toThrow(TypeError);
  });
});

describe('reading several values', () => {
  it('opens what can be opened, in the order of the names', async () => {
    const { deps } = aWorld();
    await importSecrets(deps, projectId, [input('a'), input('b')]);
    const values = await showCurrentVersions(deps, projectId, ['b', 'absent', 'a']);
    expect(
      values.map(({ name, opened, refusal }) => [name, opened?.bytes.toString(), refusal?.code]),
    ).toEqual([
      ['b', 'value of b', undefined],
      ['absent', undefined, 'secret-not-found'],
      ['a', 'value of a', undefined],
    ]);
  });

  it('wipes what it has opened when the server fails', async () => {
    const world = aWorld();
    await importSecrets(world.deps, projectId, [input('a'), input('b')]);
    const opened: Buffer[] = [];
    const keyring = {
      ...world.deps.keyring,
      open: (...given: Parameters<Deps['keyring']['open']>) => {
        if (given[1].secretName === 'b') throw new SecretError('unavailable');
        const bytes = world.deps.keyring.open(...given);
        opened.push(bytes);
        return bytes;
      },
    };
    const reading = showCurrentVersions({ ...world.deps, keyring }, projectId, ['a', 'b']);
    expect(await outcomeOf(reading)).toBe('unavailable');
    expect(opened.map((bytes) => bytes.every((byte) => byte === 0))).toEqual([true]);
  });
});

describe('deleting the secrets of an instance', () => {
  const rotated = (instance: string) =>
    aDraft({ secretType: 'RDS-FG', rotationConfig: JSON.stringify({ InstanceId: instance }) });
  const query = { projectId, instanceId: 'i-1', secretTypes: undefined };

  it('spares a secret that has taken the name of one in the meantime', async () => {
    const world = aWorld();
    await importSecrets(world.deps, projectId, [input('a', rotated('i-1')), input('b', rotated('i-1'))]);
    const { store } = world.deps;
    const listSecrets: Deps['store']['listSecrets'] = async (wanted) => {
      const listed = await store.listSecrets(wanted);
      const ref = { projectId, name: 'a' };
      await store.change({ aggregate: 'secret', kind: 'delete-secret', ref, nowMs: 0 });
      await importSecrets(world.deps, projectId, [input('a')]);
      return listed;
    };
    const deps = { ...world.deps, store: { ...store, listSecrets } };
    expect(await deleteOfInstance(deps, query)).toEqual({ deleted: ['b'], refused: ['a'] });
    expect(world.names()).toEqual(['a']);
  });

  it('reads every page', async () => {
    const world = aWorld();
    await importSecrets(world.deps, projectId, [input('s0000', rotated('i-1'))]);
    const [first] = world.secrets.values();
    for (let n = 1; n <= 2_000; n += 1) {
      const name = `s${String(n).padStart(4, '0')}`;
      world.secrets.set(`${projectId}/${name}`, { ...first!, secret: { ...first!.secret, id: name, name } });
    }
    const { deleted } = await deleteOfInstance(world.deps, query);
    expect(deleted).toHaveLength(2_001);
    expect(world.secrets.size).toBe(0);
  });

  it('ends with a failure of the server', async () => {
    const world = aWorld();
    await importSecrets(world.deps, projectId, [input('a', rotated('i-1'))]);
    const store = failing(world.deps.store, { a: new SecretError('storage-full') });
    expect(await outcomeOf(deleteOfInstance({ ...world.deps, store }, query))).toBe('storage-full');
  });
});
