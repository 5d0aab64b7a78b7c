import { chmodSync, copyFileSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openInstallation } from '../../../src/compose/installation.ts';
import type { KeyRef } from '../../../src/core/kms/keys.ts';
import { createKeyring } from '../../../src/crypto/keyring.ts';
import { createRootKeyFile } from '../../../src/crypto/root-key.ts';
import { createRowMac } from '../../../src/crypto/row-mac.ts';
import { createSigningKeys } from '../../../src/crypto/signing-keys.ts';
import { createSqliteStore, startWriter } from '../../../src/storage/sqlite/engine/store.ts';
import { byTest } from '../../support/acting.ts';
import {
  changeKey,
  createKey,
  DAY_MS,
  destroyKey,
  recordClock,
  revokeToken,
  T0,
} from '../../support/stores.ts';
import {
  databaseFile,
  MIGRATIONS,
  makeDirectory,
  RANDOM,
  removeDirectory,
  WRITER_ENTRY,
} from '../sqlite/harness.ts';
import { fillProject, readAnswers } from '../sqlite/tamper-project.ts';

/** The projects of a golden database: the same in both. */
export const PROJECTS = ['a1'.repeat(16), 'b2'.repeat(16)];
/** The key whose destruction is on record in the first project. */
export const DESTROYED = 'key-3';
/** Where the golden databases are. */
export const PLACE = import.meta.dirname;
/** What they all are sealed with. It opens nothing else. */
export const ROOT_KEY = join(PLACE, 'golden.key');

/** The golden database of this program's schema. */
export const PRESENT = `schema-${String(MIGRATIONS.length).padStart(4, '0')}`;

/** Puts a copy of a golden database into an empty directory. */
export function takeGolden(directory: string, name: string): void {
  copyFileSync(join(PLACE, `${name}.db`), databaseFile(directory));
  chmodSync(databaseFile(directory), 0o600);
}

/** What a golden directory is opened with. */
export function configOf(directory: string) {
  // Git keeps no modes.
  chmodSync(ROOT_KEY, 0o600);
  return { environment: {}, mode: 'serve', dataDirectory: directory, rootKey: `file:${ROOT_KEY}` } as const;
}

/** Opens a store on a golden directory, as the program does. The caller closes it. */
async function openGolden(directory: string) {
  const { open, installation, rootKey } = openInstallation(configOf(directory), { nowMs: () => T0 });
  const rowMac = rootKey.derive('rowmac');
  const writer = startWriter(WRITER_ENTRY, { directory, databaseFile: open.databaseFile }, { rowMac });
  const store = await createSqliteStore(open, {
    mac: createRowMac(rowMac),
    writer,
    onFatal: () => {},
    onDamage: () => {},
    random: RANDOM,
  });
  const sealing = { installationId: installation.id, kek: rootKey.derive('kek') };
  return { store: byTest(store), sealing, keyring: createKeyring(sealing) };
}

/** What is read of a golden database, as plain JSON: bytes are in base64, and what another answer has too is left out. */
export async function readGolden(directory: string): Promise<Record<string, unknown>> {
  const { store, keyring } = await openGolden(directory);
  const answers: Record<string, unknown> = {};
  for (const projectId of PROJECTS) {
    for (const [read, answer] of await readAnswers(store, projectId, keyring)) {
      answers[`${projectId} ${read}`] = answer;
    }
  }
  answers.clock = await store.findClock();
  answers['signing key'] = await store.findSigningKey();
  const { revocations } = await store.listRevocations('', 10);
  if (revocations.length > 0) answers.revocations = revocations;
  await store.close();
  const text = JSON.stringify(answers, (name, value) => {
    const repeated = ['key', 'secret', 'sealed'].includes(name) && typeof value === 'object';
    const bytes = value?.type === 'Buffer' ? Buffer.from(value.data).toString('base64') : undefined;
    return repeated ? undefined : (bytes ?? value);
  });
  return JSON.parse(text) as Record<string, unknown>;
}

async function fill(directory: string): Promise<void> {
  const { store, sealing, keyring } = await openGolden(directory);
  for (const projectId of PROJECTS) {
    await fillProject(store, projectId, keyring);
    await addRotatedKey(projectId);
  }
  const destroyed = { projectId: PROJECTS[0]!, id: DESTROYED };
  const material = keyring.createKeyMaterial(destroyed, 1);
  await store.change(createKey(destroyed, { material }));
  await destroyKey(store, destroyed);
  const key = await createSigningKeys(sealing).create(T0);
  await store.change({ aggregate: 'signing-key', kind: 'ensure-signing-key', key, nowMs: T0 });
  await store.change(revokeToken('revoked'));
  await store.change(recordClock({ seenMs: T0, hold: { seenMs: T0 + 1, passedMs: 2 } }));
  await store.close();

  async function addRotatedKey(projectId: string): Promise<void> {
    const ref: KeyRef = { projectId, id: 'key-4' };
    await store.change(createKey(ref, { material: keyring.createKeyMaterial(ref, 1) }));
    const second = keyring.createKeyMaterial(ref, 2);
    await store.change(changeKey(ref, { kind: 'enable-rotation' }));
    await store.change(
      changeKey(ref, { kind: 'rotate-key', versionNumber: 2, material: second }, T0 + 400 * DAY_MS),
    );
  }
}

/** `node test/storage/golden/make.ts` adds a database of the present schema, with what is read of it; never regenerated. */
if (import.meta.main) {
  const name = join(PLACE, PRESENT);
  if (existsSync(`${name}.db`)) throw new Error(`${name}.db is there: ${readdirSync(PLACE).join(', ')}`);
  if (!existsSync(ROOT_KEY)) createRootKeyFile(ROOT_KEY);
  const directory = makeDirectory();
  await fill(directory);
  writeFileSync(`${name}.json`, `${JSON.stringify(await readGolden(directory))}\n`);
  copyFileSync(databaseFile(directory), `${name}.db`);
  removeDirectory(directory);
}
