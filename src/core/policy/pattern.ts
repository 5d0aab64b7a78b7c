/** Any run of characters, also none. */
export const STAR = 0;
/** Exactly one character. */
export const ANY = 1;

/** A pattern in pieces: literal text between wildcards. */
export type Pieces = readonly (string | typeof STAR | typeof ANY)[];

/**
 * True when the pattern fits the whole text. Only the last `*` is ever tried again, and what has to follow it is searched
 * for: no pattern takes longer than its length times that of the text.
 */
export function fitsPattern(pieces: Pieces, text: string): boolean {
  let [piece, at] = [0, 0];
  let [retry, retryAt] = [-1, 0];
  for (;;) {
    const wanted = pieces[piece];
    if (wanted === undefined && at === text.length) return true;
    if (wanted === STAR) {
      piece += 1;
      if (piece === pieces.length) return true;
      [retry, retryAt] = [piece, at];
    } else if (wanted === ANY && at < text.length) {
      at += characterAt(text, at);
      piece += 1;
    } else if (typeof wanted === 'string' && text.startsWith(wanted, at)) {
      at += wanted.length;
      piece += 1;
    } else {
      if (retry === -1 || retryAt >= text.length) return false;
      retryAt = nextTry(pieces[retry], text, retryAt + characterAt(text, retryAt));
      if (retryAt === -1) return false;
      [piece, at] = [retry, retryAt];
    }
  }
}

function nextTry(wanted: Pieces[number] | undefined, text: string, from: number): number {
  if (wanted === undefined) return text.length;
  return typeof wanted === 'string' ? text.indexOf(wanted, from) : from;
}

/** The length of the character there: two for one outside of the first plane. */
function characterAt(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

/** Splits a text at its wildcards. */
export function piecesOf(text: string): Pieces {
  return text
    .split(/([*?])/)
    .filter((part) => part !== '')
    .map((part) => (part === '*' ? STAR : part === '?' ? ANY : part));
}
