/** Text that needs no quotes, whatever parses it. */
const PLAIN =
  /^(?:[A-Za-z_][A-Za-z0-9_./-]*|[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z)$/;
/** Words that other readers take for something else than text. */
const WORD = /^(?:true|false|yes|no|on|off|null|y|n|~)$/i;
/** What JSON leaves as it is and YAML does not show, or reads as an end of line. */
const HIDDEN = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** A member of a mapping: a text, a number or a flag, a list of texts, a mapping of texts, or a list of mappings; undefined: none. */
export type Member = readonly [name: string, value: MemberValue | undefined];
export type MemberValue =
  | string
  | { readonly word: string }
  | readonly string[]
  | ReadonlyMap<string, string>
  | { readonly items: readonly (readonly Member[])[] };

/** A text as YAML, in double quotes unless it is plain. Every JSON text is one of YAML as well. */
export function scalar(text: string): string {
  if (PLAIN.test(text) && !WORD.test(text)) return text;
  return quoted(text);
}

function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(
    HIDDEN,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The lines of a mapping, each behind the indentation. */
export function linesOf(members: readonly Member[], indentation = ''): string[] {
  return members.flatMap(([name, value]) =>
    value === undefined ? [] : linesOfMember(name, value, indentation),
  );
}

function linesOfMember(name: string, value: MemberValue, indentation: string): string[] {
  const head = `${indentation}${name}:`;
  if (typeof value === 'string') return [`${head} ${scalar(value)}`];
  const inner = `${indentation}  `;
  if (value instanceof Map) {
    const pairs: [string, string][] = [...value];
    return [head, ...pairs.map(([key, text]) => `${inner}${scalar(key)}: ${scalar(text)}`)];
  }
  if (Array.isArray(value)) return [`${head} [${value.map(scalar).join(', ')}]`];
  if ('word' in value) return [`${head} ${value.word}`];
  const { items } = value as { readonly items: readonly (readonly Member[])[] };
  return [head, ...items.flatMap((item) => linesOfItem(item, inner))];
}

/** A mapping in a list: its first line has the dash. */
function linesOfItem(members: readonly Member[], indentation: string): string[] {
  const [first = '', ...rest] = linesOf(members, `${indentation}  `);
  return [`${indentation}- ${first.trimStart()}`, ...rest];
}
