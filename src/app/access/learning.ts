import type { CallerActor } from '../../core/actor.ts';
import type { Attributes } from '../../core/attributes.ts';
import type { Command } from '../../core/commands.ts';
import { type LookUp, rightsFor } from '../../core/permit.ts';
import type { ActionId } from '../../core/policy/actions.ts';
import type { Rights } from '../../core/rights.ts';
import type { Store } from '../ports/deps.ts';

/** Takes an action that was allowed, and a URN or `*`. */
export type NoteAllowed = (action: ActionId, resource: string) => void;

/**
 * Notes which keys a request needs, and the items of a batch: what it names itself has been noted when it was decided.
 */
export function noteLookUp(
  { operation, rights = {} }: Pick<CallerActor, 'operation' | 'rights'>,
  { attributes, wanted }: { readonly wanted: LookUp; readonly attributes: Attributes | undefined },
  note: NoteAllowed,
): void {
  const path = attributes?.path;
  if (path === undefined) return;
  for (const right of rightsFor(operation, rights, wanted)) {
    if (right !== rights.own || right.named === undefined) note(right.action, `${right.urn}${path}`);
  }
}

/** The store’s changes, of which those that the writer decides alone are noted. */
export function notingChanges(
  { change, findSecret }: Store,
  { needs = [], own }: Rights,
  note: NoteAllowed,
): Store['change'] {
  async function noteChange(command: Command): Promise<void> {
    if (command.kind === 'delete-secret' && own !== undefined && own.named === undefined) {
      note(own.action, `${own.urn}${command.ref.name}`);
    }
    if (command.kind !== 'start-rotation') return;
    const secret = await findSecret(command.ref);
    if (secret !== undefined) for (const { action, urn } of needs) note(action, `${urn}${secret.kmsKeyId}`);
  }
  return async (command, actor) => {
    const result = await change(command, actor);
    await noteChange(command);
    return result;
  };
}
