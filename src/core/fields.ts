import { invalidParameter } from './errors.ts';
import { DESCRIPTION_BYTES_MAX } from './limits.ts';

/**
 * Checks free text that is stored as it is: well-formed Unicode, no NUL (PostgreSQL cannot store one).
 * Throws invalid-parameter.
 */
export function requireText(text: string, parameter: string): string {
  if (!text.isWellFormed() || text.includes('\0'))
    throw invalidParameter(parameter, 'must be well-formed text');
  return text;
}

/** Checks a description: at most 2,048 bytes of UTF-8. Throws invalid-parameter. @see API page CreateSecret */
export function requireDescription(text: string): string {
  if (Buffer.byteLength(requireText(text, 'description'), 'utf8') <= DESCRIPTION_BYTES_MAX) return text;
  throw invalidParameter('description', `must be at most ${DESCRIPTION_BYTES_MAX} bytes`);
}
