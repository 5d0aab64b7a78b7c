import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { invalidParameter, SecretError } from '../../core/errors.ts';
import { KMS_AAD_BYTES } from '../../core/limits.ts';
import { routesOf } from './operation.ts';
import { NestedErrorBody, Omissible, ProjectId, Sequence, Titled } from './schemas.ts';

/** Declares a route of the key service, whose errors have that service's codes and shape. */
export const kmsRoute = routesOf('kms', NestedErrorBody, {
  project_id: ProjectId,
  key_id: Type.String({ maxLength: 512 }),
  key: Type.String(),
});

/** A key as callers name it. The form matters only when there is no such key. */
export const KeyName = Type.String({
  minLength: 1,
  maxLength: 512,
  description: 'UUID of the key, alias/<alias>, or the URN of an alias',
});
/** A number that the documents send as text; the number itself is accepted too. */
export const NumberText = Type.Unsafe<string | number>({
  type: ['string', 'integer'],
  pattern: '^[0-9]{1,10}$',
  minimum: 0,
  maximum: 9_999_999_999,
  description: 'Decimal digits',
});

/** An optional number in a body. */
export const OptionalNumberText = Type.Optional(
  Type.Unsafe<string | number | null>({ ...NumberText, type: ['string', 'integer', 'null'] }),
);

/** Text that is bound to a ciphertext without being part of it. */
export const Aad = Omissible(
  Type.String({ minLength: 1, maxLength: KMS_AAD_BYTES.max, description: '1 to 128 bytes of UTF-8' }),
);

/** A body of `sequence` and these fields. */
export function kmsBody<T extends Record<string, TSchema>>(title: string, fields: T) {
  return Titled(title, { ...fields, sequence: Omissible(Sequence) });
}

/** The body of operations that need only a key. */
export const OperateKeyBody = kmsBody('OperateKeyRequest', { key_id: KeyName });

/** The number in a field. Throws invalid-parameter outside the bounds, which are inclusive. */
export function numberOf(
  text: Static<typeof NumberText>,
  parameter: string,
  bounds: { readonly min: number; readonly max: number },
): number {
  const number = Number(text);
  if (number >= bounds.min && number <= bounds.max) return number;
  throw invalidParameter(parameter, `must be a whole number from ${bounds.min} to ${bounds.max}`);
}

/** The bound text, empty where none was given. Throws invalid-parameter. */
export function aadOf(text: string | null | undefined): string {
  if (text == null) return '';
  if (text.isWellFormed() && Buffer.byteLength(text) <= KMS_AAD_BYTES.max) return text;
  throw invalidParameter(
    'additional_authenticated_data',
    `must be ${KMS_AAD_BYTES.min} to ${KMS_AAD_BYTES.max} bytes of well-formed text`,
  );
}

/** The bytes of hexadecimal text. Throws the given code for anything else. */
export function bytesOfHex(text: string, code: 'data-key-text-invalid' | 'ciphertext-invalid'): Buffer {
  if (text.length % 2 === 0 && /^[0-9a-fA-F]+$/.test(text)) return Buffer.from(text, 'hex');
  throw new SecretError(code, 'It must be an even number of hexadecimal digits.');
}

/** The bytes as upper-case hexadecimal digits, which the documents show; zeroes them when they are `secret`. */
export function hexOf(bytes: Buffer, kind: 'public' | 'secret'): string {
  const text = bytes.toString('hex').toUpperCase();
  if (kind === 'secret') bytes.fill(0);
  return text;
}
