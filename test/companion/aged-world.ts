import { setImmediate } from 'node:timers/promises';
import type { WebhookOutcome } from '../../src/app/outbound/webhooks.ts';
import type { Deps, Store } from '../../src/app/ports/deps.ts';
import { createSecret } from '../../src/app/secrets/secrets.ts';
import { createWorldClock, type WorldClock } from '../../src/companion/clock/clock.ts';
import { createHappenings, type Fired } from '../../src/companion/clock/happenings.ts';
import { createMoves, type Moves, type MovesDeps } from '../../src/companion/clock/moves.ts';
import { watchStore } from '../../src/companion/worlds/watched-store.ts';
import { type Background, type BackgroundDeps, startBackground } from '../../src/compose/background.ts';
import type { SecretDraft } from '../../src/core/secrets/secrets.ts';
import { parseValue } from '../../src/core/secrets/values.ts';
import { aDraft, anEvent, REF, T0 } from '../support/builders.ts';
import { FakeDatabase, type FunctionCall } from '../support/database.ts';
import { aWorld, type World } from '../support/world.ts';

/** Where the rotated secrets' function and the event's topic are. */
export const FUNCTION = `urn:fss:local-1:${REF.projectId}:function:default:rotate`;
export const TOPIC = `urn:smn:local-1:${REF.projectId}:ops`;
const OK: WebhookOutcome = { kind: 'answered', status: 200, body: Buffer.from('{}') };

/** A world in memory with its background work as in production, and a clock that tests lead through the years. */
export interface AgedWorld {
  readonly world: World;
  /** What its requests work with. */
  readonly deps: Deps;
  readonly clock: WorldClock;
  readonly moves: Moves;
  readonly background: Background;
  readonly database: FakeDatabase;
  /** Bodies that the topic received. */
  readonly received: string[];
  /** What comes in place of an answer, while it gives something; `body`: as it was sent. */
  outside: (url: string, body: string) => WebhookOutcome | Promise<WebhookOutcome> | undefined;
  /** Creates a secret that the function rotates each period. */
  createRotated(name: string, rotationPeriod: string, more?: Partial<SecretDraft>): Promise<void>;
  /** What fires on the way, days after T0 first. */
  advance(byMs: number): Promise<readonly Short[]>;
}

/** Starts one; its clock stands at T0. `around`: what the store is wrapped in. */
export async function anAgedWorld({
  max,
  around = (store) => store,
}: {
  readonly max?: Partial<MovesDeps['max']>;
  readonly around?: (store: Store) => Store;
} = {}): Promise<AgedWorld> {
  const world = aWorld();
  world.events.set(`${REF.projectId}/alarm`, anEvent());
  const clock = createWorldClock({ nowMs: () => Date.now() });
  clock.freeze();
  clock.set(T0);
  const happenings = createHappenings(world.deps.store.findNotification);
  const inner = around(world.deps.store as Store);
  const store = watchStore(inner, (command, _actor, result) => happenings.noteChange(command, result));
  const deps: Deps = { ...world.deps, store, clock };
  const database = new FakeDatabase({ app: 'Canary-one', app_2: 'Canary-two' });
  const received: string[] = [];
  async function answer(url: string, body: string): Promise<WebhookOutcome> {
    await setImmediate();
    const instead = own.outside(url, body);
    if (instead !== undefined) return instead;
    if (url === TOPIC) {
      received.push(body);
      return OK;
    }
    const { body: json, status } = database.answer(JSON.parse(body) as FunctionCall);
    return { kind: 'answered', status, body: Buffer.from(JSON.stringify(json)) };
  }
  const hook = (urn: string) => ({ urls: [urn], sign: () => '' });
  const background = await startBackground({
    ...deps,
    monotonic: { nowMs: () => performance.now() },
    machineClock: { nowMs: () => Date.now() },
    isClockWatched: false,
    jitter: { fraction: () => 1 - Number.EPSILON },
    hooks: { findTopic: hook, findFunction: hook },
    webhooks: { post: answer },
    signingKeys: { sign: () => '', digest: () => '' },
    loadSigningKey: async () => ({}),
    baseUrl: () => '',
  } as object as BackgroundDeps);
  const { runner } = background;
  const monotonic = { nowMs: () => performance.now() };
  const moves = createMoves({
    clock,
    store,
    happenings,
    runner,
    monotonic,
    pause: () => undefined,
    max: { fired: 10_000, ms: 60_000, ...max },
  });
  const own: AgedWorld = {
    world,
    deps,
    clock,
    moves,
    background,
    database,
    received,
    outside: () => undefined,
    async createRotated(name, rotationPeriod, more = {}) {
      const draft = aDraft({
        secretType: 'RDS-FG',
        rotationConfig: JSON.stringify({ InstanceId: 'db1', SecretSubType: 'SingleUser' }),
        rotationFuncUrn: FUNCTION,
        autoRotation: true,
        rotationPeriod,
        ...more,
      });
      const text = JSON.stringify({ username: name, password: 'Canary-one' });
      database.passwords.set(name, 'Canary-one');
      const value = parseValue({ text, binary: undefined }, deps.choices.limits);
      await createSecret(deps, { ref: { ...REF, name }, draft, value, kmsKeyId: undefined });
    },
    advance: async (byMs) => (await moves.advance((nowMs) => nowMs + byMs)).fired.map(shortOf),
  };
  return own;
}

/** An entry in short: milliseconds after T0, type, name, and what else there is. */
export type Short = readonly [ms: number, type: string, name: string, ...more: string[]];

export function shortOf({ atMs, type, name, topic: _, ...more }: Fired): Short {
  return [atMs - T0, type, name, ...Object.values(more)];
}
