import type { Keyring, SecretWithValues, Store, StoredValue } from '../../app/ports/deps.ts';
import { openValue } from '../../app/secrets/versions.ts';
import type { Pause } from '../../app/turns.ts';
import type { SecretEvent } from '../../core/events/events.ts';
import { aliasSpellings } from '../../core/kms/aliases.ts';
import type { Key } from '../../core/kms/keys.ts';
import type { Secret, SecretRef } from '../../core/secrets/secrets.ts';
import type { PresentContents, PresentSecret } from './present.ts';
import type { Seed } from './seed.ts';

/** Where a world's contents are, and what opens them. */
export interface Contents {
  readonly store: Store;
  readonly keyring: Keyring;
  /** Lets others have the thread between one secret and the next. */
  readonly pause: Pause;
}

const PAGE = 500;

/** What a seed has to be compared with; the caller zeroes the opened values. Throws damaged. */
export async function loadPresent(
  contents: Contents,
  projectId: string,
  seed: Seed,
): Promise<PresentContents> {
  const { store } = contents;
  const keys = await store.listKeys(projectId);
  const named = new Set(seed.secrets.map(({ name }) => name));
  const all = await listSecrets(store, projectId);
  const others = all.filter(({ name }) => !named.has(name));
  const secrets = new Map<string, PresentSecret>();
  for (const { name } of all) {
    if (!named.has(name)) continue;
    const found = await openSecret(contents, { projectId, name });
    if (found !== undefined) secrets.set(name, found);
  }
  return {
    keys,
    events: await listEvents(store, projectId),
    secretCount: all.length,
    secrets,
    otherSecrets: new Map(others.map(({ id, name }) => [id, name])),
    otherKeyIds: replacesKey(seed, keys) ? await keyIdsOf(store, others) : new Set(),
    checksStrength: (await store.findChecker(projectId))?.checksStrength ?? false,
  };
}

/** A secret with its opened values, which the caller zeroes; undefined: there is none. Throws damaged. */
export async function openSecret(contents: Contents, ref: SecretRef): Promise<PresentSecret | undefined> {
  await contents.pause();
  const found: SecretWithValues | undefined = await contents.store.findContents(ref);
  return found && { ...found, opened: found.values.map((stored) => open(contents, ref, stored)) };
}

/** Whatever the state of its key: a seed says what is there. */
function open({ keyring }: Contents, ref: SecretRef, stored: StoredValue): Buffer | undefined {
  const { key } = stored;
  return key && openValue({ keyring }, ref, { ...stored, key: { ...key, state: 'ENABLED' } });
}

/** Overwrites opened values. */
export function zero(secrets: Iterable<PresentSecret>): void {
  for (const { opened } of secrets) for (const bytes of opened) bytes?.fill(0);
}

/** All secrets of a project, by name. */
export async function listSecrets(store: Store, projectId: string): Promise<Secret[]> {
  const secrets: Secret[] = [];
  for (let afterName: string | undefined = ''; afterName !== undefined; ) {
    const page: Secret[] = await store.listSecrets({ projectId, limit: PAGE, afterName });
    secrets.push(...page);
    afterName = page.length < PAGE ? undefined : page.at(-1)?.name;
  }
  return secrets;
}

/** All events of a project, by name. */
export async function listEvents(store: Store, projectId: string): Promise<SecretEvent[]> {
  const events: SecretEvent[] = [];
  for (let afterName: string | undefined = ''; afterName !== undefined; ) {
    const page: SecretEvent[] = await store.listEvents({ projectId, limit: PAGE, afterName });
    events.push(...page);
    afterName = page.length < PAGE ? undefined : page.at(-1)?.name;
  }
  return events;
}

/** Whether a key has to go because the seed gives its alias to another. */
function replacesKey({ keys }: Seed, present: readonly Key[]): boolean {
  const ids = new Map(keys.map(({ alias, id }) => [aliasSpellings(alias)[0], id]));
  return present.some(({ alias, id }) => (ids.get(aliasSpellings(alias)[0]) ?? id) !== id);
}

async function keyIdsOf(store: Store, secrets: readonly Secret[]): Promise<Set<string>> {
  const ids = new Set<string>();
  for (const { kmsKeyId, name, projectId } of secrets) {
    ids.add(kmsKeyId);
    const found = await store.findVersions({ projectId, name });
    for (const version of found?.versions ?? []) ids.add(version.kmsKeyId);
  }
  return ids;
}
