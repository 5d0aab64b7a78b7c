/** Names of pino's levels, as wide as the longest. */
const LEVELS: Readonly<Record<string, string>> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO ',
  40: 'WARN ',
  50: 'ERROR',
  60: 'FATAL',
};
/** What a terminal would act on or show differently: control characters, marks of direction, line ends. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const PLAIN = /^[\w.:/@%+-]+$/;

/**
 * Formats a JSON line of the log for a person: `15:37:57 GET /v1/…/secrets/nope 404 CSMS.0106 22 ms admin reason` for a
 * request, the level, the message and the other fields for anything else. Always one line, without control characters. A
 * line that is not a JSON object is returned as it is, made safe.
 */
export function readableLine(line: string): string {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return `${escaped(line.trimEnd())}\n`;
  }
  const { level, time, msg, ...rest } = fields;
  const text =
    msg === 'request'
      ? requestText(rest)
      : [LEVELS[String(level)] ?? String(level), msg, ...Object.entries(rest).map(pairText)].join(' ');
  return `${escaped(`${timeText(time)} ${text}`)}\n`;
}

function requestText(fields: Record<string, unknown>): string {
  const { method, route, secretName, status, errorCode, durationMs, user, reason } = fields;
  const pattern = String(route ?? '(no such path)').replace(':project_id', '…');
  // A name that is not in the path, that of a new secret, follows it.
  const isInPath = pattern.includes(':secret_name') && secretName !== undefined;
  const path = isInPath ? pattern.replace(':secret_name', String(secretName)) : pattern;
  const name = isInPath ? undefined : secretName;
  const parts = [method, path, name, status, errorCode, `${Math.round(Number(durationMs))} ms`, user, reason];
  return parts.filter((part) => part !== undefined).join(' ');
}

function pairText([name, value]: [string, unknown]): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return `${name}=${PLAIN.test(text) ? text : JSON.stringify(text)}`;
}

/** Local time of day. */
function timeText(time: unknown): string {
  const date = new Date(typeof time === 'number' ? time : String(time));
  const digits = [date.getHours(), date.getMinutes(), date.getSeconds()];
  return digits.map((digit) => String(digit).padStart(2, '0')).join(':');
}

function escaped(text: string): string {
  return text.replaceAll(UNSAFE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
