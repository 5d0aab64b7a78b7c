import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codeOf, create, freshProject, newVersion, sealedValue } from '../../support/stores.ts';
import { makeDirectory, type OpenSqlite, openSqlite, removeDirectory } from './harness.ts';

const WAITING_MAX = 1_000;
const WAITING_BYTES_MAX = 32 * 1_048_576;

describe('queue of the writer thread', () => {
  let directory: string;
  let open: OpenSqlite;
  beforeEach(async () => {
    directory = makeDirectory();
    open = await openSqlite(directory);
  });
  afterEach(async () => {
    await open.store.close();
    removeDirectory(directory);
  });

  /** Sends creations in one turn of the event loop; returns the names that were created and the codes of the rest. */
  async function createAll(projectId: string, count: number, bodyBytes: number) {
    const names = Array.from({ length: count }, (_, index) => `s${String(index).padStart(4, '0')}`);
    const version = () => newVersion({ sealed: sealedValue(bodyBytes) });
    const outcomes = await Promise.allSettled(
      names.map((name) => open.store.change(create({ projectId, name }, { version: version() }))),
    );
    const created = names.filter((_, index) => outcomes[index]?.status === 'fulfilled');
    const codes = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [codeOf(outcome.reason)] : [],
    );
    return { names, created, codes };
  }

  async function storedNames(projectId: string): Promise<string[]> {
    return (await open.store.listSecrets({ projectId, limit: 5_000 })).map((secret) => secret.name);
  }

  it('takes 1,000 waiting commands, sends the rest away and loses nothing', async () => {
    const projectId = freshProject();
    const { names, created, codes } = await createAll(projectId, WAITING_MAX + 200, 300);
    expect(created).toStrictEqual(names.slice(0, WAITING_MAX));
    expect(codes).toStrictEqual(Array.from({ length: 200 }, () => 'unavailable'));
    expect(await storedNames(projectId)).toStrictEqual(created);
  });

  it('takes 32 MiB of waiting values, sends the next away and is free again afterwards', async () => {
    const projectId = freshProject();
    const bodyBytes = 65_536;
    const fitting = WAITING_BYTES_MAX / bodyBytes;
    const { names, created, codes } = await createAll(projectId, fitting + 1, bodyBytes);
    expect(created).toStrictEqual(names.slice(0, fitting));
    expect(codes).toStrictEqual(['unavailable']);
    expect((await createAll(freshProject(), 16, bodyBytes)).created).toHaveLength(16);
    expect(await storedNames(projectId)).toStrictEqual(created);
  });
});
