import type { Actor } from '../../../core/actor.ts';
import type { Command, ResultOf } from '../../../core/commands.ts';
import { driveNow } from '../../asking.ts';
import { carry, type Oversight } from '../../carry.ts';
import { TASK } from '../../columns/small.ts';
import type { Engine } from '../../engine.ts';
import type { RowMac } from '../../row-mac.ts';
import type { TellRow } from '../rows/sum-tracker.ts';
import { createWholeReads, createWholes } from '../rows/wholes.ts';
import { createClearing } from '../tables/clearing.ts';
import { createDamagedRemoval } from '../tables/damaged-secrets.ts';
import { createTaskClearing } from '../tables/damaged-tasks.ts';
import { createEventReads } from '../tables/events.ts';
import { createGrantReads, createGrantWrites } from '../tables/grants.ts';
import { createKeyWrites } from '../tables/key-writes.ts';
import { createKeyReads } from '../tables/keys.ts';
import { createNotificationWrites } from '../tables/notifications.ts';
import { createRevocationCount } from '../tables/revocations.ts';
import { createSecretReads, type LoadedSecret } from '../tables/secret-reads.ts';
import { createSecretWrites, type SecretEars } from '../tables/secret-writes.ts';
import { createTaskReads, createTaskWrites } from '../tables/tasks.ts';
import type { Connection } from './open.ts';
import type { Outcome } from './protocol.ts';

type Carried = Omit<Extract<Outcome, { removed: boolean }>, 'id'>;

/** Carries out commands on the writing connection. */
export interface Carrier {
  /**
   * Throws what the rules throw, and damaged. `removed`: sealed values or keys were deleted on the way; `damage`: places
   * of damaged rows that were skipped or replaced.
   */
  carry<C extends Command>(
    command: C,
    actor: Actor,
  ): Omit<Carried, 'result'> & { readonly result: ResultOf<C> };
  /** To be called after a rollback: what was read since the transaction began never happened. */
  forget(): void;
}

/** Callbacks of an engine. */
export interface EngineEars extends SecretEars {
  onDamage(address: string): void;
}

/** The engine on one connection. */
export interface SqliteEngine extends Engine<LoadedSecret> {
  forget(): void;
}

/** Prepares the engine on the writing connection: everything answers at once. */
export function createEngine(db: Connection, mac: RowMac, ears: EngineEars): SqliteEngine {
  const { onRemoval, onDamage } = ears;
  const secrets = createSecretReads(db, mac);
  const keys = createKeyReads(db, mac);
  const find = createWholeReads(db, mac);
  const notifications = createNotificationWrites(db, mac);
  const saveSecret = createSecretWrites(db, mac, ears);
  const grants = createGrantWrites(db, mac);
  const clear = createClearing(db, onRemoval);
  function forget(): void {
    secrets.forget();
    keys.forget();
  }

  return {
    secrets: {
      ...secrets,
      save(loaded, decision) {
        const saved = saveSecret(loaded, decision);
        if (saved !== undefined) secrets.remember(saved);
        notifications.insert(decision.notifications ?? []);
      },
      removeDamaged: createDamagedRemoval(db, onRemoval),
    },
    events: createEventReads(db, mac),
    tasks: {
      ...createTaskReads(db, mac),
      save: createTaskWrites(db, mac),
      clearDamaged: createTaskClearing(db, find(TASK), onDamage),
    },
    grants: {
      ...createGrantReads(db, mac),
      ...grants,
      save: ({ row }, before, after) => grants.save(row, before, after),
    },
    keys: { ...keys, save: createKeyWrites(db, mac, onRemoval) },
    notifications,
    revocations: { countOfUser: createRevocationCount(db) },
    rows: createWholes(db, mac, find),
    clear() {
      forget();
      clear();
    },
    onDamage,
    forget,
  };
}

/** Prepares one connection to carry out commands. */
export function createCarrier(db: Connection, mac: RowMac, tellRow: TellRow, oversight?: Oversight): Carrier {
  let removed = false;
  let damage: string[] = [];
  const engine = createEngine(db, mac, {
    tellRow,
    onRemoval: () => {
      removed = true;
    },
    onDamage: (address) => void damage.push(address),
  });
  return {
    carry(command, actor) {
      removed = false;
      damage = [];
      const result = driveNow(carry(engine, command, { actor, ...oversight }));
      return { result, removed, damage };
    },
    forget: engine.forget,
  };
}
