import type { Store } from '../../src/app/ports/deps.ts';
import type { Actor, CallerActor } from '../../src/core/actor.ts';
import type { Command, ResultOf } from '../../src/core/commands.ts';
import type { Request } from '../../src/storage/sqlite/engine/protocol.ts';

/** Who makes the changes of tests in which that does not matter. */
export const ACTOR: Actor = Object.freeze({ kind: 'system', job: 'test' });

/** A user by one of its requests. */
export const CALLER_ACTOR: CallerActor = Object.freeze({
  kind: 'caller',
  operation: 'ShowSecret',
  requestId: '0'.repeat(32),
  address: '127.0.0.1',
  receivedMs: 0,
  world: 'main',
  domainId: '1'.repeat(32),
  userId: '2'.repeat(32),
  userName: 'ann',
  method: 'signature',
  accessKeyId: 'AK',
});

/** A store whose changes are ACTOR's unless someone else is named. */
export interface TestStore extends Omit<Store, 'change'> {
  change<C extends Command>(command: C, actor?: Actor): Promise<ResultOf<C>>;
}

export function byTest<S extends Store>(store: S): Omit<S, 'change'> & TestStore {
  return { ...store, change: (command, actor = ACTOR) => store.change(command, actor) };
}

/** Commands on their way to the writer. */
export function requests(...commands: Command[]): Request[] {
  return commands.map((command, id) => ({ id, command, actor: ACTOR }));
}
