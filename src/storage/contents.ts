import { type ContentsCommand, type ContentsScope, decideContents } from '../core/contents.ts';
import type { Key } from '../core/kms/keys.ts';
import { type Asking, ask } from './asking.ts';
import type { Carry } from './carriers.ts';
import { EVENT, TASK } from './columns/small.ts';
import type { Engine, Loaded } from './engine.ts';

/** What the rules see, and what a command takes the place of. */
interface Present<L extends Loaded> {
  readonly scope: ContentsScope;
  readonly keys: readonly Key[];
  readonly eventNames: readonly string[];
  readonly secrets: readonly L[];
}

const NONE = Object.freeze({ present: 0, replaced: 0 });
/** What there is when all of it goes. */
const NOTHING = Object.freeze({
  scope: Object.freeze({ keys: [], usedKeyIds: [], eventNames: [], events: NONE, secrets: NONE }),
  keys: [],
  eventNames: [],
  secrets: [],
});

/** Puts whole things: what they replace is removed first, since ids and aliases may change hands among them. */
export const carryContents: Carry<'contents'> = function* <L extends Loaded>(
  engine: Engine<L>,
  command: ContentsCommand,
) {
  const { keys, rows, secrets } = engine;
  const { projectId } = command.ref;
  const present: Present<L> = command.isReset ? NOTHING : yield* loadPresent(engine, command);
  const decision = decideContents(present.scope, command);
  if (command.isReset) yield* ask(engine.clear());
  else yield* endRotations(engine, [...present.secrets, ...command.secrets]);
  for (const loaded of present.secrets)
    yield* ask(secrets.save(loaded, { next: undefined, facts: [], result: {} }));
  for (const name of present.eventNames) yield* ask(rows(EVENT).remove(projectId, name));
  for (const key of present.keys)
    yield* ask(keys.save(key, { next: undefined, result: { key, changed: true } }));
  for (const key of decision.keys)
    yield* ask(keys.save(undefined, { next: key, result: { key, changed: true } }));
  for (const event of command.events) yield* ask(rows(EVENT).save(undefined, event));
  for (const { added, aggregate } of command.secrets)
    yield* ask(secrets.save(undefined, { next: aggregate, added, facts: [], result: {} }));
  return { scope: present.scope, decision };
};

function* loadPresent<L extends Loaded>(engine: Engine<L>, command: ContentsCommand): Asking<Present<L>> {
  const { events, secrets: stored } = engine;
  const { leavingKeyIds, limits, ref } = command;
  const { projectId } = ref;
  const aggregates = command.secrets.map(({ aggregate }) => aggregate);
  const keys = yield* findKeys(engine, { projectId, ids: command.keys.map(({ id }) => id) });
  const leaving = yield* findKeys(engine, { projectId, ids: leavingKeyIds });
  const sealedUnder = aggregates.flatMap(({ versions }) => versions.map(({ kmsKeyId }) => kmsKeyId));
  const used = yield* findKeys(engine, {
    projectId,
    ids: sealedUnder.filter((id) => !leavingKeyIds.includes(id)),
  });
  const eventNames = yield* findEvents(engine, { projectId, names: command.events.map(({ name }) => name) });
  const subscribed = aggregates.flatMap(({ secret }) => secret.eventSubscriptions);
  const secrets: L[] = [];
  for (const { secret } of aggregates) {
    const loaded = yield* ask(stored.load({ projectId, name: secret.name }));
    if (loaded !== undefined) secrets.push(loaded);
  }
  const [eventCount, secretCount] = [
    yield* ask(events.countInProject(projectId)),
    yield* ask(stored.countInProject(projectId, limits.secrets)),
  ];
  const scope: ContentsScope = {
    keys,
    usedKeyIds: used.map(({ id }) => id),
    eventNames: yield* findEvents(engine, { projectId, names: subscribed }),
    events: { present: eventCount, replaced: eventNames.length },
    secrets: { present: secretCount, replaced: secrets.length },
  };
  return { scope, keys: [...keys, ...leaving], eventNames, secrets };
}

/** Those of these keys that are there. */
function* findKeys<L extends Loaded>(
  { keys }: Engine<L>,
  { ids, projectId }: { readonly projectId: string; readonly ids: readonly string[] },
): Asking<Key[]> {
  const found: Key[] = [];
  for (const id of new Set(ids)) {
    const key = yield* ask(keys.find({ projectId, id }));
    if (key !== undefined) found.push(key);
  }
  return found;
}

/** Those of these names that an event has. */
function* findEvents<L extends Loaded>(
  { rows }: Engine<L>,
  { names, projectId }: { readonly projectId: string; readonly names: readonly string[] },
): Asking<string[]> {
  const found: string[] = [];
  for (const name of new Set(names))
    if ((yield* ask(rows(EVENT).find(projectId, name))) !== undefined) found.push(name);
  return found;
}

/**
 * Removes what rotates these secrets at the moment, without a word: it belongs to those that go. Another secret may have
 * had the id before.
 */
function* endRotations<L extends Loaded>(
  { rows, tasks }: Engine<L>,
  secrets: readonly Loaded[],
): Asking<void> {
  for (const id of new Set(secrets.map(({ aggregate }) => aggregate.secret.id))) {
    yield* ask(tasks.clearDamaged(id));
    const latest = yield* ask(tasks.findLatest(id));
    if (latest?.status === 'RUNNING') yield* ask(rows(TASK).remove(latest.id));
  }
}
