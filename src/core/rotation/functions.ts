import { invalidParameter } from '../errors.ts';
import type { SecretType } from '../secrets/types.ts';
import type { RotationConfig } from './rotation.ts';
import { TASK_ERROR_CHARACTERS_MAX, type Task, type TaskError } from './tasks.ts';

/** A value of a rotated secret: an account, and whatever else its owner keeps with it. */
export interface Account {
  readonly username: string;
  readonly password: string;
  readonly [member: string]: unknown;
}

/** The values that a step gets. */
export interface Accounts {
  readonly current: Account;
  readonly previous: Account | undefined;
  readonly pending: Account | undefined;
}

/** What one call of a function led to. */
export type CallOutcome =
  | { readonly kind: 'passed'; readonly response: Readonly<Record<string, unknown>> }
  | { readonly kind: 'failed'; readonly error: TaskError; readonly isFinal: boolean };

/** The body of a call, before it is JSON. @see docs/behaviour/rotation-function.md */
export function functionRequest(
  task: Task,
  secretType: SecretType,
  { instanceId, subType }: RotationConfig,
  accounts: Accounts,
): object {
  const { current, pending, previous } = accounts;
  return {
    step: task.step,
    urn: task.functionUrn ?? null,
    taskId: task.id,
    secretName: task.secretName,
    secretType,
    subType,
    instanceId,
    ...(task.versionNumber !== undefined && { versionId: `v${task.versionNumber}` }),
    current,
    ...(previous && { previous }),
    ...(pending && { pending }),
  };
}

/** Reads a stored value as an account. Undefined for anything but a JSON object with a name and a password. */
export function parseAccount(text: string): Account | undefined {
  const value = readObject(text);
  const isText = (member: unknown) => typeof member === 'string' && member !== '';
  return value && isText(value.username) && isText(value.password) ? (value as Account) : undefined;
}

/**
 * Reads a function's response. 200 with a JSON object passes; other 2xx, 3xx and 4xx except 408 and 429 are final; the
 * rest calls for another attempt. `accounts` are the values that no error text may repeat; while the new one is not among
 * them (`create`), none of the function's text is kept.
 */
export function readFunctionResponse(
  response: { readonly status: number; readonly text: string },
  accounts: Accounts,
): CallOutcome {
  const { status, text } = response;
  const body = readObject(text);
  if (status === 200) {
    if (body !== undefined) return { kind: 'passed', response: body };
    return failure('ANSWER_INVALID', 'The function answered 200 with something else than a JSON object.');
  }
  const told = errorText(body?.error_msg, accounts);
  const message = `The function answered with status ${status}${told === undefined ? '.' : `: ${told}`}`;
  const isFinal = status >= 200 && status < 500 && status !== 408 && status !== 429;
  return isFinal ? { ...failure('FUNCTION_REFUSED', message), isFinal } : failure('FUNCTION_FAILED', message);
}

/** A failure after which another attempt may help. */
export function failure(code: TaskError['code'], message: string): Extract<CallOutcome, { kind: 'failed' }> {
  const error = { code, message: message.slice(0, TASK_ERROR_CHARACTERS_MAX).toWellFormed() };
  return { kind: 'failed', error, isFinal: false };
}

/**
 * The new value in the response to `create`. Throws invalid-parameter with a text that says what is wrong with it:
 * SingleUser keeps the account, MultiUser takes the other one, and the password always changes.
 */
export function readPending(
  response: Readonly<Record<string, unknown>>,
  current: Account,
  { subType }: RotationConfig,
): string {
  const text = JSON.stringify(response.pending) ?? '';
  const pending = parseAccount(text);
  if (pending === undefined)
    throw invalidParameter('pending', 'must be an object with username and password');
  const isSame = pending.username === current.username;
  if (isSame !== (subType === 'SingleUser')) {
    throw invalidParameter(
      'pending.username',
      subType === 'SingleUser' ? 'must stay the same' : 'must be that of the other account',
    );
  }
  if (pending.password === current.password) throw invalidParameter('pending.password', 'must be a new one');
  return text;
}

function readObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The function's own words without control characters; undefined when they repeat a part of a value, or when the new
 * value is not known yet: the function may have created it already, and its words cannot be compared with it.
 */
function errorText(told: unknown, { current, pending, previous }: Accounts): string | undefined {
  if (typeof told !== 'string' || told === '') return undefined;
  if (pending === undefined) return '(its text is left out, because the new value is not known yet)';
  const secrets = [current, pending, ...(previous ? [previous] : [])].flatMap(secretTexts);
  if (secrets.flatMap(spellings).some((spelling) => told.includes(spelling)))
    return '(its text is left out, because it repeats a part of a value)';
  return told.replaceAll(/\p{Cc}+/gu, ' ');
}

/**
 * Every text in a value except the account's name; of the short ones only the password, since others would be found
 * everywhere.
 */
function secretTexts({ username: _, password, ...others }: Account): string[] {
  return [password, ...textsIn(others).filter((text) => text.length >= 4)];
}

/** A text as programs print it: as it is, escaped for JSON, URLs, SQL and shells, and encoded. */
function spellings(text: string): string[] {
  // JSON can hold half a surrogate pair, for which encodeURIComponent throws.
  const escapedForUrl = encodeURIComponent(text.toWellFormed());
  const bytes = Buffer.from(text, 'utf8');
  const hex = bytes.toString('hex');
  return [
    text,
    JSON.stringify(text).slice(1, -1),
    escapedForUrl,
    escapedForUrl.replaceAll(/%../g, (code) => code.toLowerCase()),
    text.replaceAll("'", "''"),
    text.replaceAll(/['"]/g, '\\$&'),
    text.replaceAll(/['"\\]/g, '\\$&'),
    // Without the padding, which some leave out.
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    hex,
    hex.toUpperCase(),
  ];
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
