import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openInstallation } from '../../src/compose/installation.ts';
import { readConfig } from '../../src/config/config.ts';
import type { Command, ResultOf } from '../../src/core/commands.ts';
import { DEFAULT_LIMITS, TAG_VALUE_CHARACTERS_MAX } from '../../src/core/limits.ts';
import type { NewVersion, Secret, Tag } from '../../src/core/secrets/secrets.ts';
import { createKeyring } from '../../src/crypto/keyring.ts';
import { createRootKeyFile } from '../../src/crypto/root-key.ts';
import { createRowMac } from '../../src/crypto/row-mac.ts';
import { createChangeCounters } from '../../src/storage/sqlite/engine/change-counters.ts';
import { createCommitBatch } from '../../src/storage/sqlite/engine/group-commit.ts';
import { openWriter } from '../../src/storage/sqlite/engine/open.ts';
import { requests } from '../support/acting.ts';
import { anAggregate, range } from '../support/builders.ts';
import {
  addVersion,
  changeKey,
  createEvent,
  createKey,
  ensureKey,
  failAttempt,
  newVersion,
  restore,
  settle,
  startRotation,
  update,
} from '../support/stores.ts';

const NOW_MS = Date.now() - 86_400_000;
const BATCH = 100;
const EVENT = 'every-version';
/** As many records as a list shows, and tasks for two of its pages. */
const RECORDS = 1_000;
const TASKS = 2_000;
const KEYS = 99;

/** The longest description, as every secret here has one. */
const DESCRIPTION = 'd'.repeat(2_048);

/** The name of a secret of the full project; all have the same length, so that they are in order. */
export function nameOf(index: number): string {
  return `s${String(index).padStart(5, '0')}`;
}

/** A tag of a secret of the full project: the first fifteen differ from secret to secret, the others are shared. */
function tagOf(index: number, place: number): { readonly key: string; readonly value: string } {
  const key = `k${String(place).padStart(2, '0')}`;
  return { key, value: place < 15 ? `v${index}-${place}`.padEnd(255, 'x') : `shared ${index % 3}` };
}

/** A new installation in the directory, and a project in it with its default key; written to past the server. */
function openProject(directory: string, projectId: string) {
  const dataDirectory = join(directory, 'data');
  mkdirSync(dataDirectory, { mode: 0o700 });
  createRootKeyFile(join(directory, 'root.key'));
  const config = readConfig('serve', {
    CSMS_DATA: dataDirectory,
    CSMS_ROOT_KEY: `file:${join(directory, 'root.key')}`,
    CSMS_IDENTITIES: '-',
  });
  const { open, installation, rootKey } = openInstallation(config, { nowMs: () => NOW_MS });
  const db = openWriter(open.databaseFile);
  db.pragma('synchronous = OFF');
  const commitBatch = createCommitBatch(db, createRowMac(rootKey.derive('rowmac')), createChangeCounters());
  const keyring = createKeyring({ installationId: installation.id, kek: rootKey.derive('kek') });

  function commit(commands: readonly Command[]): unknown[] {
    return commitBatch(requests(...commands)).map((outcome) => {
      if ('error' in outcome) throw new Error(outcome.error.code);
      return outcome.result;
    });
  }
  const ref = { projectId, id: randomUUID() };
  const material = keyring.createKeyMaterial(ref, 1);
  const [made] = commit([ensureKey(ref, { material, nowMs: NOW_MS })]) as [
    ResultOf<Extract<Command, { aggregate: 'key' }>>,
  ];
  function close(): void {
    db.close();
    open.release();
  }
  return { db, keyring, key: made.key, commit, close };
}

/**
 * Makes a data directory with one project at its quotas: 5,000 secrets with the longest descriptions, 20 tags and 20
 * versions each; the first hundred have current values of the largest size, which grows six times in JSON. It has records,
 * tasks and keys as well. Goes past the server, since it would take minutes.
 */
