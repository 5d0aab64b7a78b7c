import { invalidParameter } from '../errors.ts';
import { rateStrength, type Weakness } from './strength.ts';
import type { SecretValue } from './values.ts';

/** Whether a project's new values are checked. A project without one has never switched the check on. */
export interface CheckerConfig {
  readonly projectId: string;
  readonly checksStrength: boolean;
  readonly updateTimeMs: number;
  /** Rises by one with every change. */
  readonly revision: number;
}

/** What the rules for the choice see. */
export interface CheckerScope {
  readonly current: CheckerConfig | undefined;
}

/** Every change of the choice, as plain data. */
export interface CheckerCommand {
  readonly aggregate: 'checker';
  readonly kind: 'set-strength-check';
  readonly ref: { readonly projectId: string };
  readonly checksStrength: boolean;
  /** The time of the request, epoch milliseconds. */
  readonly nowMs: number;
}

/** The choice after the change; the same object as the current one when nothing changed. */
export interface CheckerDecision {
  readonly next: CheckerConfig;
  readonly result: CheckerConfig;
}

/** The only check: how hard values are to guess. @see API operation CheckSecrets, field type */
export const CHECK_TYPE = '1';
/** Values that one call may rate. */
export const CHECKED_VALUES_MAX = 100;

const PASSWORD_MEMBER = /passw|passphrase|pwd/i;
const ADVICE: Readonly<Record<Weakness, string>> = Object.freeze({
  'too-short': 'it is too short',
  common: 'it is a common password',
  predictable: 'it repeats itself or follows a sequence',
  'one-kind': 'it has one kind of characters only',
});

/** Switches the check on or off. @see API operation UpdateSecretsConfig */
export function decideChecker({ current }: CheckerScope, command: CheckerCommand): CheckerDecision {
  const { checksStrength, nowMs, ref } = command;
  if (current?.checksStrength === checksStrength) return { next: current, result: current };
  const next: CheckerConfig = {
    projectId: ref.projectId,
    checksStrength,
    updateTimeMs: Math.max(nowMs, current?.updateTimeMs ?? 0),
    revision: (current?.revision ?? 0) + 1,
  };
  return { next, result: next };
}

/**
 * The values to rate: 1 to 100 texts by name. Throws invalid-parameter.
 * @see API operation CheckSecrets; docs/behaviour/strength.md
 */
export function parseChecked(given: object): [name: string, value: string][] {
  const members = Object.entries(given);
  if (members.length === 0 || members.length > CHECKED_VALUES_MAX) {
    throw invalidParameter('data', `must have 1 to ${CHECKED_VALUES_MAX} members`);
  }
  return members.map(([name, value]: [string, unknown]) => {
    if (typeof value !== 'string') throw invalidParameter('data', 'must have members that are text');
    return [name, value];
  });
}

/**
 * Refuses a value that is easy to guess: the text itself, or the passwords in it when it is a JSON object. Bytes are keys
 * and files, and are not judged. Throws invalid-parameter, without the value. @see docs/behaviour/strength.md
 */
export function requireStrongValue(value: SecretValue): void {
  if (value.kind === 'binary') return;
  const reasons = passwordsIn(value.bytes.toString('utf8')).flatMap((text) => rateStrength(text).reasons);
  if (reasons.length === 0) return;
  const advice = [...new Set(reasons)].map((reason) => ADVICE[reason]).join(', ');
  throw invalidParameter('secret_string', `is too weak for this project: ${advice}`);
}

function passwordsIn(text: string): string[] {
  const object = parseObject(text);
  if (object === undefined) return [text];
  return Object.entries(object).flatMap(([name, member]) =>
    typeof member === 'string' && PASSWORD_MEMBER.test(name) ? [member] : [],
  );
}

function parseObject(text: string): object | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    // What begins with a brace and is JSON is an object.
    return JSON.parse(text) as object;
  } catch {
    return undefined;
  }
}
