import { describe, expect, it } from 'vitest';
import type { Deps } from '../../../src/app/ports/deps.ts';
import { deleteSecret, scheduleDeletion } from '../../../src/app/secrets/lifecycle.ts';
import { createSecret, loadVersions, updateSecret } from '../../../src/app/secrets/secrets.ts';
import { putStage } from '../../../src/app/secrets/stages.ts';
import {
  addVersion,
  listVersions,
  setVersionExpiry,
  showVersion,
} from '../../../src/app/secrets/versions.ts';
import { DEFAULT_LIMITS } from '../../../src/core/limits.ts';
import { parseValue } from '../../../src/core/secrets/values.ts';
import { aDraft, aKey, aSecret, KEY_ID, numbers, outcomeOf, REF, T0 } from '../../support/builders.ts';
import { aWorld, type World } from '../../support/world.ts';

const text = (value: string) => parseValue({ text: value, binary: undefined }, DEFAULT_LIMITS);
const create = (deps: Deps, value = 'first') =>
  createSecret(deps, { ref: REF, draft: aDraft(), value: text(value), kmsKeyId: undefined });
const add = (deps: Deps, value: string, stages?: readonly string[]) =>
  addVersion(deps, { ref: REF, value: text(value), stages, expireTimeMs: undefined });
const read = async (deps: Deps, version: number | 'latest' = 'latest') =>
  (await showVersion(deps, REF, version)).bytes.toString();

/** A world with the secret REF and its version v1. */
async function aWorldWithSecret(choices?: Parameters<typeof aWorld>[0]): Promise<World> {
  const world = aWorld(choices);
  await create(world.deps);
  return world;
}

/** The same world, in which something happens right after a value was sealed; it counts how often that was. */
function afterSealing({ deps }: World, meanwhile: (seals: number) => Promise<unknown>) {
  const counted = { seals: 0 };
  let happened: Promise<unknown> = Promise.resolve();
  const racing: Deps = {
    ...deps,
    keyring: {
      ...deps.keyring,
      seal(...sealed) {
        counted.seals += 1;
        happened = meanwhile(counted.seals);
        return deps.keyring.seal(...sealed);
      },
    },
    store: {
      ...deps.store,
      async change(command) {
        await happened;
        return deps.store.change(command);
      },
    },
  };
  return { deps: racing, counted };
}

describe('what was last known of a secret', () => {
  /** Adds a version by an outdated memory of the secret; returns the outcome and what is read afterwards. */
  async function addBy(outdated: Parameters<typeof aSecret>[0], meanwhile = async (_: Deps) => {}) {
    const { deps } = await aWorldWithSecret();
    await meanwhile(deps);
    const present = await deps.store.findSecret(REF);
    const recalled = { ...(present ?? aSecret()), ...outdated };
    const findForSealing: Deps['store']['findForSealing'] = (ref, known) =>
      known === undefined ? recalled : deps.store.findSecret(ref);
    const recalling: Deps = { ...deps, store: { ...deps.store, findForSealing } };
    return { outcome: await outcomeOf(add(recalling, 'second')), deps };
  }

  it.each([
    ['another id', { id: '33333333-3333-4333-8333-333333333333' }],
    ['another key', { kmsKeyId: '44444444-4444-4444-8444-444444444444' }],
    ['the present facts', {}],
  ] as const)('does no harm: %s', async (_, outdated) => {
    const { outcome, deps } = await addBy(outdated);
    expect(outcome).toBe('ok');
    expect(await read(deps)).toBe('second');
  });

  it('does not bring back what was deleted, or let through what is not enabled', async () => {
    expect((await addBy({}, (deps) => deleteSecret(deps, REF))).outcome).toBe('secret-not-found');
    const schedule = async (deps: Deps) => void (await scheduleDeletion(deps, REF, 7));
    expect((await addBy({ state: 'ENABLED' }, schedule)).outcome).toBe('secret-not-enabled');
  });
});

describe('adding a version', () => {
  it('makes its value the one that is read', async () => {
    const { deps, clock } = await aWorldWithSecret();
    clock.wallMs += 5;
    const { version, stages } = await add(deps, 'second');
    expect(version).toMatchObject({ number: 2, createTimeMs: T0 + 5, expireTimeMs: undefined });
    expect(stages).toEqual(['SYSCURRENT']);
    expect([await read(deps), await read(deps, 1), await read(deps, 2)]).toEqual([
      'second',
      'first',
      'second',
    ]);
  });

  it('keeps the stages and the expiry that were asked for', async () => {
    const { deps } = await aWorldWithSecret();
    const added = await addVersion(deps, { ref: REF, value: text('b'), stages: ['blue'], expireTimeMs: 9 });
    expect(added).toMatchObject({ version: { expireTimeMs: 9 }, stages: ['blue'] });
    expect(await read(deps)).toBe('first');
  });

  it('under a key that was disabled is refused', async () => {
    const world = await aWorldWithSecret();
    for (const [path, key] of world.keys) world.keys.set(path, { ...key, state: 'DISABLED' });
    expect(await outcomeOf(add(world.deps, 'x'))).toBe('key-unusable');
  });
});

