const SDK_DATE = /^\d{8}T\d{6}Z$/;
const ZERO = 0x30;

/** Epoch milliseconds of `YYYYMMDDTHHMMSSZ`; undefined for anything else. */
export function parseSdkDate(text: string): number | undefined {
  if (!SDK_DATE.test(text)) return undefined;
  const [year, month, day] = [Number(text.slice(0, 4)), twoDigits(text, 4), twoDigits(text, 6)];
  const [hour, minute, second] = [twoDigits(text, 9), twoDigits(text, 11), twoDigits(text, 13)];
  // Years below 100 would be read as of the twentieth century.
  if (year < 100 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59)
    return undefined;
  const timeMs = Date.UTC(year, month - 1, day, hour, minute, second);
  // A 31st of June becomes another day.
  return day <= 28 || new Date(timeMs).getUTCDate() === day ? timeMs : undefined;
}

function twoDigits(text: string, at: number): number {
  return (text.charCodeAt(at) - ZERO) * 10 + text.charCodeAt(at + 1) - ZERO;
}

/** `YYYYMMDDTHHMMSSZ` of epoch milliseconds, rounded down to the second. */
export function formatSdkDate(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}
