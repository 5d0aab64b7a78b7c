import { type ParsedUrlQuery, parse } from 'node:querystring';
import { SecretError } from '../../core/errors.ts';
import { TARGET_CHARACTERS } from '../../core/limits.ts';
import { QUERY_PAIRS_MAX } from '../wire/limits.ts';

/** Routers cut a fragment off, and clients must escape what is not ASCII: real clients send neither. */
const UNREADABLE = /#|[^!-~]/;

/**
 * Refuses a request target that is ambiguous, or that costs more to read than any real one: this happens before
 * authentication. Throws request-malformed, uri-too-large.
 * @see docs/behaviour/signatures.md
 */
export function checkTarget(target: string): void {
  if (UNREADABLE.test(target)) {
    throw new SecretError('request-malformed', 'The target must be ASCII, without a fragment.');
  }
  const mark = target.indexOf('?');
  if ((mark < 0 ? target.length : mark) > TARGET_CHARACTERS.path) throw new SecretError('uri-too-large');
  if (mark >= 0) checkQuery(target.slice(mark + 1));
}

function checkQuery(query: string): void {
  const characters = TARGET_CHARACTERS.query;
  if (query.length <= characters && query.split('&', QUERY_PAIRS_MAX + 1).length <= QUERY_PAIRS_MAX) return;
  throw new SecretError(
    'request-malformed',
    `The query may hold ${QUERY_PAIRS_MAX} parameters and ${characters} characters.`,
  );
}

/**
 * Reads a query; a repeated name has a list of values. `plus`: what a `+` means to the signature. Queries that are the
 * same to a signature are the same here.
 */
export function readQuery(query: string, plus: 'literal' | 'blank' = 'blank'): ParsedUrlQuery {
  return parse(plus === 'literal' ? query.replaceAll('+', '%2B') : query);
}
