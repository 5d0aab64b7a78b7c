import {
  type AggregateKind,
  type Aggregates,
  type Command,
  decide,
  type ResultOf,
} from '../../core/commands.ts';
import type { RowMac } from '../row-mac.ts';
import { createKeyWrites, type SaveKey } from './key-writes.ts';
import { createKeyReads, type KeyReads } from './keys.ts';
import type { Connection } from './open.ts';
import { createSecretReads, type SecretReads } from './secret-reads.ts';
import { createSecretWrites, type SaveSecret } from './secret-writes.ts';

/** Loads what the rules must see, decides and writes; runs inside the write transaction. */
type Carry<A extends AggregateKind> = (command: Aggregates[A]['command']) => Aggregates[A]['result'];

/** One row per kind of aggregate; a new resource adds its own. */
type CarryTable = { readonly [A in AggregateKind]: Carry<A> };

/** Carries out commands on the writing connection. */
export interface Carrier {
  /** Throws what the rules throw, and damaged. */
  carry<C extends Command>(command: C): ResultOf<C>;
  /** To be called after a rollback: what was read since the transaction began never happened. */
  forget(): void;
}

/** Prepares the table of carriers on one connection. */
export function createCarrier(db: Connection, mac: RowMac): Carrier {
  const secrets = createSecretReads(db, mac);
  const keys = createKeyReads(db, mac);
  const table: CarryTable = {
    secret: createSecretCarrier(secrets, createSecretWrites(db, mac)),
    key: createKeyCarrier(keys, createKeyWrites(db, mac)),
  };
  return {
    carry<C extends Command>(command: C) {
      // The table pairs each kind with its own command type, which the compiler cannot follow through the union.
      const carry = table[command.aggregate] as (command: C) => ResultOf<C>;
      return carry(command);
    },
    forget() {
      secrets.forget();
      keys.forget();
    },
  };
}

function createSecretCarrier(reads: SecretReads, save: SaveSecret): Carry<'secret'> {
  return (command) => {
    const loaded = reads.load(command.ref);
    const secretsInProject =
      command.kind === 'create-secret' ? reads.countInProject(command.ref.projectId) : 0;
    const decision = decide.secret({ current: loaded?.aggregate, secretsInProject }, command);
    const saved = save(loaded, decision);
    if (saved !== undefined) reads.remember(saved);
    return decision.result;
  };
}

function createKeyCarrier(reads: KeyReads, save: SaveKey): Carry<'key'> {
  return (command) => {
    const { projectId } = command.ref;
    const current = reads.find(command.ref);
    const aliasHolder = 'alias' in command ? reads.findByAlias(projectId, command.alias) : undefined;
    const makesOne = command.kind === 'create-key' || command.kind === 'ensure-key';
    const keysInProject = makesOne ? reads.countInProject(projectId) : 0;
    const decision = decide.key({ current, aliasHolder, keysInProject }, command);
    // Making a key may turn out to be finding one, by its id or by its alias.
    if (decision.result.changed) save(current, decision);
    return decision.result;
  };
}
