import type { Named } from '../../app/access/subject.ts';
import type { TagFact } from '../../core/policy/facts.ts';

/** The parts of a request that say what it is about: nothing in them has been checked. */
export interface RequestParts {
  readonly params: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
  /** Empty when the body is absent or not a JSON object. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** Reads what a request names. What is of a wrong type counts as absent. */
export type ReadNamed = (parts: RequestParts) => Named;

/** The text; undefined for what is none. */
export function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The members of a JSON object; none for what is not one. */
export function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Record<string, unknown>) : {};
}

/** The elements of a list; none for what is not one. */
export function elementsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A row of the table for what names nothing. */
export const namesNothing: ReadNamed = () => ({ subject: { kind: 'none' } });
/** A row for lists that are decided row by row, and batches. */
export const namesMany: ReadNamed = () => ({ subject: { kind: 'many' } });

/** The tags of a request, by key; a removal has only their keys. What is of a wrong type counts as absent. */
export function tagsIn(given: readonly unknown[], isRemoval = false): TagFact[] {
  const tags = new Map<string, TagFact>();
  for (const one of given) {
    const { key, value } = membersOf(one);
    if (typeof key !== 'string') continue;
    const text = textIn(value ?? '');
    tags.set(key, isRemoval || text === undefined ? { key } : { key, value: text });
  }
  return [...tags.values()];
}
