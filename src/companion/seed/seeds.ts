import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import type { Log } from '../../app/ports/deps.ts';
import { StartError } from '../../app/start-error.ts';
import type { Pause, Turns } from '../../app/turns.ts';
import type { Directory } from '../../auth/identities/identities.ts';
import { randomIds, systemClock } from '../../compose/sources.ts';
import { choicesOf } from '../../compose/world.ts';
import type { Config } from '../../config/config.ts';
import { SecretError } from '../../core/errors.ts';
import type { AddressRules } from '../../webhook/address-rules.ts';
import { FileError } from '../../yaml/file-error.ts';
import { ControlError } from '../control/control-error.ts';
import { readWorldHooks } from '../hooks/world-hooks.ts';
import { quotaChoices } from '../quota/quota.ts';
import { copyStorage } from '../worlds/storage-copy.ts';
import type { TestWorld } from '../worlds/test-world.ts';
import type { TestWorlds } from '../worlds/test-worlds.ts';
import type { AddedUser } from '../worlds/users.ts';
import { applySeed } from './application.ts';
import type { Counts } from './comparison.ts';
import { exportSeed } from './export.ts';
import { readSeed } from './reading.ts';
import { usersOf } from './users.ts';

/** A seed as it comes, and what it is called in complaints. */
export interface SeedBytes {
  readonly file: string;
  readonly bytes: Buffer;
}

/** The seeds of all worlds. One application after the other in each. */
export interface Seeds {
  /** Throws FileError for a wrong seed, and what the store throws; then nothing is changed. */
  apply(world: TestWorld, seed: SeedBytes): Promise<Counts>;
  /** The world as a seed. Throws damaged; ControlError (too-large). */
  export(world: TestWorld): Promise<string>;
  /** Applies the file to main. Throws FileError, also when it cannot be read; StartError when the store fails. */
  applyFile(file: string): Promise<void>;
  /** Makes main what the seed that was applied to it last says, and nothing else. Throws ControlError (no-seed). */
  resetMain(): Promise<void>;
}

/** What seeds work with. */
export interface SeedsDeps {
  readonly log: Log;
  readonly config: Config;
  readonly worlds: Pick<TestWorlds, 'all' | 'main'>;
  /** The identities of the operator's file at present. */
  identities(): Directory;
  /** What hooks may call. */
  readonly rules: AddressRules;
  readonly turns: Pick<Turns, 'pauseOf'>;
}

const NO_PROJECT = 'no user of the identities file has a project';
/** What is being added where, so that no other world takes the same credentials. */
type PendingUsers = Map<TestWorld, readonly AddedUser[]>;

const ACTOR = Object.freeze({ kind: 'system', job: 'seed' });

/** Creates the seeds. */
export function createSeeds(deps: SeedsDeps): Seeds {
  const {
    config,
    worlds: { main },
  } = deps;
  const pending: PendingUsers = new Map();
  let last: SeedBytes | undefined;

  function apply(world: TestWorld, given: SeedBytes): Promise<Counts> {
    return inTurn(world, async () => {
      const counts = await applyNow(deps, world, { given, pending, isReset: false });
      if (world === main) last = given;
      return counts;
    });
  }

  return {
    apply,
    async export(world) {
      const { clock } = world;
      const clockMs = clock.isFrozen ? clock.nowMs() : undefined;
      const copy = copyStorage(world.storage);
      try {
        const projectId = projectOf(world);
        if (projectId === undefined) throw new ControlError('not-found', NO_PROJECT);
        return await exportSeed(
          { ...copy, pause: pauseOf(deps, world) },
          { projectId, region: config.region, clockMs },
        );
      } finally {
        await copy.store.close();
      }
    },
    async applyFile(file) {
      const bytes = await readBytes(file);
      const counts = await apply(main, { file, bytes }).catch((error: unknown) => {
        throw error instanceof SecretError ? notApplied(file, error) : error;
      });
      deps.log.info({ ...counts }, 'the seed has been applied');
    },
    async resetMain() {
      await inTurn(main, async () => {
        if (last === undefined) throw new ControlError('no-seed', 'no seed has been applied to main');
        await applyNow(deps, main, { given: last, pending, isReset: true });
      });
    },
  };
}

