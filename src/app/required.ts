import { SecretError } from '../core/errors.ts';

/** The part of a result that its command is known to answer. Throws internal when it is missing, which is a bug. */
export function required<T>(part: T | undefined): T {
  if (part === undefined) throw new SecretError('internal');
  return part;
}
