import type { Awaitable } from '../../app/ports/deps.ts';
import type { Command } from '../../core/commands.ts';
import type { Notification, NotificationCommand } from '../../core/events/notifications.ts';
import { versionId } from '../../core/names.ts';
import type { TaskCommand, TaskResult } from '../../core/rotation/tasks.ts';

/** What happens by itself, in the order in which it is listed when it happens at one moment. */
export const FIRED_TYPES = [
  'SECRET_VERSION_EXPIRED',
  'SECRET_DELETED',
  'SECRET_ROTATED',
  'SECRET_ROTATED_FAILED',
  'KEY_ROTATED',
  'KEY_DELETED',
  'NOTIFICATION',
] as const;

/** Something that happened by itself while a clock was moved. `atMs`: by the world's clock. */
export interface Fired {
  readonly atMs: number;
  readonly type: (typeof FIRED_TYPES)[number];
  /** The secret's name, or the key's id. */
  readonly name: string;
  readonly version?: string;
  /** Why a rotation failed. */
  readonly code?: string;
  readonly event_type?: string;
  readonly topic?: string;
  /** How a notification ended: `SUCCESS`, `FAIL` or `INVALID`. */
  readonly status?: string;
}

/** Names a version whose time to expire has passed. */
export interface PassedExpiry {
  readonly atMs: number;
  readonly id: string;
  readonly name: string;
  readonly versionNumber: number;
}

/** Notes what happens by itself while a clock is moved. */
export interface Happenings {
  /** How many are noted and were not taken. */
  readonly size: number;
  /** Notes what happens from now on. */
  begin(): void;
  /** Notes nothing more. */
  end(): void;
  /** To be called after each change of the world, and waited for before anything follows it. Never rejects. */
  noteChange(command: Command, result: unknown): Promise<void>;
  /** To be called when the clock comes to the time of an expiry, notified or not. */
  noteExpiry(expiry: PassedExpiry): void;
  /** Removes and returns the first ones in their order; the rest stays for the next time. */
  take(limit: number): readonly Fired[];
}

type SettleCommand = Extract<NotificationCommand, { readonly kind: 'settle-notification' }>;

/** What is noted and nobody takes is bounded, far above what one move returns. */
const NOTED_MAX = 100_000;

/** Creates an empty list. */
export function createHappenings(
  findNotification: (id: string) => Awaitable<Notification | undefined>,
): Happenings {
  const noted: Fired[] = [];
  let isNoting = false;
  /** Of versions that are noted already; their notice is no second one. */
  const expired = new Set<string>();

  function noteExpiry({ atMs, id, name, versionNumber }: PassedExpiry): void {
    const key = `${id} ${versionNumber}`;
    if (expired.has(key)) return;
    expired.add(key);
    noted.push({ atMs, type: 'SECRET_VERSION_EXPIRED', name, version: versionId(versionNumber) });
  }

  async function noteNotification({ nowMs, ref }: SettleCommand): Promise<void> {
    const found = await findNotification(ref.id);
    if (found === undefined) return;
    const { eventType, secretName: name, status, targetId: topic } = found;
    noted.push({ atMs: nowMs, type: 'NOTIFICATION', name, event_type: eventType, topic, status });
  }

  async function noteChange(command: Command, result: unknown): Promise<void> {
    if (!isNoting || noted.length >= NOTED_MAX) return;
    const { changed, notified } = (result ?? {}) as Readonly<Record<string, unknown>>;
    if (command.kind === 'notify-expiry' && notified === true) {
      noteExpiry({ ...command, atMs: command.nowMs, name: command.ref.name });
    }
    const isFinal = command.kind === 'settle-notification' && command.outcome.status !== 'RETRY';
    if (isFinal && changed === true) await noteNotification(command);
    noted.push(...firedBy(command, result));
  }

  return {
    get size() {
      return noted.length;
    },
    begin() {
      isNoting = true;
    },
    end() {
      isNoting = false;
      expired.clear();
    },
    // A record that fails its check is reported by the store.
    noteChange: (command, result) => noteChange(command, result).catch(() => undefined),
    noteExpiry,
    take: (limit) => noted.sort(byOrder).splice(0, limit),
  };
}

/** What a change of a secret, of a rotation or of a key says by itself. */
function firedBy(command: Command, result: unknown): Fired[] {
  const { changed, removed } = (result ?? {}) as Readonly<Record<string, unknown>>;
  const atMs = command.nowMs;
  switch (command.kind) {
    case 'purge-secret':
      return removed === true ? [{ atMs, type: 'SECRET_DELETED', name: command.ref.name }] : [];
    case 'rotate-key':
      return changed === true ? [{ atMs, type: 'KEY_ROTATED', name: command.ref.id }] : [];
    case 'purge-key':
      return changed === true ? [{ atMs, type: 'KEY_DELETED', name: command.ref.id }] : [];
    default:
      return command.aggregate === 'task' ? rotationEnds(command, result as TaskResult) : [];
  }
}

/** A rotation whose new value is in use now, or which has failed. */
function rotationEnds(command: TaskCommand, { changed, task }: TaskResult): Fired[] {
  if (!changed || task === undefined || !('progress' in command)) return [];
  const { nowMs: atMs, ref } = command;
  const version = task.versionNumber === undefined ? {} : { version: versionId(task.versionNumber) };
  if (task.status === 'FAILED') {
    const code = task.error?.code ?? '';
    return [{ atMs, type: 'SECRET_ROTATED_FAILED', name: ref.name, ...version, code }];
  }
  const isPromoted = command.kind === 'pass-step' && command.progress.step === 'test';
  return isPromoted ? [{ atMs, type: 'SECRET_ROTATED', name: ref.name, ...version }] : [];
}

function byOrder(one: Fired, other: Fired): number {
  return (
    one.atMs - other.atMs ||
    FIRED_TYPES.indexOf(one.type) - FIRED_TYPES.indexOf(other.type) ||
    byText(one.name, other.name) ||
    numberOf(one) - numberOf(other) ||
    byText(one.event_type, other.event_type) ||
    byText(one.topic, other.topic)
  );
}

function byText(one = '', other = ''): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function numberOf({ version = 'v0' }: Fired): number {
  return Number(version.slice(1));
}