describe('while a value is being sealed', () => {
  it('another key of the secret makes it be sealed again, under that key', async () => {
    const world = await aWorldWithSecret();
    world.keys.set(`${REF.projectId}/${KEY_ID}`, aKey({ alias: 'other' }));
    const { deps, counted } = afterSealing(world, async (seals) => {
      if (seals === 1) await updateSecret(world.deps, REF, { kmsKeyId: KEY_ID });
    });
    expect((await add(deps, 'second')).version).toMatchObject({ number: 2, kmsKeyId: KEY_ID });
    expect(counted.seals).toBe(2);
    expect(await read(world.deps)).toBe('second');
  });

  it('another secret of the same name makes it be sealed again, for that secret', async () => {
    const world = await aWorldWithSecret();
    const { deps, counted } = afterSealing(world, async (seals) => {
      if (seals > 1) return;
      await deleteSecret(world.deps, REF);
      await create(world.deps, 'of another');
    });
    expect((await add(deps, 'second')).version.number).toBe(2);
    expect(counted.seals).toBe(2);
    expect([await read(world.deps, 1), await read(world.deps, 2)]).toEqual(['of another', 'second']);
  });

  it('another version does not disturb', async () => {
    const world = await aWorldWithSecret();
    const { deps, counted } = afterSealing(world, () => add(world.deps, 'meanwhile'));
    expect((await add(deps, 'second')).version.number).toBe(3);
    expect(counted.seals).toBe(1);
  });

  it('a deletion ends it', async () => {
    const world = await aWorldWithSecret();
    const { deps } = afterSealing(world, () => deleteSecret(world.deps, REF));
    expect(await outcomeOf(add(deps, 'second'))).toBe('secret-not-found');
  });

  it('ever new keys end it after a while', async () => {
    const world = await aWorldWithSecret({ unknownKey: 'create' });
    const { deps, counted } = afterSealing(world, (seals) =>
      updateSecret(world.deps, REF, { kmsKeyId: `key-${seals}` }),
    );
    expect(await outcomeOf(add(deps, 'second'))).toBe('unavailable');
    expect(counted.seals).toBe(5);
    expect(numbers(await loadVersions(world.deps, REF))).toEqual([1]);
  });
});

describe('reading a version', () => {
  it('by latest follows SYSCURRENT', async () => {
    const { deps } = await aWorldWithSecret();
    await add(deps, 'second');
    await putStage(deps, REF, { name: 'SYSCURRENT', versionNumber: 1 });
    expect(await read(deps)).toBe('first');
    expect(await showVersion(deps, REF, 'latest')).toMatchObject({ version: { number: 1 }, kind: 'string' });
  });

  it('distinguishes a missing version from a missing secret', async () => {
    const { deps } = await aWorldWithSecret();
    expect(await outcomeOf(showVersion(deps, REF, 2))).toBe('version-not-found');
    expect(await outcomeOf(showVersion(deps, { ...REF, name: 'none' }, 1))).toBe('secret-not-found');
    expect(await outcomeOf(showVersion(deps, { ...REF, projectId: 'b'.repeat(32) }, 1))).toBe(
      'secret-not-found',
    );
  });

  it.each([1, 2, 'latest'] as const)(
    '%s of a closed secret is refused, whether it exists or not',
    async (version) => {
      const { deps } = await aWorldWithSecret();
      await scheduleDeletion(deps, REF, 7);
      expect(await outcomeOf(showVersion(deps, REF, version))).toBe('secret-not-enabled');
    },
  );

  it('that has expired is possible', async () => {
    const { deps } = await aWorldWithSecret();
    await setVersionExpiry(deps, REF, { versionNumber: 1, expireTimeMs: 1 });
    expect(await read(deps)).toBe('first');
  });

  it('needs the key that sealed it, enabled, and not the present one', async () => {
    const world = await aWorldWithSecret({ unknownKey: 'create' });
    const [[path, key]] = [...world.keys] as [[string, ReturnType<typeof aKey>]];
    await updateSecret(world.deps, REF, { kmsKeyId: KEY_ID });
    expect(await read(world.deps)).toBe('first');
    world.keys.set(path, { ...key, state: 'DISABLED' });
    expect(await outcomeOf(showVersion(world.deps, REF, 1))).toBe('key-unusable');
    world.keys.delete(path);
    expect(await outcomeOf(showVersion(world.deps, REF, 1))).toBe('key-unusable');
  });
});

describe('listing versions', () => {
  it.each([
    { limit: 2, afterNumber: 0, found: [1, 2], hasMore: true },
    { limit: 3, afterNumber: 0, found: [1, 2, 3], hasMore: false },
    { limit: 2, afterNumber: 1, found: [2, 3], hasMore: false },
    { limit: 2, afterNumber: 3, found: [], hasMore: false },
  ])(
    '$limit after v$afterNumber gives $found, more: $hasMore',
    async ({ limit, afterNumber, found, hasMore }) => {
      const { deps } = await aWorldWithSecret();
      await add(deps, 'second');
      await add(deps, 'third', ['blue']);
      const page = await listVersions(deps, REF, { limit, afterNumber });
      expect(page.entries.map(({ version }) => version.number)).toEqual(found);
      expect(page.hasMore).toBe(hasMore);
    },
  );

  it('gives the stages of each, also while the secret waits for deletion', async () => {
    const { deps } = await aWorldWithSecret();
    await add(deps, 'second');
    await scheduleDeletion(deps, REF, 7);
    const page = await listVersions(deps, REF, { limit: 50, afterNumber: 0 });
    expect(page.entries.map(({ stages }) => stages)).toEqual([['SYSPREVIOUS'], ['SYSCURRENT']]);
  });
});

describe('setting an expiry', () => {
  it('returns the version with its stages', async () => {
    const { deps } = await aWorldWithSecret();
    const changed = await setVersionExpiry(deps, REF, { versionNumber: 1, expireTimeMs: 7 });
    expect(changed).toMatchObject({ version: { number: 1, expireTimeMs: 7 }, stages: ['SYSCURRENT'] });
  });
});
