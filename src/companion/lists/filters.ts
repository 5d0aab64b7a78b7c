import { createPattern } from '../pattern.ts';
import type { Numbered } from './numbered-list.ts';

/** What an entry must be to fit; every condition must hold. */
export type Fits<T> = (entry: T) => boolean;

/** Conditions by the name of the member, as they are written in a query. */
export type Conditions<T> = Readonly<Partial<Record<keyof T & string, string | undefined>>>;

/** The statuses of one hundred. */
const HUNDRED = /^[1-5]xx$/;

/**
 * Creates the test of a query's conditions: `*` is any text, `4xx` any status from 400 to 499, `null` what is not there.
 * Only entries after `since` fit.
 */
export function createFilter<T extends Numbered>(conditions: Conditions<T>, since = 0): Fits<T> {
  const tests = Object.entries<string | undefined>(conditions).flatMap(([name, wanted]) =>
    wanted === undefined ? [] : [{ name: name as keyof T, isWanted: testOf(name, wanted) }],
  );
  return (entry) => entry.seq > since && tests.every(({ name, isWanted }) => isWanted(entry[name]));
}

function testOf(name: string, wanted: string): (member: unknown) => boolean {
  const isWanted = createPattern(name === 'status' && HUNDRED.test(wanted) ? `${wanted.charAt(0)}*` : wanted);
  return (member) => (member === null ? wanted === 'null' : isWanted(String(member)));
}
