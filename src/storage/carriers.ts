import type { Awaitable } from '../app/ports/deps.ts';
import type { Actor } from '../core/actor.ts';
import {
  type AggregateKind,
  type Aggregates,
  type Command,
  decide,
  type ResultOf,
} from '../core/commands.ts';
import { isDamaged, SecretError } from '../core/errors.ts';
import type { DamagedGrant } from '../core/identity/grants.ts';
import { type Attributes, keyAttributes, type Permit, secretAttributes } from '../core/permit.ts';
import { chosenNames, subscribedNames } from '../core/secrets/rules.ts';
import { type Asking, ask } from './asking.ts';
import type { Engine, Loaded } from './engine.ts';

/** Says whether what has these attributes may be changed so. Absent: it may. */
type Allow = (attributes: Attributes | undefined) => void;

/** Loads what the rules must see, asks whether that may be changed, decides and writes; runs inside the write transaction. */
type Carry<A extends AggregateKind> = <L extends Loaded>(
  engine: Engine<L>,
  command: Aggregates[A]['command'],
  allow: Allow | undefined,
) => Asking<Aggregates[A]['result']>;

/** One row per kind of aggregate; a new resource adds its own. */
const CARRIERS: { readonly [A in AggregateKind]: Carry<A> } = {
  // A deletion that is asked for removes a damaged one unread; one by schedule does not, since nothing but rows that somebody
  // has changed says that it was ever asked for.
  *secret(engine, command, allow) {
    try {
      return yield* carrySound(engine, command, allow);
    } catch (error) {
      if (command.kind !== 'delete-secret' || !isDamaged(error)) throw error;
    }
    allow?.(undefined);
    const { id, ref } = command;
    // Who names an id means the secret that its own row says it is, so that this row at least has to be sound.
    const isMeant = id === undefined || (yield* ask(engine.secrets.loadSecret(ref)))?.id === id;
    if (!isMeant) throw new SecretError('secret-not-found');
    yield* ask(engine.secrets.removeDamaged(ref));
    return { wasDamaged: true };
  },
  // The only one that changes two aggregates: what a rotation does to its secret is in the same transaction.
  *task(engine, command, allow) {
    const { secrets, tasks } = engine;
    const { id, kind, ref } = command;
    // Its secret may be gone, damaged or another one by then.
    const loaded = kind === 'remove-task' ? undefined : yield* ask(secrets.load(ref));
    const secret = loaded?.aggregate;
    const current = yield* ask(tasks.find(id));
    allow?.(secret && secretAttributes(secret));
    const rotatedId = kind === 'start-rotation' ? secret?.secret.id : undefined;
    if (rotatedId !== undefined) yield* ask(tasks.clearDamaged(rotatedId));
    const latest = rotatedId === undefined ? undefined : yield* ask(tasks.findLatest(rotatedId));
    const events = yield* findEvents(engine, ref.projectId, secret?.secret.eventSubscriptions ?? []);
    const decision = decide.task({ current, latest, secret, events }, command);
    if (decision.secret !== undefined) yield* ask(secrets.save(loaded, decision.secret));
    // The start of a rotation may turn out to be the finding of one that is under way.
    const isLatest = latest !== undefined && decision.next?.id === latest.id;
    yield* ask(tasks.save(isLatest ? latest : current, decision));
    return decision.result;
  },
  *event({ events, onDamage }, command) {
    const { ref } = command;
    let isDamagedRow = false;
    const current = yield* ifSound(
      () => events.find(ref),
      () => {
        isDamagedRow = true;
      },
    );
    const eventsInProject =
      command.kind === 'create-event' ? yield* ask(events.countInProject(ref.projectId)) : 0;
    const subscribers = command.kind === 'delete-event' ? yield* ask(events.countSubscribers(ref)) : 0;
    const decision = decide.event(
      { current, isDamaged: isDamagedRow, eventsInProject, subscribers },
      command,
    );
    if (isDamagedRow) {
      yield* ask(events.remove(ref));
      onDamage(`event ${ref.projectId}/${ref.name}`);
    }
    yield* ask(events.save(current, decision));
    return decision.result;
  },
  *grant({ secrets, grants, onDamage }, command, allow) {
    const { ref } = command;
    const loaded = yield* ask(secrets.loadById(ref.projectId, ref.secretId));
    const damaged: DamagedGrant[] = [];
    const present = yield* ask(grants.listSound(ref, (grant) => damaged.push(grant)));
    allow?.(loaded && secretAttributes(loaded.aggregate));
    const decision = decide.grant({ secret: loaded?.aggregate.secret, grants: present, damaged }, command);
    for (const id of decision.dropped ?? []) {
      yield* ask(grants.remove(ref, id));
      onDamage(`grant ${id}`);
    }
    if (loaded !== undefined) yield* ask(grants.save(loaded, present, decision.next));
    return decision.result;
  },
  *key({ keys }, command, allow) {
    const { projectId } = command.ref;
    const current = yield* ask(keys.find(command.ref));
    const aliasHolder =
      'alias' in command ? yield* ask(keys.findByAlias(projectId, command.alias)) : undefined;
    const makesOne = command.kind === 'create-key' || command.kind === 'ensure-key';
    const keysInProject = makesOne ? yield* ask(keys.countInProject(projectId)) : 0;
    allow?.(current && keyAttributes(current));
    const decision = decide.key({ current, aliasHolder, keysInProject }, command);
    // Making a key may turn out to be finding one, by its id or by its alias.
    if (decision.result.changed) yield* ask(keys.save(current, decision));
    return decision.result;
  },
  *notification({ notifications }, command) {
    const current = yield* ask(notifications.find(command.ref.id));
    const decision = decide.notification({ current }, command);
    yield* ask(notifications.save(current, decision));
    return decision.result;
  },
  // Only who has found no sound key asks for one.
  *'signing-key'({ signingKey, onDamage }, command) {
    const current = yield* ifSound(signingKey.find, () => onDamage('the signing key'));
    const decision = decide['signing-key']({ current }, command);
    yield* ask(signingKey.save(current, decision));
    return decision.result;
  },
  // The choice is made anew as a whole, so that what became of the former one does not matter.
  *checker({ checkers, onDamage }, command) {
    const { projectId } = command.ref;
    const place = `checker configuration of project ${projectId}`;
    const current = yield* ifSound(
      () => checkers.find(projectId),
      () => onDamage(place),
    );
    const decision = decide.checker({ current }, command);
    yield* ask(checkers.save(current, decision));
    return decision.result;
  },
  *clock({ clock }, command) {
    const decision = decide.clock({}, command);
    yield* ask(clock.save(decision));
    return decision.result;
  },
};