export function fillProject(directory: string, projectId: string, secrets = DEFAULT_LIMITS.secrets): void {
  const project = openProject(directory, projectId);
  const { close, commit, db, keyring } = project;
  const draft = {
    types: ['SECRET_VERSION_CREATED'] as const,
    state: 'ENABLED' as const,
    target: { id: `urn:smn:local-1:${projectId}:t`, name: 't' },
  };
  commit([createEvent({ projectId, name: EVENT }, { draft, nowMs: NOW_MS })]);
  for (let from = 0; from < secrets; from += BATCH) {
    const indexes = Array.from({ length: Math.min(BATCH, secrets - from) }, (_, at) => from + at);
    commit(indexes.map((index) => restoration(project, projectId, { index })));
  }
  const subscribed = { projectId, name: nameOf(0) };
  commit([update(subscribed, { eventSubscriptions: [EVENT] }, NOW_MS)]);
  const idOf = db.prepare<[string, string], string>(
    'SELECT id FROM secret WHERE project_id = ? AND name = ?',
  );
  const secretId = idOf.pluck().get(projectId, subscribed.name) ?? '';
  for (let count = 0; count < RECORDS; count += BATCH) {
    commit(
      Array.from({ length: BATCH }, () => {
        const version = sealedVersion(project, { ...subscribed, id: secretId }, Buffer.from('v'));
        return addVersion(subscribed, secretId, { version, nowMs: NOW_MS });
      }),
    );
  }
  for (const id of db.prepare<[], string>('SELECT id FROM notification').pluck().all()) {
    commit([{ ...settle(id, { status: 'INVALID' }), nowMs: NOW_MS }]);
  }
  for (let count = 0; count < TASKS; count += 1) {
    const ref = { projectId, name: nameOf(100 + (count % 100)) };
    const [id, nowMs] = [randomUUID(), NOW_MS + count];
    const error = { code: 'FUNCTION_FAILED', message: 'm'.repeat(500) } as const;
    commit([startRotation(ref, id, undefined, nowMs), { ...failAttempt(ref, id, 'create'), error, nowMs }]);
  }
  for (let count = 0; count < KEYS; count += 1) {
    const keyRef = { projectId, id: randomUUID() };
    const tags = Array.from({ length: 20 }, (_, at) => ({ key: `k${at}`, value: `v${count}-${at}` }));
    const nowMs = NOW_MS + count;
    const draft = { description: 'd'.repeat(255), enterpriseProjectId: '0' };
    const material = keyring.createKeyMaterial(keyRef, 1);
    commit([
      createKey(keyRef, { alias: `key-${count}`, draft, material, nowMs }),
      changeKey(keyRef, { kind: 'put-tags', tags }, nowMs),
      ...Array.from({ length: 49 }, (_, at) =>
        changeKey(keyRef, { kind: 'add-alias', alias: `key-${count}-${at}` }, nowMs),
      ),
    ]);
  }
  close();
}

/** Makes a data directory with secrets whose tags are all different and as long as they may be; returns how many there are. */
export function fillTags(directory: string, projectId: string, secrets: number): number {
  const project = openProject(directory, projectId);
  const { close, commit } = project;
  const letter = '\u6f22';
  const tags = (index: number) =>
    Array.from({ length: DEFAULT_LIMITS.tags }, (_, place) => ({
      key: `${String(place).padStart(2, '0')}${letter}`,
      value: `${index} ${place} `.padEnd(TAG_VALUE_CHARACTERS_MAX, letter),
    }));
  for (let from = 0; from < secrets; from += BATCH) {
    const indexes = Array.from({ length: Math.min(BATCH, secrets - from) }, (_, at) => from + at);
    commit(
      indexes.map((index) => restoration(project, projectId, { index, versions: 1, tags: tags(index) })),
    );
  }
  close();
  return secrets * DEFAULT_LIMITS.tags;
}

/** A version with that value, sealed for the secret. */
function sealedVersion(
  { key, keyring }: Pick<ReturnType<typeof openProject>, 'key' | 'keyring'>,
  secret: { readonly projectId: string; readonly id: string; readonly name: string },
  value: Buffer,
): NewVersion {
  const version = newVersion({ kmsKeyId: key.id });
  const { projectId, id: secretId, name: secretName } = secret;
  const binding = { projectId, secretId, secretName, versionUid: version.uid, kind: version.kind };
  return { ...version, sealed: keyring.seal(key, binding, value) };
}

/** Some secrets can be rotated; there is no function for them. */
function rotatedFields(index: number): Partial<Secret> {
  if (index < 100 || index >= 200) return {};
  const rotationConfig = JSON.stringify({ InstanceId: 'db1', SecretSubType: 'SingleUser' });
  return { secretType: 'RDS-FG', rotationConfig };
}

/** The secret of that index, as a restore brings it back. */
function restoration(
  project: ReturnType<typeof openProject>,
  projectId: string,
  {
    index,
    versions: count = 20,
    tags = Array.from({ length: 20 }, (_, place) => tagOf(index, place)),
  }: { readonly index: number; readonly versions?: number; readonly tags?: readonly Tag[] },
): Command {
  const { key } = project;
  const secret = { id: randomUUID(), projectId, name: nameOf(index) };
  const backup = anAggregate({
    secret: { ...secret, description: DESCRIPTION, kmsKeyId: key.id, ...rotatedFields(index) },
    versions: range(1, count),
    stages: count > 1 ? { SYSCURRENT: count, SYSPREVIOUS: count - 1 } : { SYSCURRENT: count },
    tags,
  });
  const versions = backup.versions.map(({ number }) => {
    const isLarge = index < 100 && number === 20;
    return sealedVersion(project, secret, isLarge ? Buffer.alloc(65_536, 1) : Buffer.from('value'));
  });
  return restore(backup, { versions, firstRevision: 1, nowMs: NOW_MS });
}
