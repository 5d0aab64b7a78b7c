import type { Actor } from '../../core/actor.ts';
import {
  type AggregateKind,
  type Aggregates,
  type Command,
  decide,
  type ResultOf,
} from '../../core/commands.ts';
import type { SecretEvent } from '../../core/event.ts';
import type { DamagedGrant } from '../../core/grant.ts';
import { keyAttributes, type Permit, secretAttributes } from '../../core/permit.ts';
import type { RowMac } from '../row-mac.ts';
import { type CheckerReads, createCheckerReads, createCheckerWrites, type SaveChecker } from './checker.ts';
import { createClockWrite, type SaveClock } from './clock.ts';
import { ifSound, type OnDamage, unlessDamaged } from './damage.ts';
import { createDamagedRemoval } from './damaged-secrets.ts';
import { createTaskClearing } from './damaged-tasks.ts';
import { createEventReads, createEventWrites, type EventReads, type EventWrites } from './events.ts';
import { createGrantReads, createGrantWrites, type GrantReads, type GrantWrites } from './grants.ts';
import { createKeyWrites, type SaveKey } from './key-writes.ts';
import { createKeyReads, type KeyReads } from './keys.ts';
import {
  createNotificationReads,
  createNotificationWrites,
  type NotificationReads,
  type NotificationWrites,
} from './notifications.ts';
import type { Connection } from './open.ts';
import type { Outcome } from './protocol.ts';
import { type Allow, createSaveDecision, createSecretCarrier, createTaskCarrier } from './secret-carriers.ts';
import { createSecretReads, type SecretReads } from './secret-reads.ts';
import { createSecretWrites } from './secret-writes.ts';
import {
  createSigningKeyRead,
  createSigningKeyWrite,
  type ReadSigningKey,
  type SaveSigningKey,
} from './signing-key.ts';
import { createTaskReads, createTaskWrites } from './tasks.ts';

/** Who sends a command without saying who it is. */
const SERVER: Actor = Object.freeze({ kind: 'system', job: 'server' });

/** Loads what the rules must see, asks whether that may be changed, decides and writes; runs inside the write transaction. */
type Carry<A extends AggregateKind> = (
  command: Aggregates[A]['command'],
  allow: Allow | undefined,
) => Aggregates[A]['result'];

/** One row per kind of aggregate; a new resource adds its own. */
type CarryTable = { readonly [A in AggregateKind]: Carry<A> };

type Carried = Omit<Extract<Outcome, { removed: boolean }>, 'id'>;

/** Carries out commands on the writing connection. */
export interface Carrier {
  /**
   * Throws what the rules throw, and damaged. `removed`: sealed values or keys were deleted on the way; `damage`: places of
   * damaged rows that were passed over or replaced.
   */
  carry<C extends Command>(
    command: C,
    actor?: Actor,
  ): Omit<Carried, 'result'> & { readonly result: ResultOf<C> };
  /** To be called after a rollback: what was read since the transaction began never happened. */
  forget(): void;
}

/** Prepares the table of carriers on one connection. Absent `permit`: everybody may do everything. */
export function createCarrier(db: Connection, mac: RowMac, permit?: Permit): Carrier {
  const secrets = createSecretReads(db, mac);
  const keys = createKeyReads(db, mac);
  const events = createEventReads(db, mac);
  const tasks = createTaskReads(db, mac);
  const notifications = createNotificationWrites(db, mac);
  let removed = false;
  let damage: string[] = [];
  const onRemoval = () => {
    removed = true;
  };
  const onDamage = (place: string) => void damage.push(place);
  const saveSecret = createSecretWrites(db, mac, onRemoval);
  const saveDecision = createSaveDecision(secrets, saveSecret, notifications.insert);
  const reads = { secrets, events, onDamage };
  const table: CarryTable = {
    secret: createSecretCarrier(reads, saveDecision, createDamagedRemoval(db, onRemoval)),
    task: createTaskCarrier(
      { ...reads, tasks },
      {
        saveSecret: saveDecision,
        saveTask: createTaskWrites(db, mac),
        clearTasks: createTaskClearing(db, tasks, onDamage),
      },
    ),
    event: createEventCarrier(events, createEventWrites(db, mac), onDamage),
    notification: createNotificationCarrier(createNotificationReads(db, mac), notifications),
    'signing-key': createSigningKeyCarrier(
      createSigningKeyRead(db, mac),
      createSigningKeyWrite(db, mac),
      onDamage,
    ),
    grant: createGrantCarrier(
      { secrets, grants: createGrantReads(db, mac), onDamage },
      createGrantWrites(db, mac),
    ),
    key: createKeyCarrier(keys, createKeyWrites(db, mac, onRemoval)),
    checker: createCheckerCarrier(createCheckerReads(db, mac), createCheckerWrites(db, mac), onDamage),
    clock: createClockCarrier(createClockWrite(db, mac)),
  };
  return {
    carry<C extends Command>(command: C, actor: Actor = SERVER) {
      // The table pairs each kind with its own command type, which the compiler cannot follow through the union.
      const carry = table[command.aggregate] as (command: C, allow: Allow | undefined) => ResultOf<C>;
      removed = false;
      damage = [];
      const result = carry(command, permit && ((attributes) => permit(actor, command, attributes)));
      return { result, removed, damage };
    },
    forget() {
      secrets.forget();
      keys.forget();
    },
  };
}

