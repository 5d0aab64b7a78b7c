import { closeSync, existsSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from '../../../src/core/commands.ts';
import type { TestStore } from '../../support/acting.ts';
import {
  codeOf,
  create,
  createGrant,
  failAttempt,
  newVersion,
  ROTATED_DRAFT,
  recordClock,
  remove,
  removeGrants,
  sealedValue,
  startRotation,
  storePending,
} from '../../support/stores.ts';
import { databaseFile, openSqlite } from './harness.ts';

// Fills the file system that it is given (a small tmpfs of its own) and says after each step what the store did.
const [root = ''] = process.argv.slice(2);
const directory = join(root, 'data');
const filler = join(root, 'filler');
const projectId = 'full';
const ATTEMPTS_MAX = 30;
const bodies = new Map<string, Uint8Array>();

function say(step: string, seen: Record<string, unknown>): void {
  writeSync(1, `${JSON.stringify({ step, ...seen })}\n`);
}

/** Each has a rotation that is under way. */
const rotated = ['one', 'two'].map((name) => ({ projectId: 'rotated', name }));

async function startRotations(store: TestStore): Promise<void> {
  for (const ref of rotated) {
    await store.change(create(ref, { draft: ROTATED_DRAFT }));
    await store.change(startRotation(ref, `task ${ref.name}`));
  }
}

function outcomeOf(store: TestStore, command: Command): Promise<string> {
  return store.change(command).then(() => 'done', codeOf);
}

/** Takes all the space but `leaveBytes`. */
function fill(leaveBytes = 0): void {
  const { bavail, bsize } = statfsSync(root);
  const block = Buffer.alloc(65_536, 'f');
  const descriptor = openSync(filler, 'a');
  try {
    for (let left = bavail * bsize - leaveBytes; left > 0; left -= block.length) {
      writeSync(descriptor, block, 0, Math.min(left, block.length));
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  } finally {
    closeSync(descriptor);
  }
}

async function createAll(
  store: TestStore,
  prefix: string,
  count: number,
  bodyBytes: number,
): Promise<string[]> {
  const names = Array.from({ length: count }, (_, index) => `${prefix}${index}`);
  return Promise.all(
    names.map(async (name) => {
      const version = newVersion({ sealed: sealedValue(bodyBytes) });
      const outcome = await outcomeOf(store, create({ projectId, name }, { version }));
      if (outcome === 'done') bodies.set(name, version.sealed.body);
      return outcome;
    }),
  );
}

async function removeAll(store: TestStore, names: readonly string[]): Promise<string[]> {
  return Promise.all(
    names.map(async (name) => {
      const outcome = await outcomeOf(store, remove({ projectId, name }));
      if (outcome === 'done') bodies.delete(name);
      return outcome;
    }),
  );
}

/**
 * Fills the disk and has the store find out by a change: what became of it. Where the store has checked the disk before, it is
 * not the disk that refused, and its reserve is still there; then there is room again, and another attempt.
 */
async function fillUnseen(): Promise<string[]> {
  for (let attempt = 0; ; attempt += 1) {
    await createAll(store, `b${attempt}-`, 1, 100);
    fill();
    const outcomes = kinds(await createAll(store, `c${attempt}-`, 300, 60_000));
    if (!hasBallast() || attempt === ATTEMPTS_MAX) return outcomes;
    rmSync(filler);
    await sleep(1_100);
  }
}

/** Names of acknowledged values that do not read as they were written, and of deleted ones that do. */
async function wrong(store: TestStore): Promise<string[]> {
  const listed = (await store.listSecrets({ projectId, limit: 5_000 })).map((secret) => secret.name);
  const unexpected = listed.filter((name) => !bodies.has(name));
  const lost: string[] = [];
  for (const [name, body] of bodies) {
    const found = await store.findValue({ projectId, name }, 'latest');
    if (found === undefined || Buffer.compare(found.sealed.body, body) !== 0) lost.push(name);
  }
  return [...unexpected, ...lost];
}

const hasBallast = () => existsSync(join(directory, 'ballast'));
const kinds = (outcomes: readonly string[]) => [...new Set(outcomes)].sort();

let { store, fatal } = await openSqlite(directory);
await startRotations(store);
say('start', { created: kinds(await createAll(store, 'a', 100, 20_000)), hasBallast: hasBallast() });

const grantRef = { projectId, secretId: (await store.findSecret({ projectId, name: 'a0' }))?.id ?? '' };
await store.change(createGrant(grantRef, 'someone'));

const refused = await fillUnseen();
say('full', {
  refused,
  isWritable: store.storageStatus().refusal === undefined,
  hasBallast: hasBallast(),
  fatal,
  wrong: await wrong(store),
});

const removed = kinds(await removeAll(store, ['a1', 'a2', 'a3', 'b0-0']));
const revoked = await outcomeOf(store, removeGrants(grantRef));
const stillRefused = kinds(await createAll(store, 'd', 1, 100));
const noted = await outcomeOf(store, recordClock({ seenMs: 1, hold: undefined }));
const [one, two] = rotated as [(typeof rotated)[0], (typeof rotated)[0]];
const rotation = {
  noted: await outcomeOf(store, failAttempt(one, 'task one', 'create')),
  started: await outcomeOf(store, startRotation(one, 'task three')),
  stored: await outcomeOf(store, storePending(two, 'task two')),
};
say('reserve', { rotation, removed, revoked, stillRefused, noted, fatal, wrong: await wrong(store) });

rmSync(filler);
await sleep(1_100);
const healed = kinds(await createAll(store, 'e', 50, 20_000));
say('healed', {
  healed,
  isWritable: store.storageStatus().refusal === undefined,
  fatal,
  wrong: await wrong(store),
});

await store.close();
({ store, fatal } = await openSqlite(directory));
say('reopened', { hasBallast: hasBallast(), wrong: await wrong(store) });
await store.close();

fill();
({ store, fatal } = await openSqlite(directory));
const small = kinds(await createAll(store, 'f', 1, 100));
const removedAfterStart = kinds(await removeAll(store, ['a4', 'a5']));
say('started full', { small, removedAfterStart, hasBallast: hasBallast(), fatal, wrong: await wrong(store) });
await store.close();
rmSync(filler);

// A deletion that fits while what the log holds does not fit into the database any more.
({ store, fatal } = await openSqlite(directory));
await createAll(store, 'g', 30, 60_000);
const logBytes = statSync(`${databaseFile(directory)}-wal`).size;
fill(200_000);
await sleep(1_100);
const removedSmall = kinds(await removeAll(store, ['g0']));
await sleep(50);
const later = kinds(await removeAll(store, ['g1']));
say('checkpoint', { logBytes, removedSmall, later, fatal, wrong: await wrong(store) });
await store.close();
process.exit(0);