/**
 * Carries out one command inside the engine's transaction: load, permit, decide, save. Absent `permit`: everybody may do
 * everything. Throws what the rules and `permit` throw, and damaged.
 */
export function carry<C extends Command>(
  engine: Engine<Loaded>,
  command: C,
  { actor, permit }: { readonly actor: Actor; readonly permit?: Permit | undefined },
): Asking<ResultOf<C>> {
  // The table pairs each kind with its own command type, which the compiler cannot follow through the union.
  const carrier = CARRIERS[command.aggregate] as Carry<AggregateKind>;
  const allow = permit && ((attributes?: Attributes) => permit(actor, command, attributes));
  return carrier(engine, command, allow) as Asking<ResultOf<C>>;
}

function* carrySound<L extends Loaded>(
  engine: Engine<L>,
  command: Aggregates['secret']['command'],
  allow: Allow | undefined,
): Asking<Aggregates['secret']['result']> {
  const { secrets } = engine;
  const { ref } = command;
  const loaded = yield* ask(secrets.load(ref));
  const isNew = command.kind === 'create-secret' || command.kind === 'restore-secret';
  const secretsInProject = isNew
    ? yield* ask(secrets.countInProject(ref.projectId, command.limits.secrets))
    : 0;
  const current = loaded?.aggregate;
  const names = subscribedNames(current, command);
  const events = yield* findEvents(engine, ref.projectId, names, chosenNames(command));
  allow?.(current && secretAttributes(current));
  const decision = decide.secret({ current, secretsInProject, events }, command);
  yield* ask(secrets.save(loaded, decision));
  return decision.result;
}

/** A damaged event notifies nobody and keeps no secret from being changed; it cannot be chosen. */
function* findEvents<L extends Loaded>(
  { events, onDamage }: Engine<L>,
  projectId: string,
  names: readonly string[],
  chosen: readonly string[] = [],
): Asking<NonNullable<Aggregates['event']['scope']['current']>[]> {
  const found = [];
  for (const name of names) {
    const find = () => events.find({ projectId, name });
    const place = `event ${projectId}/${name}`;
    const event = chosen.includes(name) ? yield* ask(find()) : yield* ifSound(find, () => onDamage(place));
    if (event !== undefined) found.push(event);
  }
  return found;
}

/** What `find` answers; undefined when it meets a damaged row, which `tell` then tells of. */
function* ifSound<T>(find: () => Awaitable<T>, tell: () => void): Asking<T | undefined> {
  try {
    return yield* ask(find());
  } catch (error) {
    if (!isDamaged(error)) throw error;
    tell();
    return undefined;
  }
}
