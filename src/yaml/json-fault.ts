/** Blanks, then one token of JSON. */
const TOKEN =
  /[\t\n\r ]*(?:"[^"\\\p{Cc}]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[^"\\\p{Cc}]*)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[[\]{}:,])/uy;

type Expected = 'value' | 'value-or-end' | 'key' | 'key-or-end' | 'colon' | 'rest';

/** Where a text stops being JSON: the position of the first token that does not belong there, or the end of the text. */
export function jsonFaultAt(text: string): number {
  const open: string[] = [];
  let expected: Expected = 'value';
  TOKEN.lastIndex = 0;
  for (;;) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(text)?.[0].trimStart();
    const next: Expected | undefined = token === undefined ? undefined : after(token, expected, open);
    if (next === undefined) return at + (/^[\t\n\r ]*/.exec(text.slice(at))?.[0].length ?? 0);
    expected = next;
  }
}

/** What may follow a token; undefined: it does not belong here. */
function after(token: string, expected: Expected, open: string[]): Expected | undefined {
  const inside = open.at(-1);
  if (expected === 'colon') return token === ':' ? 'value' : undefined;
  if (token === '}' || token === ']') {
    const isEnd = expected === 'rest' || expected === (token === '}' ? 'key-or-end' : 'value-or-end');
    return isEnd && inside === token ? closed(open) : undefined;
  }
  if (expected === 'rest')
    return token === ',' && inside !== undefined ? (inside === '}' ? 'key' : 'value') : undefined;
  if (expected === 'key' || expected === 'key-or-end') return token.startsWith('"') ? 'colon' : undefined;
  if (token === ':' || token === ',') return undefined;
  if (token !== '{' && token !== '[') return 'rest';
  open.push(token === '{' ? '}' : ']');
  return token === '{' ? 'key-or-end' : 'value-or-end';
}

function closed(open: string[]): Expected {
  open.pop();
  return 'rest';
}
