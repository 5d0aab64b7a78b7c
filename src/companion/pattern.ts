/** Tests a text. */
export type Pattern = (text: string) => boolean;

/**
 * Creates the test of a pattern, in which `*` is any text and all else is itself. It takes time in proportion to pattern
 * and text, whatever they hold.
 */
export function createPattern(pattern: string): Pattern {
  const [start = '', ...others] = pattern.split('*');
  const end = others.pop();
  if (end === undefined) return (text) => text === pattern;
  return (text) => {
    if (text.length < start.length + end.length || !text.startsWith(start) || !text.endsWith(end))
      return false;
    const inner = text.slice(start.length, text.length - end.length);
    let at = 0;
    for (const part of others) {
      const found = inner.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return true;
  };
}