function pauseOf({ turns }: SeedsDeps, { name }: TestWorld): Pause {
  return turns.pauseOf(`${name}/seed`);
}

/** While the clock stands where it is and no background work begins: it would be by another time than the seed's. */
function inTurn<T>({ life, timeline, world }: TestWorld, work: () => Promise<T>): Promise<T> {
  return timeline.moves.inTurn(async () => {
    const startTimer = world.runner.hold();
    try {
      return await work();
    } catch (error) {
      throw life.aborted ? new ControlError('not-found', 'the world has ended') : error;
    } finally {
      startTimer();
    }
  });
}

async function applyNow(
  deps: SeedsDeps,
  world: TestWorld,
  how: { readonly given: SeedBytes; readonly pending: PendingUsers; readonly isReset: boolean },
): Promise<Counts> {
  const { config, rules, worlds } = deps;
  const { given, isReset, pending } = how;
  const { clock, users } = world;
  const file = deps.identities();
  const projectId = projectOf(world);
  if (projectId === undefined) throw aboutWhole(given.file, NO_PROJECT);
  const choices = isReset ? choicesOf(config) : quotaChoices(choicesOf(config), world.quota);
  const presentMs = isReset ? systemClock.nowMs() : clock.nowMs();
  const seed = readSeed(textOf(given), {
    projectId,
    region: config.region,
    limits: choices.limits,
    nowMs: presentMs,
    policyNames: (isReset ? file : users.directory()).policies.keys(),
  });
  const hooks = seed.hooks && readWorldHooks(seed.hooks, rules);
  const added = usersOf(seed.users, { world, worlds: worlds.all(), file, isReset, pending });
  pending.set(world, added);
  try {
    const pause = pauseOf(deps, world);
    const storing = { ...world.storage, pause, actor: ACTOR, choices, clock, ids: randomIds };
    const application = { projectId, nowMs: seed.clockMs ?? presentMs, isReset };
    const counts = await applySeed(storing, seed, application);
    if (isReset) startAnew(world, presentMs);
    if (seed.clockMs !== undefined) {
      clock.freeze();
      clock.set(seed.clockMs);
    }
    if (hooks !== undefined) world.hooks.replace(hooks);
    users.add(added, seed.policies);
    return counts;
  } finally {
    pending.delete(world);
  }
}

/** All of main but its data, which are there already. */
function startAnew(world: TestWorld, nowMs: number): void {
  const { clock, faults, hooks, notifications, quota, requests, timeline, users } = world;
  clock.set(nowMs);
  clock.resume();
  for (const noun of [faults, quota, users]) noun.clear();
  for (const noun of [hooks, notifications, requests, timeline]) noun.restart();
}

/** The project of the world's first user, whom its credentials are of. */
function projectOf({ users }: TestWorld): string | undefined {
  return users.list()[0]?.user.projects[0]?.id;
}

async function readBytes(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch {
    throw aboutWhole(file, 'cannot be read');
  }
}

function notApplied(file: string, cause: SecretError): StartError {
  const reason = cause.logReason ?? cause.code.replaceAll('-', ' ');
  const kind = cause.code === 'damaged' ? 'damaged' : 'taken';
  return new StartError(kind, `${file}: the seed cannot be applied: ${reason}`, { cause });
}

/** Throws FileError for anything but UTF-8, of which values would be changed. */
function textOf({ bytes, file }: SeedBytes): { readonly file: string; readonly text: string } {
  if (!isUtf8(bytes)) throw aboutWhole(file, 'must be UTF-8');
  return { file, text: bytes.toString('utf8') };
}

function aboutWhole(file: string, reason: string): FileError {
  return new FileError({ file, line: 1, key: '(file)' }, reason);
}
