import type { Store } from '../../app/ports/deps.ts';
import type { Actor } from '../../core/actor.ts';
import type { Command, ResultOf } from '../../core/commands.ts';

/** Called after a change has been carried out, before its caller has the result. Must not reject. */
export type OnChanged = (command: Command, actor: Actor, result: unknown) => Promise<void>;

/** A store whose changes are seen, those of background work included. */
export function watchStore(store: Store, onChanged: OnChanged): Store {
  const { change } = store;
  return {
    ...store,
    async change<C extends Command>(command: C, actor: Actor): Promise<ResultOf<C>> {
      const result = await change(command, actor);
      await onChanged(command, actor, result);
      return result;
    },
  };
}
