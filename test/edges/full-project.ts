import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openInstallation } from '../../src/compose/installation.ts';
import { readConfig } from '../../src/config/config.ts';
import type { Command, ResultOf } from '../../src/core/commands.ts';
import { DEFAULT_KEY_ALIAS, type Key } from '../../src/core/kms/keys.ts';
import { DEFAULT_LIMITS, TAG_VALUE_CHARACTERS_MAX } from '../../src/core/limits.ts';
import type { Secret, SecretAggregate, Tag } from '../../src/core/secrets/secrets.ts';
import { createKeyring } from '../../src/crypto/keyring.ts';
import { createRootKeyFile } from '../../src/crypto/root-key.ts';
import { createRowMac } from '../../src/crypto/row-mac.ts';
import { createChangeCounters } from '../../src/storage/sqlite/engine/change-counters.ts';
import { createCommitBatch } from '../../src/storage/sqlite/engine/group-commit.ts';
import { openWriter } from '../../src/storage/sqlite/engine/open.ts';
import { requests } from '../support/acting.ts';
import { anAggregate } from '../support/builders.ts';

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
  const [made] = commit([
    {
      aggregate: 'key',
      kind: 'ensure-key',
      ref,
      alias: DEFAULT_KEY_ALIAS,
      isDefault: true,
      material: keyring.createKeyMaterial(ref, 1),
      firstRevision: 1,
      nowMs: NOW_MS,
    },
  ]) as [ResultOf<Extract<Command, { aggregate: 'key' }>>];
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
  const { close, commit, db, key, keyring } = openProject(directory, projectId);
  const eventRef = { projectId, name: EVENT };
  commit([
    {
      aggregate: 'event',
      kind: 'create-event',
      ref: eventRef,
      id: randomUUID(),
      draft: {
        types: ['SECRET_VERSION_CREATED'],
        state: 'ENABLED',
        target: { id: `urn:smn:local-1:${projectId}:t`, name: 't' },
      },
      limits: DEFAULT_LIMITS,
      nowMs: NOW_MS,
    },
  ]);
  for (let from = 0; from < secrets; from += BATCH) {
    const indexes = Array.from({ length: Math.min(BATCH, secrets - from) }, (_, at) => from + at);
    commit(indexes.map((index) => restoration({ index, projectId, key, keyring })));
  }
  const notify = { eventSubscriptions: [EVENT] };
  const subscribed = { projectId, name: nameOf(0) };
  commit([{ aggregate: 'secret', kind: 'update-secret', ref: subscribed, update: notify, nowMs: NOW_MS }]);
  const idOf = db.prepare<[string, string], string>(
    'SELECT id FROM secret WHERE project_id = ? AND name = ?',
  );
  const secretId = idOf.pluck().get(projectId, subscribed.name) ?? '';
  for (let count = 0; count < RECORDS; count += BATCH) {
    commit(
      Array.from({ length: BATCH }, () =>
        versionOf({ ref: subscribed, secretId, key, keyring, value: Buffer.from('v') }),
      ),
    );
  }
  for (const id of db.prepare<[], string>('SELECT id FROM notification').pluck().all()) {
    const outcome = { status: 'INVALID' } as const;
    const settled = { aggregate: 'notification', kind: 'settle-notification', ref: { id } } as const;
    commit([{ ...settled, attempts: 0, outcome, nowMs: NOW_MS }]);
  }
  for (let count = 0; count < TASKS; count += 1) {
    const task = {
      aggregate: 'task',
      ref: { projectId, name: nameOf(100 + (count % 100)) },
      id: randomUUID(),
    };
    const base = { ...task, nowMs: NOW_MS + count } as const;
    const error = { code: 'FUNCTION_FAILED', message: 'm'.repeat(500) } as const;
    const progress = { step: 'create', attempts: 1 } as const;
    commit([
      { ...base, aggregate: 'task', kind: 'start-rotation', dueSecretId: undefined },
      { ...base, aggregate: 'task', kind: 'fail-attempt', progress, error, nextAttemptMs: undefined },
    ]);
  }
  for (let count = 0; count < KEYS; count += 1) {
    const keyRef = { projectId, id: randomUUID() };
    const tags = Array.from({ length: 20 }, (_, at) => ({ key: `k${at}`, value: `v${count}-${at}` }));
    const base = { aggregate: 'key', ref: keyRef, nowMs: NOW_MS + count } as const;
    const draft = { description: 'd'.repeat(255), enterpriseProjectId: '0' };
    const material = keyring.createKeyMaterial(keyRef, 1);
    commit([
      { ...base, kind: 'create-key', alias: `key-${count}`, draft, material, firstRevision: 1 },
      { ...base, kind: 'put-tags', tags },
      ...Array.from({ length: 49 }, (_, at) => {
        return { ...base, kind: 'add-alias', alias: `key-${count}-${at}` } as const;
      }),
    ]);
  }
  close();
}

