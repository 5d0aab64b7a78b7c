import { invalidParameter } from '../errors.ts';
import type { Limits } from '../limits.ts';
import type { ValueKind } from './secrets.ts';

/** A value as it was given, checked, ready to be sealed. */
export interface SecretValue {
  readonly kind: ValueKind;
  /** UTF-8 of the text that was sent: for a binary value its Base64 form, so that it is returned byte for byte. */
  readonly bytes: Buffer;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Checks that exactly one of text and binary is given and that it fits. The empty string counts as not given.
 * Throws invalid-parameter: none or both, malformed Base64 or Unicode, more than `limits.valueBytes` bytes (UTF-8 of the
 * text, or the decoded binary). @see API page CreateSecretVersion
 */
export function parseValue(
  given: { readonly text: string | undefined; readonly binary: string | undefined },
  limits: Limits,
): SecretValue {
  const text = given.text === '' ? undefined : given.text;
  const binary = given.binary === '' ? undefined : given.binary;
  if ((text === undefined) === (binary === undefined)) {
    throw invalidParameter('secret_string or secret_binary', 'must be given, and not both');
  }
  if (text !== undefined) {
    // A lone surrogate has no UTF-8 form: it could not be returned as it was sent.
    if (!text.isWellFormed()) throw invalidParameter('secret_string', 'must be well-formed Unicode');
    return { kind: 'string', bytes: bounded(Buffer.from(text, 'utf8'), 'secret_string', limits) };
  }
  const sent = binary ?? '';
  // First: over millions of characters the expression's repeated group would run out of stack.
  bounded({ length: Math.floor(sent.length / 4) * 3 - 2 }, 'secret_binary', limits);
  if (!BASE64.test(sent)) throw invalidParameter('secret_binary', 'must be Base64 with padding');
  bounded({ length: decodedLength(sent) }, 'secret_binary', limits);
  return { kind: 'binary', bytes: Buffer.from(sent, 'latin1') };
}

function decodedLength(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return (base64.length / 4) * 3 - padding;
}

function bounded<T extends { readonly length: number }>(bytes: T, parameter: string, limits: Limits): T {
  if (bytes.length > limits.valueBytes)
    throw invalidParameter(parameter, `must be at most ${limits.valueBytes} bytes`);
  return bytes;
}
