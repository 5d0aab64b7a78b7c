import type { Webhooks } from '../../app/outbound/webhooks.ts';
import type { RandomSource } from '../../app/ports/deps.ts';
import type { Account } from '../../core/rotation/functions.ts';
import type { RotationSubType } from '../../core/rotation/rotation.ts';
import { generatePassword, type PasswordRecipe } from '../../core/secrets/passwords.ts';

/** In place of a URL: the call stays in the process. */
export const BUILTIN = 'builtin';

/** All kinds of characters, and of punctuation only what needs no escape in a URL, a shell or SQL. */
const PASSWORD: PasswordRecipe = Object.freeze({
  length: 32,
  excludeCharacters: '!"#$%&\'()*+,/:;<=>?@[\\]^`{|}~',
  excludeLowercase: false,
  excludeUppercase: false,
  excludeNumbers: false,
  excludePunctuation: false,
  includeSpace: false,
  requireEachIncludedType: true,
});

/** The part of a function's request that the answer depends on. */
interface FunctionCall {
  readonly step: string;
  readonly subType: RotationSubType;
  readonly current: Account;
  readonly previous?: Account;
}

/**
 * Adds a receiver and a function inside: as a topic it accepts everything; as a function it makes a random password and
 * passes each step, for SingleUser with the same user, for MultiUser with the other one.
 */
export function withBuiltin(outside: Webhooks, random: RandomSource): Webhooks {
  return {
    async post(url, body, ...rest) {
      if (url !== BUILTIN) return outside.post(url, body, ...rest);
      // The server's own text: only that of a function has a step.
      const call = JSON.parse(body) as FunctionCall;
      const response = call.step === 'create' ? { pending: pendingOf(call, random) } : {};
      return { kind: 'answered', status: 200, body: Buffer.from(JSON.stringify(response)) };
    },
  };
}

function pendingOf({ current, previous, subType }: FunctionCall, random: RandomSource): Account {
  const password = generatePassword(PASSWORD, random.below);
  if (subType === 'SingleUser') return { ...current, password };
  // The previous value may be of the same user, when its password was changed by a caller.
  const isOther = previous !== undefined && previous.username !== current.username;
  return { ...(isOther ? previous : { ...current, username: `${current.username}_clone` }), password };
}
