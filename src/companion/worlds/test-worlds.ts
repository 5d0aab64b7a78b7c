import { required } from '../../app/required.ts';
import type { ServerProcess } from '../../compose/process.ts';
import { monotonicClock, randomIds } from '../../compose/sources.ts';
import type { Worlds } from '../../compose/world.ts';
import { ControlError } from '../control/control-error.ts';
import { createForks, type Forks, type ForkWish } from './forks.ts';
import { requireFreeCredentials, requireOtherThanMains } from './free-credentials.ts';
import { createLifetimes } from './lifetimes.ts';
import type { TestWorld } from './test-world.ts';

/** The worlds that tests control, by their names. */
export interface TestWorlds {
  readonly main: TestWorld;
  /** Main first, then from the oldest to the newest. */
  all(): readonly TestWorld[];
  find(name: string): TestWorld | undefined;
  /** Main has been created, and others can be from now on. */
  begin(worlds: Worlds): void;
  /**
   * Copies a world. Every change that was answered before is in the copy, and no half of one.
   * Rejects with ControlError: world-exists, credentials-taken, too-many-worlds, too-large, not-found.
   */
  fork(wish: ForkWish): Promise<TestWorld>;
  /** Brings a world beside main back to where it was copied. Rejects with ControlError (not-found) when it has ended. */
  reset(world: TestWorld): Promise<TestWorld>;
  /** Ends a world beside main: it is unknown at once. */
  remove(world: TestWorld): void;
  /** To be called when a request or a call begins to use a world; returns what is to be called when that is over. */
  use(name: string): () => void;
  /** Ends all of them but main. */
  end(): Promise<void>;
}

/** Hexadecimal digits in a name that nobody has chosen. */
const NAME_DIGITS = 8;

/** Creates the list, with main in it. */
export function createTestWorlds(shared: ServerProcess, main: TestWorld): TestWorlds {
  /** Worlds that are being made, by name; undefined while their users are not known. */
  const making = new Map<string, Pick<TestWorld, 'name' | 'users'> | undefined>();
  let forks: Forks | undefined;
  const lifetimes = createLifetimes(monotonicClock.nowMs, (name) => forks?.remove(name));

  const find = (name: string) => (name === main.name ? main : forks?.find(name));
  const all = () => [main, ...(forks?.all() ?? [])];
  const isFree = (name: string) => find(name) === undefined && !making.has(name);

  async function make(name: string, { credentials, from: wanted, ttl }: ForkWish): Promise<TestWorld> {
    await requireOtherThanMains(main, credentials);
    // From here to the copy nothing comes in between. It may have been reset meanwhile, and is another one then.
    const others = [...making.values()].filter((one) => one !== undefined);
    requireFreeCredentials([...all(), ...others], main, credentials);
    const from = find(wanted.name);
    if (from === undefined) throw new ControlError('not-found', 'from names no world');
    const { ak: accessKeyId, password, sk: secretKey } = credentials;
    const users = from.users.fork({ accessKeyId, secretKey, password });
    making.set(name, { name, users });
    const made = await required(forks).make({ name, from, ttl: ttl.text, users });
    lifetimes.begin(name, ttl.ms);
    return made;
  }

  return {
    main,
    all,
    find,
    begin(worlds) {
      main.attach(worlds.main);
      forks = createForks(shared, worlds);
    },
    async fork(wish) {
      const name = wish.name ?? freeName(isFree);
      if (!isFree(name)) throw new ControlError('world-exists', 'there is a world of this name already');
      requireRoom(all().length - 1 + making.size, shared.config.companion.worldsMax);
      making.set(name, undefined);
      const release = lifetimes.use(wish.from.name);
      return make(name, wish).finally(() => {
        making.delete(name);
        release();
      });
    },
    reset: async ({ name }) => required(forks).reset(name),
    remove({ name }) {
      lifetimes.end(name);
      forks?.remove(name);
    },
    use: lifetimes.use,
    async end() {
      lifetimes.stop();
      await forks?.end();
    },
  };
}

function requireRoom(worlds: number, worldsMax: number): void {
  if (worlds < worldsMax) return;
  throw new ControlError('too-many-worlds', `there are ${worldsMax} worlds beside main: see CSMS_WORLDS`);
}

function freeName(isFree: (name: string) => boolean): string {
  const name = `w${randomIds.uid().slice(0, NAME_DIGITS)}`;
  return isFree(name) ? name : freeName(isFree);
}
