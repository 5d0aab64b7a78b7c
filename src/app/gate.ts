import type { Actor } from '../core/actor.ts';
import { SecretError } from '../core/errors.ts';
import type { Key } from '../core/kms/keys.ts';
import { OPERATIONS } from '../core/operations.ts';
import type { Deps } from './ports/deps.ts';

/** What values leave through. */
export type Openers = Pick<Deps, 'keyring' | 'cipher'>;

/**
 * Called for every value before it is opened or generated, with who gets it and its key, if any. If it throws, the value
 * does not leave.
 */
export type OnLeaving = (actor: Actor, key: Key | undefined) => void;

/**
 * Puts a gate around keyring and cipher for each actor: the values of secrets, backups, data keys, what callers have
 * encrypted or decrypted and random bytes leave only through it. It is shut for operations that reveal nothing, by the
 * table of operations; the server's own work is not checked. `onLeaving` may be absent.
 */
export function createGate(openers: Openers, onLeaving?: OnLeaving): (actor: Actor) => Openers {
  const shut = around(openers, () => {
    throw new SecretError('internal', '', { logReason: 'the operation gives out no value' });
  });
  return (actor) => {
    if (actor.kind === 'caller' && OPERATIONS[actor.operation].reveals !== true) return shut;
    return onLeaving === undefined ? openers : around(openers, (key) => onLeaving(actor, key));
  };
}

function around({ keyring, cipher }: Openers, leave: (key?: Key) => void): Openers {
  return {
    keyring: {
      ...keyring,
      open(key, binding, sealed) {
        leave(key);
        return keyring.open(key, binding, sealed);
      },
      sealBackup(key, header, contents) {
        leave(key);
        return keyring.sealBackup(key, header, contents);
      },
    },
    cipher: {
      ...cipher,
      encrypt(key, input) {
        leave(key);
        return cipher.encrypt(key, input);
      },
      decrypt(key, input) {
        leave(key);
        return cipher.decrypt(key, input);
      },
      random(bytes) {
        leave();
        return cipher.random(bytes);
      },
    },
  };
}
