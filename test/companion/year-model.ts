import type { Short } from './aged-world.ts';

const [SECOND_MS, DAY_MS] = [1_000, 86_400_000];
const HOUR_MS = 3_600_000;
const TYPES = [
  'SECRET_VERSION_EXPIRED',
  'SECRET_DELETED',
  'SECRET_ROTATED',
  'SECRET_ROTATED_FAILED',
  'KEY_ROTATED',
  'KEY_DELETED',
  'NOTIFICATION',
];

/** A secret of the model, all its times in days after the start. */
export interface ModelSecret {
  readonly isSubscribed: boolean;
  readonly expiresDay?: number | undefined;
  readonly deletedDay?: number | undefined;
  /** Rotated by a function that fails so often at each rotation in turn, and from then on never. */
  readonly rotated?: { readonly periodDays: number; readonly failures: readonly number[] } | undefined;
}

/** A key of the model. */
export type ModelKey = { readonly rotatedDays: number } | { readonly deletedDay: number };

/** All that happens by itself in a while. */
export interface Model {
  readonly secrets: readonly ModelSecret[];
  readonly keys: readonly ModelKey[];
  /** How often the topic refuses each message, by the number of the message's day. */
  readonly refusals: readonly number[];
}

/** How often the topic refuses a message about something at that moment. */
export function refusalsOf({ refusals }: Model, ms: number): number {
  return refusals[Math.floor(ms / DAY_MS) % Math.max(refusals.length, 1)] ?? 0;
}

/**
 * What fires until then, in its order: the documents' rules once more, without any of the server's code. A wait is 5
 * seconds and doubles up to 300; a rotation has 8 attempts, a notification an hour.
 */
export function firesOf(model: Model, untilDay: number): Short[] {
  const own = [
    ...model.secrets.flatMap((secret, index) => secretFires(secret, `s${index}`)),
    ...model.keys.flatMap((key, index) => keyFires(key, `k${index}`, untilDay)),
  ];
  const notified = own.flatMap(([ms, type, name]) => {
    const secret = name.startsWith('s') ? model.secrets[Number(name.slice(1))] : undefined;
    return secret?.isSubscribed ? [notificationOf(model, ms, type, name)] : [];
  });
  return [...own, ...notified].filter(([ms]) => ms <= untilDay * DAY_MS).sort(compare);
}

function secretFires({ deletedDay, expiresDay, rotated }: ModelSecret, name: string): Short[] {
  if (deletedDay !== undefined) return [[deletedDay * DAY_MS, 'SECRET_DELETED', name]];
  const rotatedFires = rotated === undefined ? [] : rotations(rotated, name);
  // The 21st version takes the place of the first one.
  const [goneMs = Number.POSITIVE_INFINITY] = rotatedFires.find(([, , , version]) => version === 'v21') ?? [];
  const expiryMs = (expiresDay ?? Number.NaN) * DAY_MS;
  const expiry: Short[] = expiryMs <= goneMs ? [[expiryMs, 'SECRET_VERSION_EXPIRED', name, 'v1']] : [];
  return [...expiry, ...rotatedFires];
}

function rotations({ failures, periodDays }: NonNullable<ModelSecret['rotated']>, name: string): Short[] {
  const fires: Short[] = [];
  let [dueMs, version, failedInRow] = [periodDays * DAY_MS, 1, 0];
  for (let turn = 0; dueMs < 400 * DAY_MS; turn += 1) {
    const failed = failures[turn] ?? 0;
    if (failed < 8) {
      version += 1;
      failedInRow = 0;
      const endMs = dueMs + waited(failed);
      fires.push([endMs, 'SECRET_ROTATED', name, `v${version}`]);
      dueMs = endMs + periodDays * DAY_MS;
      continue;
    }
    failedInRow += 1;
    const endMs = dueMs + waited(7);
    fires.push([endMs, 'SECRET_ROTATED_FAILED', name, 'FUNCTION_FAILED']);
    if (failedInRow === 3) break;
    dueMs = endMs + Math.min(periodDays, 1) * DAY_MS;
  }
  return fires;
}

function keyFires(key: ModelKey, name: string, untilDay: number): Short[] {
  if ('deletedDay' in key) return [[key.deletedDay * DAY_MS, 'KEY_DELETED', name]];
  const { rotatedDays } = key;
  return Array.from({ length: Math.floor(untilDay / rotatedDays) }, (_, index): Short => {
    return [(index + 1) * rotatedDays * DAY_MS, 'KEY_ROTATED', name];
  });
}

function notificationOf(model: Model, ms: number, type: string, name: string): Short {
  const waitedMs = waited(refusalsOf(model, ms));
  if (waitedMs > HOUR_MS) return [ms + HOUR_MS, 'NOTIFICATION', name, type, 'FAIL'];
  return [ms + waitedMs, 'NOTIFICATION', name, type, 'SUCCESS'];
}

/** The waits after so many failures, together. */
function waited(failures: number): number {
  let sumMs = 0;
  for (let count = 0; count < failures; count += 1) sumMs += Math.min(5 * 2 ** count, 300) * SECOND_MS;
  return sumMs;
}

function compare(one: Short, other: Short): number {
  const key = ([ms, type, name, what = '']: Short) =>
    [String(ms).padStart(15, '0'), TYPES.indexOf(type), name, what].join(' ');
  return key(one) < key(other) ? -1 : 1;
}
