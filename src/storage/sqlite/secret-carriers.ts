import { decide } from '../../core/commands.ts';
import { SecretError } from '../../core/errors.ts';
import { type Attributes, secretAttributes } from '../../core/permit.ts';
import type { SecretCommand, SecretResult } from '../../core/secret.ts';
import type { SecretDecision } from '../../core/secret-decision.ts';
import { chosenNames, subscribedNames } from '../../core/secret-rules.ts';
import type { TaskCommand, TaskResult } from '../../core/task.ts';
import { ifSound, type OnDamage, unlessDamaged } from './damage.ts';
import type { RemoveDamaged } from './damaged-secrets.ts';
import type { ClearTasks } from './damaged-tasks.ts';
import type { EventReads } from './events.ts';
import type { NotificationWrites } from './notifications.ts';
import type { LoadedSecret, SecretReads } from './secret-reads.ts';
import type { SaveSecret } from './secret-writes.ts';
import type { SaveTask, TaskReads } from './tasks.ts';

/** Says whether what has these attributes may be changed so. Absent: it may. */
export type Allow = (attributes: Attributes | undefined) => void;

/** Reads that the rules for secrets and their rotations need. */
export interface SecretScopeReads {
  readonly secrets: SecretReads;
  readonly events: EventReads;
  readonly onDamage: OnDamage;
}

/** Writes the secret's side of a decision, with the notifications that it leads to. */
export type SaveDecision = (loaded: LoadedSecret | undefined, decision: SecretDecision) => void;

/** Prepares the saving of what the rules for a secret decided. */
export function createSaveDecision(
  secrets: SecretReads,
  save: SaveSecret,
  notify: NotificationWrites['insert'],
): SaveDecision {
  return (loaded, decision) => {
    const saved = save(loaded, decision);
    if (saved !== undefined) secrets.remember(saved);
    notify(decision.notifications ?? []);
  };
}

/**
 * Prepares the changes of secrets. A deletion that is asked for removes a damaged one unread; one by schedule does not,
 * since nothing but rows that somebody has changed says that it was ever asked for.
 */
export function createSecretCarrier(
  reads: SecretScopeReads,
  save: SaveDecision,
  removeDamaged: RemoveDamaged,
): (command: SecretCommand, allow: Allow | undefined) => SecretResult {
  const { secrets } = reads;

  function carry(command: SecretCommand, allow: Allow | undefined): SecretResult {
    const { ref } = command;
    const loaded = secrets.load(ref);
    const isNew = command.kind === 'create-secret' || command.kind === 'restore-secret';
    const secretsInProject = isNew ? secrets.countInProject(ref.projectId, command.limits.secrets) : 0;
    const current = loaded?.aggregate;
    const names = subscribedNames(current, command);
    const subscribed = findEvents(reads, ref.projectId, names, chosenNames(command));
    allow?.(current && secretAttributes(current));
    const decision = decide.secret({ current, secretsInProject, events: subscribed }, command);
    save(loaded, decision);
    return decision.result;
  }

  return (command, allow) => {
    if (command.kind !== 'delete-secret') return carry(command, allow);
    return unlessDamaged(
      () => carry(command, allow),
      () => {
        allow?.(undefined);
        const { id, ref } = command;
        // Who names an id means the secret that its own row says it is, so that this row at least has to be sound.
        if (id !== undefined && secrets.loadSecret(ref)?.id !== id) throw new SecretError('secret-not-found');
        removeDamaged(ref);
        return { wasDamaged: true };
      },
    );
  };
}

/** The only one that changes two aggregates: what a rotation does to its secret is in the same transaction. */
export function createTaskCarrier(
  reads: SecretScopeReads & { readonly tasks: TaskReads },
  writes: {
    readonly saveSecret: SaveDecision;
    readonly saveTask: SaveTask;
    readonly clearTasks: ClearTasks;
  },
): (command: TaskCommand, allow: Allow | undefined) => TaskResult {
  const { secrets, tasks } = reads;

  return (command, allow) => {
    const { id, kind, ref } = command;
    // Its secret may be gone, damaged or another one by then.
    const loaded = kind === 'remove-task' ? undefined : secrets.load(ref);
    const secret = loaded?.aggregate;
    const current = tasks.find(id);
    allow?.(secret && secretAttributes(secret));
    const rotatedId = kind === 'start-rotation' ? secret?.secret.id : undefined;
    if (rotatedId !== undefined) writes.clearTasks(rotatedId);
    const latest = rotatedId === undefined ? undefined : tasks.findLatest(rotatedId);
    const subscribed = findEvents(reads, ref.projectId, secret?.secret.eventSubscriptions ?? []);
    const decision = decide.task({ current, latest, secret, events: subscribed }, command);
    if (decision.secret !== undefined) writes.saveSecret(loaded, decision.secret);
    // The start of a rotation may turn out to be the finding of one that is under way.
    writes.saveTask(latest !== undefined && decision.next?.id === latest.id ? latest : current, decision);
    return decision.result;
  };
}

/** A damaged event notifies nobody and keeps no secret from being changed; it cannot be chosen. */
function findEvents(
  { events, onDamage }: SecretScopeReads,
  projectId: string,
  names: readonly string[],
  chosen: readonly string[] = [],
) {
  return names.flatMap((name) => {
    const find = () => events.find({ projectId, name }) ?? [];
    if (chosen.includes(name)) return find();
    return ifSound(find, () => onDamage(`event ${projectId}/${name}`)) ?? [];
  });
}
