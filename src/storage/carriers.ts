import type { Awaitable } from '../app/ports/deps.ts';
import { keyAttributes } from '../core/attributes.ts';
import { type AggregateKind, type Aggregates, decide } from '../core/commands.ts';
import { isDamaged, SecretError } from '../core/errors.ts';
import type { SecretEvent } from '../core/events/events.ts';
import type { DamagedGrant } from '../core/identity/grants.ts';
import { chosenNames, subscribedNames } from '../core/secrets/rules.ts';
import { type Allow, allowKeys, attributesOf, loadFor } from './allow.ts';
import { type Asking, ask } from './asking.ts';
import { addressOf, type Table } from './columns/fields.ts';
import { CLOCK, EVENT, NOTIFICATION, TASK } from './columns/small.ts';
import type { Engine, Loaded } from './engine.ts';

/** What the rules saw, and what they decided. */
export interface Carried<A extends AggregateKind> {
  readonly scope: Aggregates[A]['scope'];
  readonly decision: Aggregates[A]['decision'];
}

/** Loads what the rules must see, checks that it may be changed, decides and saves; runs inside the write transaction. */
export type Carry<A extends AggregateKind> = <L extends Loaded>(
  engine: Engine<L>,
  command: Aggregates[A]['command'],
  allow: Allow | undefined,
) => Asking<Carried<A>>;

/**
 * A requested deletion removes a damaged secret unread; a scheduled one does not, since only changed rows say that it was
 * ever requested.
 */
export const carrySecret: Carry<'secret'> = function* (engine, command, allow) {
  try {
    return yield* carrySound(engine, command, allow);
  } catch (error) {
    if (command.kind !== 'delete-secret' || !isDamaged(error)) throw error;
  }
  const { id, ref } = command;
  // With an id the secret's own row must be intact, to show that it is the one that is meant.
  const isMeant = id === undefined || (yield* ask(engine.secrets.loadSecret(ref)))?.id === id;
  if (!isMeant) throw new SecretError('secret-not-found');
  yield* ask(engine.secrets.removeDamaged(ref));
  return {
    scope: { current: undefined, secretsInProject: 0, events: [] },
    decision: { next: undefined, facts: [{ kind: 'secret-removed' }], result: { wasDamaged: true } },
  };
};

const carrySound: Carry<'secret'> = function* (engine, command, allow) {
  const { secrets } = engine;
  const { ref } = command;
  const loaded = yield* loadFor(allow, () => secrets.load(ref), attributesOf);
  const isNew = command.kind === 'create-secret' || command.kind === 'restore-secret';
  const secretsInProject = isNew
    ? yield* ask(secrets.countInProject(ref.projectId, command.limits.secrets))
    : 0;
  const current = loaded?.aggregate;
  const names = subscribedNames(current, command);
  const events = yield* findEvents(engine, ref.projectId, names, chosenNames(command));
  const scope = { current, secretsInProject, events };
  const decision = decide.secret(scope, command);
  yield* ask(secrets.save(loaded, decision));
  return { scope, decision };
};

/** The only one that changes two aggregates: what a rotation does to its secret is in the same transaction. */
export const carryTask: Carry<'task'> = function* (engine, command, allow) {
  const { rows, secrets, tasks } = engine;
  const { id, kind, ref } = command;
  // Its secret may be gone, damaged or replaced by then.
  const load = () => (kind === 'remove-task' ? undefined : secrets.load(ref));
  const loaded = yield* loadFor(allow, load, attributesOf);
  const secret = loaded?.aggregate;
  const current = yield* ask(rows(TASK).find(id));
  const rotated = kind === 'start-rotation' ? secret?.secret : undefined;
  // Whether the keys may be used follows the state of the secret, for which the rules refuse, and precedes all else.
  if (allow !== undefined && rotated?.state === 'ENABLED') yield* allowKeys(engine, secret, allow);
  const rotatedId = rotated?.id;
  if (rotatedId !== undefined) yield* ask(tasks.clearDamaged(rotatedId));
  const latest = rotatedId === undefined ? undefined : yield* ask(tasks.findLatest(rotatedId));
  const events = yield* findEvents(engine, ref.projectId, secret?.secret.eventSubscriptions ?? []);
  const scope = { current, latest, secret, events };
  const decision = decide.task(scope, command);
  if (decision.secret !== undefined) yield* ask(secrets.save(loaded, decision.secret));
  // Starting a rotation may turn into finding one that is under way.
  const isLatest = latest !== undefined && decision.next?.id === latest.id;
  yield* ask(tasks.save(isLatest ? latest : current, decision));
  return { scope, decision };
};

