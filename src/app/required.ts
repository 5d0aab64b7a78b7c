import { SecretError } from '../core/errors.ts';

/** A part that the result of the command must have. Throws internal when it is missing, which is a bug. */
export function required<T>(part: T | undefined): T {
  if (part === undefined) throw new SecretError('internal');
  return part;
}
