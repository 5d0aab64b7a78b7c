import { actorOf } from '../app/caller.ts';
import { createSigningKeyLoader, type LoadSigningKey } from '../app/events/signing-key.ts';
import { createGate } from '../app/gate.ts';
import { isReadable } from '../app/health/storage-status.ts';
import { loadRevocations, type Revocations } from '../app/identity/revocations.ts';
import type { Hooks, Webhooks } from '../app/outbound/webhooks.ts';
import type { Choices, Clock, Jitter, SharedDeps } from '../app/ports/deps.ts';
import type { Turns } from '../app/turns.ts';
import type { Directory } from '../auth/identities/identities.ts';
import { createRateLimiter } from '../auth/logins/throttle.ts';
import type { Realm, Realms } from '../auth/realm.ts';
import { forgetSecurityTokens } from '../auth/tokens/security-token.ts';
import { forgetTokens } from '../auth/tokens/token.ts';
import type { Config } from '../config/config.ts';
import { unavailable } from '../core/errors.ts';
import { turnsOfRequest } from '../http/requests/turns.ts';
import type { ServerOptions } from '../http/server-options.ts';
import { completeBackup } from '../storage/backup.ts';
import { type Background, startBackground } from './background.ts';
import { granteesOf } from './identity.ts';
import type { ServerProcess } from './process.ts';
import { monotonicClock, randomIds, systemClock, systemJitter, systemRandom } from './sources.ts';
import type { Storage } from './storage.ts';

/** The world that outlives the process. */
export const MAIN = 'main';

/** What belongs to one world alone. */
export interface WorldParts {
  readonly world: string;
  /** As the realm's; absent: there is only one world of that name as long as its tokens are valid. */
  readonly nonce?: string | undefined;
  readonly clock: Clock;
  /** Whether a jump of the machine's clock is an accident; false for a clock that is moved on purpose. */
  readonly isClockWatched: boolean;
  /** Whether a watched clock has been moved on purpose by now. */
  readonly isClockMoved?: (() => boolean) | undefined;
  readonly storage: Storage;
  /** The endpoints of its notifications and rotations. */
  readonly hooks: Hooks;
  /** The identities that belong to it at present. */
  directory(): Directory;
  /** The key that its notifications are signed with; absent: one of its own. */
  readonly loadSigningKey?: LoadSigningKey | undefined;
  /** What calls the endpoints; absent: the process's client. */
  readonly webhooks?: Webhooks | undefined;
  /** The operator's choices; absent: those of the settings. `limits` may change. */
  readonly choices?: Choices | undefined;
  /** Spreads retries; absent: by chance. */
  readonly jitter?: Jitter | undefined;
  /** Counts the requests of each user in place of the setting's limit. Throws throttled when none is left. */
  readonly takeRequest?: World['takeRequest'] | undefined;
}

/** Data with their clock, their keys and their background work. */
export interface World extends Realm, Pick<Background, 'runner' | 'stop'> {
  /** What a request of the world works with. Throws unavailable. */
  readonly depsFor: ServerOptions['depsFor'];
  /** Counts the requests of each user, by the machine's clock. Throws throttled when none is left. */
  takeRequest(userId: string): void;
  /** The key that its notifications are signed with. */
  readonly loadSigningKey: LoadSigningKey;
  /**
   * Ends its work and closes its data; requests under way are refused from then on. Main's data belong to the process.
   */
  close(): Promise<void>;
}

/** The worlds of a process. */
export interface Worlds extends Realms {
  readonly main: World;
  all(): Iterable<World>;
  find(world: string): World | undefined;
  /** Throws for a name in use: the former world would stay open, and nobody could end it. */
  add(world: World): void;
  /** Puts a world in the place of the one of its name, and ends that; what begins from now on is for the new one. */
  replace(world: World): Promise<void>;
  /** Ends a world other than main: it cannot be found from now on, and nothing of it is left when this settles. */
  remove(world: string): Promise<void>;
}

