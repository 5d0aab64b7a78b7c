import { DAY_MS } from '../../std/durations.ts';
import { SecretError } from '../errors.ts';
import { KEY_ROTATION_DAYS } from '../limits.ts';
import {
  currentKeyVersion,
  type Key,
  type KeyCommandOf,
  type KeyDecision,
  keepKey,
  replaceKey,
  requireChangeableKey,
} from './keys.ts';

/**
 * Switches rotation on, every 365 days counted from now.
 * Throws key-default, key-pending-deletion, key-rotation-on. @see KMS API, EnableKeyRotation
 */
export function enableRotation(current: Key, command: KeyCommandOf<'enable-rotation'>): KeyDecision {
  requireChangeableKey(current);
  if (current.rotation !== undefined) throw new SecretError('key-rotation-on');
  const intervalDays = KEY_ROTATION_DAYS.default;
  return replaceKey(current, {
    rotation: { intervalDays, nextTimeMs: command.nowMs + intervalDays * DAY_MS },
  });
}

/** Throws key-default, key-pending-deletion, key-rotation-off. @see KMS API, DisableKeyRotation */
export function disableRotation(current: Key): KeyDecision {
  requireChangeableKey(current);
  if (current.rotation === undefined) throw new SecretError('key-rotation-off');
  return replaceKey(current, { rotation: undefined });
}

/**
 * Sets the interval; it counts, like the present one, from the last rotation or from when rotation was switched on.
 * intervalDays: 30 to 365. Throws key-default, key-pending-deletion, key-rotation-off.
 * @see KMS API, UpdateKeyRotationInterval
 */
export function setRotationInterval(
  current: Key,
  { intervalDays }: KeyCommandOf<'set-rotation-interval'>,
): KeyDecision {
  requireChangeableKey(current);
  const { rotation } = current;
  if (rotation === undefined) throw new SecretError('key-rotation-off');
  if (rotation.intervalDays === intervalDays) return keepKey(current);
  const nextTimeMs = rotation.nextTimeMs + (intervalDays - rotation.intervalDays) * DAY_MS;
  return replaceKey(current, { rotation: { intervalDays, nextTimeMs } });
}

/** True when the key is enabled and its next version is due. Disabled keys catch up once they are enabled. */
export function isRotationDue(key: Key, nowMs: number): boolean {
  return key.state === 'ENABLED' && key.rotation !== undefined && key.rotation.nextTimeMs <= nowMs;
}

/**
 * Adds the next version of the material when it is due; the older ones keep opening what they sealed. Leaves the key
 * alone when it is not due, or when the material was wrapped for a number other than the next.
 */
export function rotateKey(current: Key, command: KeyCommandOf<'rotate-key'>): KeyDecision {
  const { material, nowMs, versionNumber } = command;
  const { rotation } = current;
  const isNext = versionNumber === currentKeyVersion(current).number + 1;
  if (rotation === undefined || !isRotationDue(current, nowMs) || !isNext) return keepKey(current);
  const version = { number: versionNumber, wrapped: material, createTimeMs: nowMs };
  return replaceKey(current, {
    versions: [...current.versions, version],
    rotation: { ...rotation, nextTimeMs: nowMs + rotation.intervalDays * DAY_MS },
  });
}
