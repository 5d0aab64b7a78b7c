import { type AggregateKind, type Aggregates, type Command, decide } from '../core/commands.ts';
import type { NewVersion, SecretRef } from '../core/secrets/secrets.ts';
import {
  type Carry,
  carryClock,
  carryEvent,
  carryGrant,
  carryKey,
  carryNotification,
  carryRow,
  carrySecret,
  carryTask,
} from './carriers.ts';
import type { Table } from './columns/fields.ts';
import { DESTROYED_KEY, KEY } from './columns/keys.ts';
import { GRANT, SECRET } from './columns/secrets.ts';
import { CHECKER, CLOCK, EVENT, NOTIFICATION, REVOCATION, SIGNING_KEY, TASK } from './columns/small.ts';
import { carryContents } from './contents.ts';
import { carryRevocation } from './revocations.ts';

/** Everything that is true of a kind of aggregate on every engine. */
export interface Kind<A extends AggregateKind> {
  readonly carry: Carry<A>;
  /** Tables whose rows are authenticated alone. */
  readonly wholes?: readonly Table<object>[];
  /** Tables whose rows are authenticated together with others. */
  readonly composed?: readonly Table<object>[];
  /** Commands that remove sealed values or keys. A nearly full disk has room for them. */
  readonly removals?: readonly Aggregates[A]['command']['kind'][];
  /** Other commands that a nearly full disk has room for: they take away, or end what could be used. */
  readonly whenFull?:
    | readonly Aggregates[A]['command']['kind'][]
    | ((command: Aggregates[A]['command']) => boolean);
  /** The secret whose cached reads a change may affect, or `all`; absent: nothing of it is cached. */
  readonly readers?: 'all' | ((command: Aggregates[A]['command']) => SecretRef);
  /** The sealed values that a command carries. */
  readonly values?: (command: Aggregates[A]['command']) => readonly Pick<NewVersion, 'sealed'>[];
  /** Things that a command writes whole, each with its rows; absent: one. */
  readonly things?: (command: Aggregates[A]['command']) => number;
}

/** What a thing takes beside its values: a few rows, and its places in the indexes. */
const THING_BYTES = 16_384;

/** One row per kind: its descriptor. */
export const KINDS: { readonly [A in AggregateKind]: Kind<A> } = {
  secret: {
    carry: carrySecret,
    composed: [SECRET],
    removals: ['delete-secret', 'purge-secret'],
    whenFull: ['schedule-deletion', 'remove-stage', 'remove-tags'],
    readers: ({ ref }) => ref,
    values: valuesIn,
  },
  task: {
    carry: carryTask,
    wholes: [TASK],
    // A rotation that has begun is finished; a new value waits for space.
    whenFull: ['pass-step', 'fail-attempt', 'remove-task'],
    readers: ({ ref }) => ref,
    values: valuesIn,
  },
  key: {
    carry: carryKey,
    composed: [KEY],
    wholes: [DESTROYED_KEY],
    removals: ['purge-key'],
    whenFull: ['disable-key', 'schedule-key-deletion', 'remove-aliases', 'remove-tag', 'remove-tags'],
    readers: 'all',
  },
  grant: { carry: carryGrant, composed: [GRANT], removals: ['remove-grants'] },
  checker: {
    carry: carryRow(CHECKER, ({ ref }) => [ref.projectId], decide.checker),
    wholes: [CHECKER],
    readers: 'all',
  },
  event: { carry: carryEvent, wholes: [EVENT], whenFull: ['delete-event'] },
  notification: {
    carry: carryNotification,
    wholes: [NOTIFICATION],
    whenFull: ['settle-notification', 'remove-notification'],
  },
  // Requested only when no intact key was found.
  'signing-key': {
    carry: carryRow(SIGNING_KEY, () => [], decide['signing-key']),
    wholes: [SIGNING_KEY],
  },
  revocation: {
    carry: carryRevocation,
    wholes: [REVOCATION],
    // A stolen token must not stay good because the disk is full; how many there are is bounded.
    whenFull: ['revoke-token', 'remove-revocation'],
  },
  clock: { carry: carryClock, wholes: [CLOCK], whenFull: ['record-clock'] },
  contents: {
    carry: carryContents,
    whenFull: ({ isReset }) => isReset,
    readers: 'all',
    values: ({ secrets }) => secrets.flatMap(({ added }) => added),
    things: ({ keys, events, secrets }) => keys.length + events.length + secrets.length,
  },
};

function valuesIn(command: Aggregates['secret' | 'task']['command']): readonly NewVersion[] {
  if ('versions' in command) return command.versions;
  return 'version' in command ? [command.version] : [];
}

/** The descriptor of a command's kind. */
export function kindOf(command: Command): Kind<AggregateKind> {
  // The table pairs each kind with its own commands, which the compiler cannot follow through the union.
  return KINDS[command.aggregate] as Kind<AggregateKind>;
}

/** The tables of all kinds whose rows are authenticated alone, or together with others. */
export function authenticatedTables(how: 'wholes' | 'composed'): Table<object>[] {
  return (Object.values(KINDS) as Kind<AggregateKind>[]).flatMap((kind) => kind[how] ?? []);
}

/** True for commands that remove sealed values or keys: their bytes must leave the log as well. */
export function isRemoval(command: Command): boolean {
  return kindOf(command).removals?.includes(command.kind) ?? false;
}

/**
 * True for what a nearly full disk has room for: whatever takes away or ends what could be used, and what background jobs
 * record about their work.
 */
export function isAdmittedAlways(command: Command): boolean {
  const { whenFull = [] } = kindOf(command);
  return (
    isRemoval(command) ||
    (typeof whenFull === 'function' ? whenFull(command) : whenFull.includes(command.kind))
  );
}

/** Whose cached reads a change may affect: one secret's, all, or none. */
export function readersOf(command: Command): SecretRef | 'all' | undefined {
  const { readers } = kindOf(command);
  return typeof readers === 'function' ? readers(command) : readers;
}

/** Bytes of the sealed values that a command carries. */
export function commandBytes(command: Command): number {
  const values = kindOf(command).values?.(command) ?? [];
  return values.reduce((bytes, { sealed }) => bytes + sealed.body.length, 0);
}

/** Bytes that a command writes at most, in the log and in the database, as far as can be told before. */
export function writtenBytes(command: Command): number {
  const things = kindOf(command).things?.(command) ?? 1;
  return 2 * (commandBytes(command) + things * THING_BYTES);
}
