import type { Store } from '../../app/ports/deps.ts';
import type { Command } from '../../core/commands.ts';
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
  /** To be called after each change of the world, before whoever made it continues. Never rejects. */
  noteChange(command: Command, result: unknown): Promise<void>;
  /** To be called when the clock comes to the time of an expiry, notified or not. */
  noteExpiry(expiry: PassedExpiry): void;
  /** Removes and returns the first ones in their order; the rest stays for the next time. */
  take(limit: number): readonly Fired[];
}

/** What is noted and nobody takes is bounded, far above what one move returns. */
const NOTED_MAX = 100_000;

/** Creates an empty list. */
export function createHappenings(store: Pick<Store, 'findNotification'>): Happenings {
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

  async function noteChange(command: Command, result: unknown): Promise<void> {
    if (!isNoting || noted.length >= NOTED_MAX) return;
    const { changed, notified, removed } = (result ?? {}) as Readonly<Record<string, unknown>>;
    const atMs = command.nowMs;
    switch (command.kind) {
      case 'notify-expiry':
        if (notified === true) noteExpiry({ ...command, atMs, name: command.ref.name });
        return;
      case 'purge-secret':
        if (removed === true) noted.push({ atMs, type: 'SECRET_DELETED', name: command.ref.name });
        return;
      case 'rotate-key':
      case 'purge-key':
        if (changed !== true) return;
        noted.push({ atMs, type: KEY_TYPES[command.kind], name: command.ref.id });
        return;
      case 'settle-notification':
        if (changed === true && command.outcome.status !== 'RETRY') await noteNotification(command);
        return;
      default:
        if (command.aggregate === 'task') noted.push(...rotationEnds(command, result as TaskResult));
    }
  }

  async function noteNotification(command: {
    readonly ref: { readonly id: string };
    readonly nowMs: number;
  }): Promise<void> {
    const found = await store.findNotification(command.ref.id);
    if (found === undefined) return;
    const { eventType, secretName: name, status, targetId: topic } = found;
    noted.push({ atMs: command.nowMs, type: 'NOTIFICATION', name, event_type: eventType, topic, status });
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

const KEY_TYPES = { 'rotate-key': 'KEY_ROTATED', 'purge-key': 'KEY_DELETED' } as const;

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
