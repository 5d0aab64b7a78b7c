import type { AggregateKind, Aggregates, Command } from '../core/commands.ts';
import type { NewVersion, SecretRef } from '../core/secrets/secrets.ts';

/** What is true of a kind of aggregate, whatever the engine. */
interface Kind<C extends Command> {
  /** Commands that take sealed values or keys away. A nearly full disk has room for them. */
  readonly removals?: readonly C['kind'][];
  /** Other commands that a nearly full disk has room for. */
  readonly whenFull?: readonly C['kind'][];
  /** Whose secret a change is one of, or that any secret's readers may have to look again; absent: nothing is remembered of it. */
  readonly readers?: 'all' | ((command: C) => SecretRef);
  /** The sealed values that a command carries. */
  readonly values?: (command: C) => readonly NewVersion[];
}

/** One row per kind; a new one adds its own. */
const KINDS: { readonly [A in AggregateKind]: Kind<Aggregates[A]['command']> } = {
  secret: {
    removals: ['delete-secret', 'purge-secret'],
    readers: ({ ref }) => ref,
    values: valuesIn,
  },
  task: {
    // A rotation that has begun is brought to its end; a new value waits for space.
    whenFull: ['pass-step', 'fail-attempt', 'remove-task'],
    readers: ({ ref }) => ref,
    values: valuesIn,
  },
  key: { removals: ['purge-key'], readers: 'all' },
  grant: { removals: ['remove-grants'] },
  checker: { readers: 'all' },
  event: {},
  notification: { whenFull: ['settle-notification', 'remove-notification'] },
  'signing-key': {},
  clock: { whenFull: ['record-clock'] },
};

function valuesIn(command: Aggregates['secret' | 'task']['command']): readonly NewVersion[] {
  if ('versions' in command) return command.versions;
  return 'version' in command ? [command.version] : [];
}

/** The table pairs each kind with its own commands, which the compiler cannot follow through the union. */
function kindOf(command: Command): Kind<Command> {
  return KINDS[command.aggregate] as Kind<Command>;
}

/** True for what takes sealed values or keys away: their bytes must leave the log as well. Pure. */
export function isRemoval(command: Command): boolean {
  return kindOf(command).removals?.includes(command.kind) ?? false;
}

/** What a nearly full disk has room for: removals, and what background jobs note about their work. Pure. */
export function isAdmittedAlways(command: Command): boolean {
  return isRemoval(command) || (kindOf(command).whenFull?.includes(command.kind) ?? false);
}

/** Whose readers have to look again after a change: those of one secret, all, or nobody. Pure. */
export function readersOf(command: Command): SecretRef | 'all' | undefined {
  const { readers } = kindOf(command);
  return typeof readers === 'function' ? readers(command) : readers;
}

/** Bytes of the sealed values that a command carries. Pure. */
export function commandBytes(command: Command): number {
  const values = kindOf(command).values?.(command) ?? [];
  return values.reduce((bytes, { sealed }) => bytes + sealed.body.length, 0);
}