/** Puts a world together and starts its background work. */
export async function createWorld(shared: ServerProcess, parts: WorldParts): Promise<World> {
  const { config, log, outbound } = shared;
  const { clock, directory, hooks, isClockMoved, isClockWatched, storage, world } = parts;
  const { choices = choicesOf(config), jitter = systemJitter, webhooks = outbound.webhooks } = parts;
  const { keyring, signingKeys, store } = storage;
  const deps: SharedDeps = {
    store,
    keyring,
    cipher: keyring.cipher,
    clock,
    ids: randomIds,
    random: systemRandom,
    choices,
    grantees: granteesOf(directory),
    turns: turnsOf(shared, world),
    completeBackup,
    learn: shared.learn,
    log,
  };
  const actor = { kind: 'system', job: 'signing-key' } as const;
  // Receivers check the certificate by their own clocks.
  const own = { ...deps, clock: systemClock, actor, signingKeys };
  const { loadSigningKey = createSigningKeyLoader(own) } = parts;
  const sources = {
    jitter,
    monotonic: monotonicClock,
    machineClock: systemClock,
    isClockWatched,
    isClockMoved,
    baseUrl: shared.baseUrl,
  };
  const outgoing = { ...outbound, hooks, webhooks, signingKeys, loadSigningKey };
  const revoked = await loadRevocations(storage);
  const background = await startBackground({ ...deps, ...outgoing, ...sources });
  return {
    ...realmOf(parts, revoked),
    depsFor: binding(deps),
    takeRequest: parts.takeRequest ?? createRequestLimit(config),
    loadSigningKey,
    ...background,
    async close() {
      await background.stop();
      await store.close();
      forgetTokens(shared.storage.tokenKey, world);
      forgetSecurityTokens(shared.storage.tokenKey, world);
    },
  };
}

function realmOf({ clock, directory, nonce = '', world }: WorldParts, revoked: Revocations): Realm {
  return { world, nonce, clock, revoked, directory };
}

/** The world of the process's own data directory, on the machine's clock unless a companion has another one. */
export function createMain(
  shared: ServerProcess,
  companion?: { mainParts(parts: WorldParts): WorldParts },
): Promise<World> {
  const parts: WorldParts = {
    world: MAIN,
    clock: systemClock,
    isClockWatched: true,
    storage: shared.storage,
    hooks: shared.outbound.hooks,
    directory: () => shared.identities.present.directory,
  };
  return createWorld(shared, companion?.mainParts(parts) ?? parts);
}

/** Creates the list of worlds, with one in it. */
export function createWorlds(main: World): Worlds {
  const worlds = new Map([[main.world, main]]);
  return {
    main,
    all: () => worlds.values(),
    find: (world) => worlds.get(world),
    add(world) {
      if (worlds.has(world.world)) throw new Error(`there is a world ${world.world} already`);
      worlds.set(world.world, world);
    },
    async replace(world) {
      const former = worlds.get(world.world);
      worlds.set(world.world, world);
      await former?.close();
    },
    async remove(world) {
      const found = worlds.get(world);
      if (found === undefined || found === main) return;
      worlds.delete(world);
      await found.close();
    },
  };
}

/**
 * What each request works with, bound to its caller and how it came. Throws unavailable when the data are gone: responses
 * from memory would hide that.
 */
function binding(deps: SharedDeps): ServerOptions['depsFor'] {
  const gate = createGate(deps);
  return (caller, request) => {
    if (isReadable(deps.store.storageStatus())) {
      const actor = actorOf(caller, request, deps.clock.nowMs());
      const { keyring, cipher } = gate(actor);
      // One spread, then names: V8 copies a second spread property by property, for every request.
      return {
        ...deps,
        keyring,
        cipher,
        actor,
        turns: turnsOfRequest(deps.turns, request.connection),
      };
    }
    throw unavailable('the storage cannot be read');
  };
}

function createRequestLimit({ rateLimit: perSecond }: Config): World['takeRequest'] {
  if (perSecond === undefined) return () => undefined;
  return createRateLimiter({ clock: systemClock, perSecond }).take;
}

/** The same project id in another world is another project, with turns of its own. */
function turnsOf({ turns }: ServerProcess, world: string): Turns {
  return {
    pauseOf: (projectId) => turns.pauseOf(`${world}/${projectId}`),
    alone: (projectId, work) => turns.alone(`${world}/${projectId}`, work),
  };
}

/** What a world's operator has chosen, by the settings. */
export function choicesOf({ limits, versionCap, mode, region }: Config): Choices {
  return { limits, versionCap, unknownKey: mode === 'dev' ? 'create' : 'refuse', region };
}
