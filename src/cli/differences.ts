/** Largest part of a value that a line shows. */
const SHOWN_MAX = 120;
const ABSENT = 'absent';

/** One side of a comparison. */
export interface ComparedAnswer {
  readonly status: number;
  readonly text: string;
}

/**
 * What differs between two responses, a line each: the place, then what the first and the second have there. Bodies that are
 * JSON are compared by their members, in any order; `ignored` are names of members that may differ, but not be absent. Pure.
 */
export function differencesOf(
  first: ComparedAnswer,
  second: ComparedAnswer,
  ignored: ReadonlySet<string>,
): string[] {
  const status = first.status === second.status ? [] : [`status: ${first.status}, ${second.status}`];
  return [...status, ...compare(parse(first.text), parse(second.text), '', ignored)];
}

function compare(first: unknown, second: unknown, place: string, ignored: ReadonlySet<string>): string[] {
  if (isBranch(first) && isBranch(second) && Array.isArray(first) === Array.isArray(second)) {
    const names = new Set([...Object.keys(first), ...Object.keys(second)]);
    return [...names].flatMap((name) => {
      const [one, other] = [first[name], second[name]];
      if (ignored.has(name) && one !== undefined && other !== undefined) return [];
      return compare(one, other, placeOf(place, name, Array.isArray(first)), ignored);
    });
  }
  const [one, other] = [shown(first), shown(second)];
  return one === other ? [] : [`${place || 'body'}: ${clipped(one)}, ${clipped(other)}`];
}

function isBranch(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function placeOf(place: string, name: string, isList: boolean): string {
  if (isList) return `${place}[${name}]`;
  return place === '' ? name : `${place}.${name}`;
}

function shown(value: unknown): string {
  return value === undefined ? ABSENT : JSON.stringify(value);
}

function clipped(text: string): string {
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}...` : text;
}

/** A body that is no JSON is one text. */
function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
