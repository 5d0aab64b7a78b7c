import type { Action } from './actions.ts';
import { isAddress } from './addresses.ts';
import { type ContextValue, type Facts, type TagFact, UNKNOWN, type Unknown } from './facts.ts';
import type { NamedKey } from './keys.ts';

/** What conditions and variables see. */
export interface View {
  readonly action: Action;
  readonly facts: Facts;
  /** True when all that differs by resource is set aside, as if it was unknown. */
  readonly isAside?: boolean;
}

/** What a key has for this action; undefined: absent, as are a list without entries and a value of a wrong type. */
export function valueFor(view: View, key: NamedKey): ContextValue | Unknown | undefined {
  const { action, facts } = view;
  if (key.isAbsent) return undefined;
  if (key.letter !== undefined) {
    if (!action.keys.has(key.letter)) return undefined;
    if (view.isAside === true) return UNKNOWN;
  }
  if (key.tag === undefined) return typed(key, facts.value(key.name, action));
  const tags = facts.tags(key.name === 'g:resourcetag' ? 'resource' : 'request', action);
  return tags === UNKNOWN ? UNKNOWN : findTag(tags, key.tag)?.value;
}

function typed(key: NamedKey, value: ContextValue | Unknown | undefined): typeof value {
  if (value === UNKNOWN || value === undefined) return value;
  if (key.isMulti) return Array.isArray(value) && value.length > 0 ? value : undefined;
  switch (key.type) {
    case 'string':
      return typeof value === 'string' ? value : undefined;
    case 'ip':
      return typeof value === 'string' && isAddress(value) ? value : undefined;
    case 'bool':
      return typeof value === 'boolean' ? value : undefined;
    default:
      return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  }
}

/** The tag with exactly this key, else the first in byte order whose key differs in case only. */
function findTag(tags: readonly TagFact[], wanted: string): TagFact | undefined {
  const folded = wanted.toLowerCase();
  let best: TagFact | undefined;
  for (const tag of tags) {
    if (tag.key === wanted) return tag;
    if (tag.key.toLowerCase() !== folded) continue;
    if (best === undefined || precedes(tag.key, best.key)) best = tag;
  }
  return best;
}

/** True when the first text is before the other in the order of their UTF-8 bytes, which is that of their code points. */
function precedes(first: string, second: string): boolean {
  const [others, mine] = [Array.from(second), Array.from(first)];
  const at = mine.findIndex((character, index) => character !== others[index]);
  if (at === -1) return mine.length < others.length;
  return (mine[at]?.codePointAt(0) ?? 0) < (others[at]?.codePointAt(0) ?? -1);
}

/** A value as text, for a variable. */
export function asText(value: ContextValue, key: NamedKey | undefined): string {
  // Numbers that are times lie within the range of dates.
  if (key?.type === 'date') return new Date(Number(value)).toISOString().replace('.000Z', 'Z');
  return String(value);
}
