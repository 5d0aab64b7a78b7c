import type { Command } from '../../core/commands.ts';

const REMOVALS: ReadonlySet<Command['kind']> = new Set([
  'delete-secret',
  'purge-secret',
  'purge-key',
  'remove-grants',
]);

/** What a nearly full disk has room for: removals, and what background jobs note about their work. Pure. */
export function isAdmittedAlways(command: Command): boolean {
  if (isRemoval(command)) return true;
  // A rotation that has begun is brought to its end; a new value waits for space.
  if (command.aggregate === 'task') return !['start-rotation', 'store-pending'].includes(command.kind);
  return ['notification', 'clock'].includes(command.aggregate);
}

/** True for what takes sealed values or keys away: their bytes must leave the log as well. Pure. */
export function isRemoval(command: Command): boolean {
  return REMOVALS.has(command.kind);
}