function createEventCarrier(reads: EventReads, writes: EventWrites, onDamage: OnDamage): Carry<'event'> {
  return (command) => {
    const { ref } = command;
    const { current, isDamaged } = unlessDamaged<{ current: SecretEvent | undefined; isDamaged: boolean }>(
      () => ({ current: reads.find(ref), isDamaged: false }),
      () => ({ current: undefined, isDamaged: true }),
    );
    const eventsInProject = command.kind === 'create-event' ? reads.countInProject(ref.projectId) : 0;
    const subscribers = command.kind === 'delete-event' ? reads.countSubscribers(ref) : 0;
    const decision = decide.event({ current, isDamaged, eventsInProject, subscribers }, command);
    if (isDamaged) {
      writes.remove(ref);
      onDamage(`event ${ref.projectId}/${ref.name}`);
    }
    writes.save(current, decision);
    return decision.result;
  };
}

function createNotificationCarrier(
  reads: NotificationReads,
  writes: NotificationWrites,
): Carry<'notification'> {
  return (command) => {
    const current = reads.find(command.ref.id);
    const decision = decide.notification({ current }, command);
    writes.save(current, decision);
    return decision.result;
  };
}

/** Only who has found no sound key asks for one. */
function createSigningKeyCarrier(
  read: ReadSigningKey,
  save: SaveSigningKey,
  onDamage: OnDamage,
): Carry<'signing-key'> {
  return (command) => {
    const current = ifSound(read, () => onDamage('the signing key'));
    const decision = decide['signing-key']({ current }, command);
    save(current, decision);
    return decision.result;
  };
}

function createGrantCarrier(
  reads: { readonly secrets: SecretReads; readonly grants: GrantReads; readonly onDamage: OnDamage },
  writes: GrantWrites,
): Carry<'grant'> {
  return (command, allow) => {
    const { ref } = command;
    const loaded = reads.secrets.loadById(ref.projectId, ref.secretId);
    const damaged: DamagedGrant[] = [];
    const grants = reads.grants.listSound(ref, (grant) => damaged.push(grant));
    allow?.(loaded && secretAttributes(loaded.aggregate));
    const decision = decide.grant({ secret: loaded?.aggregate.secret, grants, damaged }, command);
    for (const id of decision.dropped ?? []) {
      writes.remove(id);
      reads.onDamage(`grant ${id}`);
    }
    if (loaded !== undefined) writes.save(loaded.row, grants, decision.next);
    return decision.result;
  };
}

function createKeyCarrier(reads: KeyReads, save: SaveKey): Carry<'key'> {
  return (command, allow) => {
    const { projectId } = command.ref;
    const current = reads.find(command.ref);
    const aliasHolder = 'alias' in command ? reads.findByAlias(projectId, command.alias) : undefined;
    const makesOne = command.kind === 'create-key' || command.kind === 'ensure-key';
    const keysInProject = makesOne ? reads.countInProject(projectId) : 0;
    allow?.(current && keyAttributes(current));
    const decision = decide.key({ current, aliasHolder, keysInProject }, command);
    // Making a key may turn out to be finding one, by its id or by its alias.
    if (decision.result.changed) save(current, decision);
    return decision.result;
  };
}

/** The choice is made anew as a whole, so that what became of the former one does not matter. */
function createCheckerCarrier(reads: CheckerReads, save: SaveChecker, onDamage: OnDamage): Carry<'checker'> {
  return (command) => {
    const { projectId } = command.ref;
    const current = ifSound(
      () => reads.find(projectId),
      () => onDamage(`checker configuration of project ${projectId}`),
    );
    const decision = decide.checker({ current }, command);
    save(current, decision);
    return decision.result;
  };
}

function createClockCarrier(save: SaveClock): Carry<'clock'> {
  return (command) => {
    const decision = decide.clock({}, command);
    save(decision);
    return decision.result;
  };
}
