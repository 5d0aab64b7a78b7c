import { DAY_MS, HOUR_MS } from '../std/durations.ts';

/** The last moment that is written with a year of four digits. */
export const YEAR_9999_END_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
const UNITS_MS: Readonly<Record<string, number>> = Object.freeze({
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: HOUR_MS,
  d: DAY_MS,
});
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{3})?Z$/;

/** A duration such as `250ms`, `30s`, `5m`, `12h` or `30d`, in milliseconds; undefined for any other text. */
export function parseDuration(text: string): number | undefined {
  const [, figure = '', unit = ''] = /^(\d{1,12})(ms|s|m|h|d)$/.exec(text) ?? [];
  const ms = Number(figure) * (UNITS_MS[unit] ?? Number.NaN);
  return Number.isSafeInteger(ms) ? ms : undefined;
}

/** A time such as `2030-01-31T00:00:00Z`, milliseconds optional, as epoch milliseconds; undefined for any other text. */
export function parseTime(text: string): number | undefined {
  if (!TIME.test(text)) return undefined;
  const ms = Date.parse(text);
  // A day that its month does not have would be one of the next month.
  return ms >= 0 && ms <= YEAR_9999_END_MS && formatTime(ms).startsWith(text.slice(0, 19)) ? ms : undefined;
}

/** Epoch milliseconds as `2030-01-31T00:00:00.000Z`. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString();
}