/** A damaged event is reported when it is replaced or removed. */
export const carryEvent: Carry<'event'> = function* ({ events, onDamage, rows }, command) {
  const { kind, ref } = command;
  const { name, projectId } = ref;
  const stored = rows(EVENT);
  let isDamagedRow = false;
  const current = yield* ifIntact(
    () => stored.find(projectId, name),
    () => {
      isDamagedRow = true;
    },
  );
  const eventsInProject = kind === 'create-event' ? yield* ask(events.countInProject(projectId)) : 0;
  const subscribers = kind === 'delete-event' ? yield* ask(events.countSubscribers(ref)) : 0;
  const scope = { current, isDamaged: isDamagedRow, eventsInProject, subscribers };
  const decision = decide.event(scope, command);
  if (isDamagedRow) {
    yield* ask(stored.remove(projectId, name));
    onDamage(addressOf(EVENT, [projectId, name]));
  }
  yield* ask(stored.save(current, decision.next));
  return { scope, decision };
};

/** Damaged grants are removed by the change that they block. */
export const carryGrant: Carry<'grant'> = function* ({ secrets, grants, onDamage }, command, allow) {
  const { ref } = command;
  const load = () => secrets.loadById(ref.projectId, ref.secretId);
  const loaded = yield* loadFor(allow, load, attributesOf);
  const damaged: DamagedGrant[] = [];
  const present = yield* ask(grants.listIntact(ref, (grant) => damaged.push(grant)));
  const scope = { secret: loaded?.aggregate.secret, grants: present, damaged };
  const decision = decide.grant(scope, command);
  for (const id of decision.dropped ?? []) {
    yield* ask(grants.remove(ref, id));
    onDamage(`grant ${id}`);
  }
  if (loaded !== undefined) yield* ask(grants.save(loaded, present, decision.next));
  return { scope, decision };
};

/** The present holder of an alias is loaded with it. */
export const carryKey: Carry<'key'> = function* ({ keys }, command, allow) {
  const { projectId } = command.ref;
  const current = yield* loadFor(allow, () => keys.find(command.ref), keyAttributes);
  const aliasHolder = 'alias' in command ? yield* ask(keys.findByAlias(projectId, command.alias)) : undefined;
  const makesOne = command.kind === 'create-key' || command.kind === 'ensure-key';
  const keysInProject = makesOne ? yield* ask(keys.countInProject(projectId)) : 0;
  const scope = { current, aliasHolder, keysInProject };
  const decision = decide.key(scope, command);
  // Creating a key may turn into finding one, by its id or by its alias.
  if (decision.result.changed) yield* ask(keys.save(current, decision));
  return { scope, decision };
};

/** Records the outcome of a delivery. */
export const carryNotification: Carry<'notification'> = function* ({ notifications, rows }, command) {
  const current = yield* ask(rows(NOTIFICATION).find(command.ref.id));
  const decision = decide.notification({ current }, command);
  yield* ask(notifications.save(current, decision));
  return { scope: { current }, decision };
};

/** The newest record counts, whatever was there. */
export const carryClock: Carry<'clock'> = function* ({ rows }, command) {
  const decision = decide.clock({}, command);
  yield* ask(rows(CLOCK).put(decision.next));
  return { scope: {}, decision };
};

/**
 * The carrier of a kind whose rules see one row that is authenticated alone, and always leave one: a damaged one is
 * replaced. `keyOf` returns the values of the table's key.
 */
export function carryRow<T, C, D extends { readonly next: T }>(
  table: Table<T>,
  keyOf: (command: C) => readonly string[],
  decideRow: (scope: { readonly current: T | undefined }, command: C) => D,
) {
  return function* <L extends Loaded>(
    { onDamage, rows }: Engine<L>,
    command: C,
  ): Asking<{ readonly scope: { readonly current: T | undefined }; readonly decision: D }> {
    const [key, stored] = [keyOf(command), rows(table)];
    const current = yield* ifIntact(
      () => stored.find(...key),
      () => onDamage(addressOf(table, key)),
    );
    const decision = decideRow({ current }, command);
    if (decision.next !== current) yield* ask(stored.put(decision.next));
    return { scope: { current }, decision };
  };
}

/** A damaged event notifies nobody and prevents no change of a secret; it cannot be chosen. */
function* findEvents<L extends Loaded>(
  { onDamage, rows }: Engine<L>,
  projectId: string,
  names: readonly string[],
  chosen: readonly string[] = [],
): Asking<SecretEvent[]> {
  const events = rows(EVENT);
  const found: SecretEvent[] = [];
  for (const name of names) {
    const find = () => events.find(projectId, name);
    const tell = () => onDamage(addressOf(EVENT, [projectId, name]));
    const event = chosen.includes(name) ? yield* ask(find()) : yield* ifIntact(find, tell);
    if (event !== undefined) found.push(event);
  }
  return found;
}

/** What `find` returns; undefined when it meets a damaged row, for which `tell` is called. */
export function* ifIntact<T>(find: () => Awaitable<T>, tell: () => void): Asking<T | undefined> {
  try {
    return yield* ask(find());
  } catch (error) {
    if (!isDamaged(error)) throw error;
    tell();
    return undefined;
  }
}