/** Makes a data directory with secrets whose tags are all different and as long as they may be; returns how many there are. */
export function fillTags(directory: string, projectId: string, secrets: number): number {
  const { close, commit, key, keyring } = openProject(directory, projectId);
  const letter = '\u6f22';
  const tags = (index: number) =>
    Array.from({ length: DEFAULT_LIMITS.tags }, (_, place) => ({
      key: `${String(place).padStart(2, '0')}${letter}`,
      value: `${index} ${place} `.padEnd(TAG_VALUE_CHARACTERS_MAX, letter),
    }));
  for (let from = 0; from < secrets; from += BATCH) {
    const indexes = Array.from({ length: Math.min(BATCH, secrets - from) }, (_, at) => from + at);
    commit(
      indexes.map((index) => restoration({ index, projectId, key, keyring, versions: 1, tags: tags(index) })),
    );
  }
  close();
  return secrets * DEFAULT_LIMITS.tags;
}

function versionOf(target: {
  readonly ref: { readonly projectId: string; readonly name: string };
  readonly secretId: string;
  readonly key: Key;
  readonly keyring: ReturnType<typeof createKeyring>;
  readonly value: Buffer;
}): Command {
  const { key, keyring, ref, secretId, value } = target;
  const uid = randomUUID().replaceAll('-', '');
  const binding = {
    projectId: ref.projectId,
    secretId,
    secretName: ref.name,
    versionUid: uid,
    kind: 'string',
  } as const;
  const sealed = keyring.seal(key, binding, value);
  const version = { uid, kind: 'string', kmsKeyId: key.id, sealed, expireTimeMs: undefined } as const;
  return {
    aggregate: 'secret',
    kind: 'add-version',
    ref,
    id: secretId,
    version,
    stages: undefined,
    limits: DEFAULT_LIMITS,
    versionCap: 'prune',
    nowMs: NOW_MS,
  };
}

/** Some secrets can be rotated; there is no function for them. */
function rotatedFields(index: number): Partial<Secret> {
  if (index < 100 || index >= 200) return {};
  const rotationConfig = JSON.stringify({ InstanceId: 'db1', SecretSubType: 'SingleUser' });
  return { secretType: 'RDS-FG', rotationConfig };
}

function restoration({
  index,
  projectId,
  key,
  keyring,
  versions: count = 20,
  tags = Array.from({ length: 20 }, (_, place) => tagOf(index, place)),
}: {
  readonly index: number;
  readonly projectId: string;
  readonly key: Key;
  readonly keyring: ReturnType<typeof createKeyring>;
  readonly versions?: number;
  readonly tags?: readonly Tag[];
}): Command {
  const id = randomUUID();
  const name = nameOf(index);
  const backup: SecretAggregate = anAggregate({
    secret: { id, projectId, name, description: DESCRIPTION, kmsKeyId: key.id, ...rotatedFields(index) },
    versions: Array.from({ length: count }, (_, at) => at + 1),
    stages: count > 1 ? { SYSCURRENT: count, SYSPREVIOUS: count - 1 } : { SYSCURRENT: count },
    tags: [...tags],
  });
  const versions = backup.versions.map(({ number }) => {
    const uid = randomUUID().replaceAll('-', '');
    const isLarge = index < 100 && number === 20;
    const value = isLarge ? Buffer.alloc(65_536, 1) : Buffer.from('value');
    const binding = { projectId, secretId: id, secretName: name, versionUid: uid, kind: 'string' as const };
    const sealed = keyring.seal(key, binding, value);
    return { uid, kind: 'string' as const, kmsKeyId: key.id, sealed, expireTimeMs: undefined };
  });
  const limits = DEFAULT_LIMITS;
  const made = { aggregate: 'secret', kind: 'restore-secret', backup, versions, limits } as const;
  return { ...made, ref: { projectId, name }, firstRevision: 1, nowMs: NOW_MS };
}
