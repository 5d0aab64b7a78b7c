import {
  type AggregateKind,
  type Aggregates,
  type Command,
  decide,
  type ResultOf,
} from '../../core/commands.ts';
import type { RowMac } from '../row-mac.ts';
import { createCheckerRead, createCheckerWrites, type FindChecker, type SaveChecker } from './checker.ts';
import { createKeyReads, createKeyWrites, type KeyReads, type SaveKey } from './keys.ts';
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
    checker: createCheckerCarrier(createCheckerRead(db, mac), createCheckerWrites(db, mac)),
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
    const isNew = command.kind === 'create-secret' || command.kind === 'restore-secret';
    const secretsInProject = isNew ? reads.countInProject(command.ref.projectId) : 0;
    const decision = decide.secret({ current: loaded?.aggregate, secretsInProject }, command);
    const saved = save(loaded, decision);
    if (saved !== undefined) reads.remember(saved);
    return decision.result;
  };
}

function createKeyCarrier(reads: KeyReads, save: SaveKey): Carry<'key'> {
  return (command) => {
    const current = reads.find(command.ref);
    const aliasHolder = reads.findByAlias(command.ref.projectId, command.alias);
    const decision = decide.key({ current, aliasHolder }, command);
    save(current ?? aliasHolder, decision);
    return decision.result;
  };
}

function createCheckerCarrier(find: FindChecker, save: SaveChecker): Carry<'checker'> {
  return (command) => {
    const current = find(command.ref.projectId);
    const decision = decide.checker({ current }, command);
    save(current, decision);
    return decision.result;
  };
}
