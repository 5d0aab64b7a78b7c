import { decide } from '../core/commands.ts';
import { ask } from './asking.ts';
import { type Carry, ifIntact } from './carriers.ts';
import { addressOf } from './columns/fields.ts';
import { REVOCATION } from './columns/small.ts';

/** A damaged one is replaced by the next for its token; nothing else removes it, since only its row says when it is over. */
export const carryRevocation: Carry<'revocation'> = function* ({ onDamage, revocations, rows }, command) {
  const { id } = command.ref;
  const stored = rows(REVOCATION);
  const find = () => stored.find(id);
  const isNew = command.kind === 'revoke-token';
  const current = isNew
    ? yield* ifIntact(find, () => onDamage(addressOf(REVOCATION, [id])))
    : yield* ask(find());
  const ofUser = isNew ? yield* ask(revocations.countOfUser(command.userId)) : 0;
  const scope = { current, ofUser };
  const decision = decide.revocation(scope, command);
  if (decision.next === undefined) yield* ask(stored.save(current, undefined));
  else if (decision.next !== current) yield* ask(stored.put(decision.next));
  return { scope, decision };
};
